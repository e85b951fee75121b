"""Questions: the vectors of a query's terms, and what has no direction."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.answers import Failure, ask, resolve
from embeddings.answers.question import Question, read_questions
from embeddings.errors import QueryError
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model


def test_terms_that_cancel_out_leave_nothing_to_search(tiny_model: Model) -> None:
    with pytest.raises(QueryError, match="cancel each other out"):
        ask(tiny_model, "king - king")
    with pytest.raises(QueryError, match="cancel each other out"):
        ask(tiny_model, "king - 0.5*king - 0.5*king")


def test_a_batch_has_the_targets_of_its_queries_one_by_one(glove: Model) -> None:
    texts = ["king - man + woman", "New York : USA :: Paris : ?", "coffee", "the tea of China", "2*cat - (dog + 3*cow)"]
    together = read_questions(glove, [*texts, "nosuchword"], None)
    assert isinstance(together.pop(), Failure)
    for text, question in zip(texts, together, strict=True):
        [alone] = read_questions(glove, [text], None)
        assert isinstance(question, Question)
        assert isinstance(alone, Question)
        np.testing.assert_allclose(question.target, alone.target, atol=1e-6)
        weighted = sum(
            term.weight * vector for term, vector in zip(question.query.terms, question.vectors, strict=True)
        )
        np.testing.assert_allclose(question.target, weighted / np.linalg.norm(weighted), atol=1e-6)
        if len(question.vectors) > 1:
            for term, vector in zip(question.query.terms, question.vectors, strict=True):
                np.testing.assert_allclose(vector, resolve(glove, term.text).vector, atol=1e-6)


def test_a_vector_of_zeros_is_named_and_the_others_are_answered(tmp_path: Path) -> None:
    vectors = np.array([[1, 0], [0, 0], [0, 1]], np.float32)
    save_model(tmp_path / "few", ["north", "nowhere", "east"], vectors, Card("few"))
    model = open_model(tmp_path / "few")
    [first, second] = read_questions(model, ["north + nowhere", "north + east"], None)
    assert isinstance(first, Failure)
    assert "'nowhere' has a vector of zeros in few" in str(first.error)
    assert isinstance(second, Question)
    np.testing.assert_allclose(second.target, [0.5**0.5] * 2, atol=1e-6)
