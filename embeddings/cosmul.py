"""3CosMul: the search that multiplies similarities instead of adding them (Levy and Goldberg 2014).

For inputs v with weights w the score of a row x is the product of ((1 + cos(x, v)) / 2) ** w over the positive inputs,
divided by the same product (plus a small constant) over the negative ones. No single vector has that order as its
neighbours, so an index can only give candidates. The first are those of 3CosAdd; the second are those of the gradient
of the score's logarithm, sum of w / (1 + cos) · v, taken at the best of the first.
"""

import numpy as np

from embeddings.index import Matrix, Rows, unit
from embeddings.word_vectors import Neighbours

_EPSILON = 1e-6
_WIDER = 3
_GRADIENT_AT = 10


def cosmul_scores(vectors: Matrix, inputs: Matrix, weights: Matrix) -> Matrix:
    """The scores of ``vectors`` [count, dimension] for ``inputs`` [n, dimension] with signed ``weights`` [n].

    The same numbers as gensim's `most_similar_cosmul` gives for weights of 1 and -1.
    """
    similarities = (1 + vectors @ inputs.T) / 2
    powers = np.maximum(similarities, 0) ** np.abs(weights)
    scores: Matrix = powers[:, weights > 0].prod(axis=1) / (powers[:, weights < 0].prod(axis=1) + _EPSILON)
    return scores


def search_cosmul(
    index: Neighbours, inputs: Matrix, weights: Matrix, k: int, *, exact: bool = False, restrict: int | None = None
) -> tuple[Matrix, Rows]:
    """The ``k`` rows with the highest scores: scores and rows [k], best first, the lower row first among equals."""
    count = min(len(index), restrict or len(index))
    k = min(k, count)
    wanted = _WIDER * index.enough_candidates(k)
    if exact or index.is_exact or restrict is not None or wanted > count // 4:
        return _best(cosmul_scores(index.first_vectors(count), inputs, weights), np.arange(count), k)
    first = index.find_candidates(unit(weights @ inputs)[None], wanted)[0]
    scores = cosmul_scores(index.vectors_of(first), inputs, weights)
    top = index.vectors_of(_best(scores, first, _GRADIENT_AT)[1])
    gradient = unit((weights / (1 + _EPSILON + top @ inputs.T)).mean(axis=0) @ inputs)[None]
    second = index.find_candidates(gradient, wanted)[0]
    candidates = np.union1d(first, second)
    return _best(cosmul_scores(index.vectors_of(candidates), inputs, weights), candidates, k)


def _best(scores: Matrix, rows: Rows, k: int) -> tuple[Matrix, Rows]:
    order = np.lexsort((rows, -scores))[:k]
    return scores[order], rows[order]
