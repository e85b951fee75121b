"""Logs: one line of JSON whatever users send, and ids that are harmless."""

import json
import logging
import os
from datetime import datetime, timedelta

import pytest

from service.host.logs import JsonFormatter, _Held, flush, hold, log, request_id


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u2028", "\x7f", "é\u202e", "\ud800", '"}', "x" * 500, "\x00"])
def test_what_users_send_is_one_line_cut_and_without_commands(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    log("info", "request", query=text)
    [line] = capfd.readouterr().err.splitlines()
    assert line.isprintable()
    assert len(json.loads(line)["query"]) <= 200
    if "\ud800" not in text:
        assert json.loads(line)["query"] == text[:200]


def test_only_a_sane_request_id_is_taken_over() -> None:
    assert request_id("Abc-1_2.3") == "Abc-1_2.3"
    for given in (None, "", "a b", "a\n", "é", "x" * 65):
        new = request_id(given)
        assert new != given
        assert len(new) == 16
    assert request_id(None) != request_id(None)


def test_records_of_libraries_have_the_same_form() -> None:
    record = logging.LogRecord("gunicorn", logging.WARNING, "", 0, "worker %s\n", ("died",), None)
    content = json.loads(JsonFormatter().format(record))
    assert (content["level"], content["event"]) == ("warning", "worker died\n")


def test_lines_that_are_held_back_are_written_in_their_order_in_pieces_that_never_mix(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda place, content: (sizes.append(len(content)), write(place, content))[1])
    try:
        hold()
        for number in range(100):
            log("info", "request", number=number)
        assert capfd.readouterr().err == ""
        flush()
        assert len(sizes) < 10
        assert max(sizes) <= 4096
        assert [json.loads(line)["number"] for line in capfd.readouterr().err.splitlines()] == list(range(100))
        log("info", "one")
        log("error", "two")
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
        assert [line["event"] for line in lines] == ["one", "two"], "what went wrong is there at once"
        assert datetime.fromisoformat(lines[0]["time"]).utcoffset() == timedelta(0)
        flush()
        for number in range(1000):
            log("info", "request", number=number)
        assert capfd.readouterr().err.count("\n") > 500, "no more is held than fits"
    finally:
        flush()
        _Held.lines = None
