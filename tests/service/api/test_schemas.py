"""The declarations: options of queries as the library has them, and limits."""

import dataclasses

import pytest
from pydantic import ValidationError

from embeddings import Method, Options
from service.api.schemas import EmbeddingsBody, QueryBody, SearchParameters


def test_every_option_of_the_library_can_be_given_and_has_the_same_default() -> None:
    names = {entry.name for entry in dataclasses.fields(Options)}
    assert names == set(SearchParameters.model_fields) - {"model"}
    assert SearchParameters().options == Options()
    given = {"k": 3, "method": "3cosmul", "exact": True, "explain": True, "restrict": 5, "all_forms": True}
    given |= {"without": "money"}
    assert SearchParameters.model_validate(given).options == Options(3, Method.MULTIPLY, True, True, 5, True, "money")


@pytest.mark.parametrize("given", [{"q": "a", "other": 1}, {"queries": ["a"] * 1001}, {"q": "a", "k": 1001}])
def test_what_is_not_declared_or_too_much_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QueryBody.model_validate(given)


def test_texts_are_taken_and_token_numbers_are_not() -> None:
    assert EmbeddingsBody.model_validate({"model": "m", "input": ["a"], "user": "u"}).input == ["a"]
    for tokens in ([1], [[1]], ["a", 1], "", [], ["a"] * 2049):
        with pytest.raises(ValidationError, match="must be"):
            EmbeddingsBody.model_validate({"model": "m", "input": tokens})
