"""The application: headers of every response, ids, and a line for each request."""

import json
import re

import pytest
from flask.testing import FlaskClient

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app


@pytest.fixture
def client(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),))).test_client()


@pytest.mark.parametrize("path", ["/api/v1/query?q=king", "/api/v1/query?q=(", "/nothing", "/healthz", "/docs", "/"])
def test_every_response_has_the_security_headers_once(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy", "X-Request-ID"):
        assert len(answer.headers.getlist(name)) == 1, name
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert ("unsafe-inline" in policy) == (path == "/docs")
    assert re.search("script-src 'self'( 'sha256-[^']+')?;", policy)
    assert ("'sha256-" in policy) == (path == "/"), "a page's own script is named by its hash, and nothing else has one"


def test_each_request_is_one_line_with_its_id(client: FlaskClient, capfd: pytest.CaptureFixture[str]) -> None:
    client.get("/api/v1/query?q=king%0A%1B[31m", headers={"X-Request-ID": "one"})
    client.get("/api/v1/query?q=king", headers={"X-Request-ID": "two\ttwo"})
    client.post("/api/v1/query", json={"queries": ["king", "queen " * 100]})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["request"] * 3
    assert lines[0]["request_id"] == "one"
    assert lines[1]["request_id"] != "two\ttwo"
    assert (lines[1]["query"], lines[1]["status"], lines[1]["method"]) == ("king", 200, "GET")
    assert lines[2]["queries"] == 2
