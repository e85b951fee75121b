"""A request's line in the log."""

import json
from time import perf_counter

import pytest

from embeddings import QueryError
from embeddings.answers import Failure
from service.host.records import Record


def test_a_record_says_who_asked_what_and_how_long_it_took(capfd: pytest.CaptureFixture[str]) -> None:
    record = Record(perf_counter(), "id-1", "GET", "/api/v1/query", "1.2.3.4", "/api/v1/query")
    record.log()
    record.status, record.error, record.key = 500, "defect", "mine"
    record.answers = [Failure("king (", QueryError("wrong"))] * 2
    record.count()
    record.log()
    plain, full = map(json.loads, capfd.readouterr().err.splitlines())
    assert plain["ms"] >= 0
    assert {name: plain[name] for name in ("level", "event", "request_id", "method", "path", "status", "address")} == {
        "level": "info", "event": "request", "request_id": "id-1", "method": "GET", "path": "/api/v1/query",
        "status": 200, "address": "1.2.3.4",
    }  # fmt: skip
    assert not {"query", "error", "key"} & set(plain)
    assert (full["level"], full["error"], full["key"], full["query"], full["queries"]) == (
        "error", "defect", "mine", "king (", 2,
    )  # fmt: skip
