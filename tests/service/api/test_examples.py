"""Every call has an example, and the examples are what the model of the package answers."""

import json

import pytest

from scripts.api_examples import answers
from service.api.examples import EXAMPLES, add_examples, responses

CHANGING = {"took_ms", "created", "build_seconds", "index", "files", "parameters"}


def without_what_changes(content: object) -> object:
    if isinstance(content, dict):
        return {name: without_what_changes(value) for name, value in content.items() if name not in CHANGING}
    if isinstance(content, list):
        return [without_what_changes(entry) for entry in content]
    return round(content, 3) if isinstance(content, float) else content


@pytest.mark.usefixtures("wikipedia")
def test_the_examples_are_what_the_model_answers() -> None:
    given = answers()
    assert set(given) == set(EXAMPLES) == set(responses()), "python -m scripts.api_examples"
    assert without_what_changes(json.loads(json.dumps(given))) == without_what_changes(responses())


def test_an_example_stands_at_each_parameter_body_and_answer() -> None:
    answered = {"200": {"content": {"application/json": {}}}}
    asked = {"operationId": "ask_query", "parameters": [{"name": "q"}, {"name": "model"}], "responses": answered}
    add_examples({"paths": {"/query": {"get": asked}}})
    assert asked["parameters"] == [{"name": "q", "example": "king - man + woman"}, {"name": "model"}]
    assert answered["200"]["content"]["application/json"]["example"]["results"][0]["display"] == "Queen"


def test_a_new_call_without_an_example_is_served() -> None:
    answered = {"200": {"content": {"application/json": {}}}}
    add_examples({"paths": {"/new": {"get": {"operationId": "ask_something_new", "responses": answered}}}})
    assert answered["200"]["content"]["application/json"] == {}
