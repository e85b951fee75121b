"""An example of every call: what is sent, and what the model answers that comes with the package."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from embeddings.catalogue import OWN_MODEL

RESPONSES = Path(__file__).with_name("examples.json")
"""By operation, what was answered; ``python -m scripts.api_examples`` makes it."""


@dataclass(frozen=True, slots=True)
class ExampleCall:
    """Values of parameters by their names, and a body."""

    parameters: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None


EXAMPLES = {
    "ask_query": ExampleCall({"q": "king - man + woman", "k": 3}),
    "ask_queries": ExampleCall(
        body={"queries": ["tokyo - japan + france", {"q": "coffee", "k": 1}, "coffee <> tea", "king ("], "k": 2}
    ),
    "solve_analogy": ExampleCall({"a": "paris", "b": "france", "c": "rome", "k": 3}),
    "find_neighbours": ExampleCall({"word": "coffee", "k": 3, "offset": 3}),
    "get_similarity": ExampleCall({"a": "coffee", "b": "tea"}),
    "find_odd_one_out": ExampleCall({"word": ["breakfast", "cereal", "dinner", "lunch"]}),
    "post_odd_one_out": ExampleCall(body={"words": ["breakfast", "cereal", "dinner", "lunch"]}),
    "list_words": ExampleCall({"prefix": "coff", "limit": 3}),
    "describe_word": ExampleCall({"word": "new york", "k": 3}),
    "get_vectors": ExampleCall({"word": ["king", "womann"]}),
    "post_vectors": ExampleCall(body={"words": ["king", "New York"]}),
    "list_models": ExampleCall(),
    "get_model": ExampleCall({"name": OWN_MODEL}),
    "list_openai_models": ExampleCall(),
    "retrieve_openai_model": ExampleCall({"model": OWN_MODEL}),
    "create_embeddings": ExampleCall(body={"model": OWN_MODEL, "input": ["king", "The tea is hot."]}),
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
            example = EXAMPLES.get(name, ExampleCall())  # a test says which call has none
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in example.parameters:
                    parameter["example"] = example.parameters[parameter["name"]]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content["example"] = example.body
            answered = operation["responses"]["200"]["content"]["application/json"]
            if name in responses():
                answered["example"] = responses()[name]
