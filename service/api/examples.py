"""An example of every call: what is sent, and what the default model answers."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from embeddings.catalogue import DEFAULT_MODEL

RESPONSES = Path(__file__).with_name("examples.json")
"""By operation, what was answered; ``python -m scripts.api_examples`` makes it."""


@dataclass(frozen=True, slots=True)
class Example:
    """Values of parameters by their names, and a body."""

    parameters: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None


EXAMPLES = {
    "ask_query": Example({"q": "king - man + woman", "k": 3}),
    "ask_queries": Example(
        body={"queries": ["paris - france + italy", {"q": "coffee", "k": 1}, "coffee <> tea", "king ("], "k": 2}
    ),
    "solve_analogy": Example({"a": "paris", "b": "france", "c": "rome", "k": 3}),
    "find_neighbours": Example({"word": "coffee", "k": 3, "offset": 3}),
    "get_similarity": Example({"a": "coffee", "b": "tea"}),
    "find_odd_one_out": Example({"word": ["breakfast", "cereal", "dinner", "lunch"]}),
    "post_odd_one_out": Example(body={"words": ["breakfast", "cereal", "dinner", "lunch"]}),
    "list_words": Example({"prefix": "coff", "limit": 3}),
    "describe_word": Example({"word": "new york", "k": 3}),
    "get_vectors": Example({"word": ["king", "womann"]}),
    "post_vectors": Example(body={"words": ["king", "New York"]}),
    "list_models": Example(),
    "get_model": Example({"name": DEFAULT_MODEL}),
    "list_openai_models": Example(),
    "retrieve_openai_model": Example({"model": DEFAULT_MODEL}),
    "create_embeddings": Example(body={"model": DEFAULT_MODEL, "input": ["king", "The tea is hot."]}),
}


@cache
def responses() -> dict[str, Any]:
    """The answers by operation."""
    found: dict[str, Any] = json.loads(RESPONSES.read_text(encoding="utf-8"))
    return found


def add_examples(document: dict[str, Any]) -> None:
    """Put the examples into an OpenAPI document."""
    for operations in document["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            example = EXAMPLES[name]
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in example.parameters:
                    parameter["example"] = example.parameters[parameter["name"]]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["example"] = example.body
            answered = operation["responses"]["200"]["content"]["application/json"]
            answered["example"] = responses().get(name)
