"""Exact mode is the oracle: the models that come with packages, on targets that no index was measured on."""

import numpy as np
import pytest

from embeddings import Model
from embeddings.search import Index, SearchKind, nearest_but_inputs
from embeddings.search.brute_force import ROUNDING
from embeddings.search.recall import analogy_targets, expression_targets, neighbour_targets

_SEED = 20_251
_MADE_BY = {
    SearchKind.ANALOGY: analogy_targets,
    SearchKind.EXPRESSION: expression_targets,
    SearchKind.NEIGHBOURS: neighbour_targets,
}


def _recall(index: Index, asked: SearchKind, number: int) -> float:
    """The recall@10 on ``number`` targets of this kind; rows just as near as the last true one are as good as it."""
    vectors = index.vectors
    targets, inputs = _MADE_BY[asked](vectors, number, _SEED)
    truth = nearest_but_inputs(vectors, targets, inputs)
    least = np.einsum("ij,ij->i", vectors[truth[:, -1]], targets) - ROUNDING
    hits = 0
    for target, own, last in zip(targets, inputs.tolist(), least.tolist(), strict=True):
        scores, rows = index.nearest(target, 10, excluded=sorted(set(own)), asked=asked)
        assert not set(rows) & set(own)
        assert sorted(scores, reverse=True) == scores
        hits += sum(score >= last for score in scores)
    return hits / (10 * len(targets))


@pytest.mark.parametrize("asked", _MADE_BY)
def test_glove_finds_what_exact_search_finds(glove: Model, asked: SearchKind) -> None:
    assert not glove.index.is_exact
    assert _recall(glove.index, asked, 3000) >= 0.999


@pytest.mark.parametrize("asked", _MADE_BY)
def test_the_default_model_finds_what_exact_search_finds(wikipedia: Model, asked: SearchKind) -> None:
    assert not wikipedia.index.is_exact
    assert _recall(wikipedia.index, asked, 400) >= 0.999
