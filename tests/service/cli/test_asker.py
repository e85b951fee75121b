"""A model to put queries to: what it says of itself, its answers, its words."""

import pytest

from embeddings import Failure, Options, UnknownWord
from embeddings.models.model import Model
from service.cli.asker import OpenedModel, ask


def test_an_opened_model_answers_completes_and_says_what_it_is(tiny_model: Model) -> None:
    opened = OpenedModel(tiny_model)
    assert opened.title == "tiny: 12 words × 4"
    assert opened.complete("qu", 1) == ["queen"]
    assert ask(opened, "king <> queen", Options()).score == pytest.approx(0.5)
    answer, failure = opened.ask_many(["king", "quen"], Options(k=2))
    assert not isinstance(answer, Failure)
    assert len(answer.results) == 2
    assert isinstance(failure, Failure)


def test_a_failure_of_the_only_query_is_raised(tiny_model: Model) -> None:
    with pytest.raises(UnknownWord, match="'quen' is not in tiny"):
        ask(OpenedModel(tiny_model), "quen", Options())
