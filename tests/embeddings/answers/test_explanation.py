"""Explanations: every number recomputed from the vectors."""

import numpy as np
import pytest

from embeddings.answers import Options, ask
from embeddings.answers.explanation import principal_plane
from embeddings.models.model import Model

EXPLAINED = Options(k=4, explain=True)


def vector(model: Model, word: str) -> np.ndarray:
    return np.asarray(model.vectors[model.vocabulary.row(word) or 0])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("query", ["man : king :: woman : ?", "king : man :: ? : woman", "? : queen :: man : king"])
def test_relation_cosines_and_margin(glove: Model, query: str) -> None:
    answer = ask(glove, query, EXPLAINED)
    explanation = answer.explanation
    assert explanation is not None
    assert explanation.relation is not None
    found = [vector(glove, result.word) for result in answer.results]
    inputs = [vector(glove, term.words[0]) for term in answer.terms]
    np.testing.assert_allclose(explanation.cosines, [[cosine(d, v) for v in inputs] for d in found], atol=1e-6)
    for d, relation in zip(found, explanation.relation, strict=True):
        places = iter(inputs)
        a, b, c, e = (d if side == "?" else next(places) for side in query.replace("::", ":").split(" : "))
        assert relation == pytest.approx(cosine(b - a, e - c), abs=1e-5)
    assert explanation.margin == pytest.approx(answer.results[0].score - answer.results[1].score)


def test_several_examples_are_compared_by_their_mean_offset(glove: Model) -> None:
    answer = ask(glove, "france:paris, japan:tokyo :: italy:?", EXPLAINED)
    assert answer.explanation is not None
    assert answer.explanation.relation is not None
    france, paris, japan, tokyo, italy, rome = (
        vector(glove, word) for word in ("france", "paris", "japan", "tokyo", "italy", "rome")
    )
    expected = cosine((paris - france + tokyo - japan) / 2, rome - italy)
    assert answer.results[0].word == "rome"
    assert answer.explanation.relation[0] == pytest.approx(expected, abs=1e-5)


def test_the_same_word_in_two_places_is_told_apart(glove: Model) -> None:
    answer = ask(glove, "king : man :: king : ?", EXPLAINED)
    assert answer.explanation is not None
    king, man, found = (vector(glove, word) for word in ("king", "man", answer.results[0].word))
    assert answer.explanation.relation is not None
    assert answer.explanation.relation[0] == pytest.approx(cosine(man - king, found - king), abs=1e-5)


def test_the_picture_keeps_distances_of_what_lies_in_a_plane() -> None:
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(20, 2)))[0]
    flat = (rng.normal(size=(8, 2)) @ basis.T).astype(np.float32)
    plane = principal_plane(flat)
    before = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    after = np.linalg.norm(plane[:, None] - plane[None], axis=2)
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert (plane.max(axis=0) >= -plane.min(axis=0)).all()
    assert plane[:, 0].var() >= plane[:, 1].var()


def test_one_point_lies_in_the_middle() -> None:
    assert principal_plane(np.ones((1, 5), np.float32)).tolist() == [[0, 0]]


def test_every_kind_of_query_can_be_explained(tiny_model: Model) -> None:
    for query in ("king", "king <> queen", "king, queen, bread", "king - man + woman"):
        explanation = ask(tiny_model, query, EXPLAINED).explanation
        assert explanation is not None
        assert explanation.relation is None
        roles = [point.role for point in explanation.points]
        assert roles.count("input") == len(ask(tiny_model, query).terms)
