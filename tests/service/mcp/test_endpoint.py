"""``/mcp`` by the official package's own client, over HTTP, in both of its ways of beginning."""

from typing import Any

import anyio
import httpx
import pytest
from mcp import Client

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

ASKED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_its_client_asks_over_http(service_url: str, mode: str) -> None:
    async def asked() -> Any:
        async with Client(f"{service_url}/mcp", mode=mode) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            answer = await client.call_tool("ask", {"query": "king - man + woman", "k": 1})
            wrong = await client.call_tool("neighbours", {"word": "kinng"})
            return names, answer.structured_content, wrong

    names, answer, wrong = anyio.run(asked)
    assert "odd_one_out" in names
    assert answer["results"][0]["word"] == "queen"
    assert wrong.is_error
    assert "'king'" in wrong.content[0].text


def test_each_message_is_answered_by_one_json(service_url: str) -> None:
    answer = httpx.post(f"{service_url}/mcp", json=ASKED, headers=ACCEPT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert len(answer.json()["result"]["tools"]) == 5
    assert httpx.get(f"{service_url}/mcp", headers=ACCEPT).status_code == 405
    assert httpx.post(f"{service_url}/mcp", content=b"{", headers=ACCEPT).status_code == 400


def test_pages_of_other_origins_are_refused(tiny_model: Model) -> None:
    folder = str(tiny_model.folder)
    closed = create_app(Settings(models=(folder,), log_requests=False)).test_client()
    named = Settings(models=(folder,), log_requests=False, cors_origins=("https://a.example",))
    named_client = create_app(named).test_client()
    for origin, status in (("https://evil.example", 422), ("http://localhost", 200), ("http://rebound.example", 422)):
        headers = ACCEPT | {"Origin": origin, "Host": origin.partition("://")[2]}
        assert closed.post("/mcp", json=ASKED, headers=headers).status_code == status, origin
    allowed = named_client.post("/mcp", json=ASKED, headers=ACCEPT | {"Origin": "https://a.example"})
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
