"""The tools, asked by the official package's own client."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp import Client

from embeddings.models.model import Model
from service.host.served_models import ServedModels
from service.host.settings import Settings
from service.mcp.tools import tool_server


@pytest.fixture(scope="module")
def models(tiny_model: Model) -> Iterator[ServedModels]:
    yield ServedModels(Settings(models=(str(tiny_model.folder),)))


def call(served: ServedModels, tool: str, **arguments: Any) -> Any:
    async def asked() -> Any:
        async with Client(tool_server(served)) as client:
            return await client.call_tool(tool, arguments)

    return anyio.run(asked)


def test_there_are_five_tools_with_schemas_and_examples(models: ServedModels) -> None:
    async def asked() -> Any:
        async with Client(tool_server(models)) as client:
            assert "tiny" in (client.instructions or "")
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in anyio.run(asked)}
    assert set(tools) == {"ask", "neighbours", "similarity", "odd_one_out", "compare"}
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema["properties"]
        assert tool.annotations.read_only_hint
        assert "examples" in json.dumps(tool.input_schema), tool.name


def test_they_answer_as_the_library_does(models: ServedModels) -> None:
    asked = call(models, "ask", query="king - man + woman", k=1)
    assert not asked.is_error
    assert asked.structured_content["results"][0]["word"] == "queen"
    assert json.loads(asked.content[0].text) == asked.structured_content
    near = call(models, "neighbours", word="new york", k=2).structured_content
    assert (near["kind"], len(near["results"])) == ("neighbours", 2)
    alike = call(models, "similarity", a="king", b="queen").structured_content
    assert alike == {"a": "king", "b": "queen", "model": "tiny", "score": pytest.approx(0.5, abs=1e-6)}
    odd = call(models, "odd_one_out", words=["king", "queen", "bread"]).structured_content
    assert odd["results"][0]["word"] == "bread"
    assert odd["shared"]
    both = call(models, "compare", query="king", models=["tiny", "tiny", "other"], k=3).structured_content
    assert both["in_all"] == [found["word"] for found in both["models"][0]["answer"]["results"]]
    assert "no model 'other'" in both["models"][2]["error"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"query": "king ("}, "Column 6"),
        ("neighbours", {"word": "kinng"}, "Did you mean 'king'"),
        ("similarity", {"a": "king", "b": "queen", "model": "other"}, "There are: tiny"),
        ("odd_one_out", {"words": ["king"]}, "3"),
        ("ask", {"query": "king", "k": 0}, "1"),
        ("ask", {"query": "king", "method": "guess"}, "3cosadd"),
    ],
)
def test_what_is_wrong_is_said_to_the_language_model(
    models: ServedModels, tool: str, arguments: dict[str, object], said: str
) -> None:
    result = call(models, tool, **arguments)
    assert result.is_error
    assert said in result.content[0].text
