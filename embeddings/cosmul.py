"""3CosMul: the search that multiplies similarities instead of adding them (Levy and Goldberg 2014).

For inputs v with weights w the score of a row x is the product of ((1 + cos(x, v)) / 2) ** w over the positive inputs,
divided by the same product (plus a small constant) over the negative ones. No single vector has that order as its
neighbours, so an index can only give candidates. The first are those of 3CosAdd; the second are those of the gradient
of the score's logarithm, sum of w / (1 + cos) · v, taken at the best of the first.
"""

from typing import Protocol

import numpy as np

from embeddings.brute_force import Matrix, Rows, unit

_EPSILON = 1e-6
_GRADIENT_AT = 10


class Candidates(Protocol):
    """What is asked of an index."""

    vectors: Matrix

    @property
    def is_exact(self) -> bool: ...

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows: ...

    def candidates_for_products(self, k: int) -> int: ...


def cosmul_scores(vectors: Matrix, inputs: Matrix, weights: Matrix) -> Matrix:
    """The scores of ``vectors`` [count, dimension] for ``inputs`` [n, dimension] with signed ``weights`` [n].

    The same numbers as gensim's `most_similar_cosmul` gives for weights of 1 and -1.
    """
    similarities = (1 + vectors @ inputs.T) / 2
    powers = np.maximum(similarities, 0) ** np.abs(weights)
    scores: Matrix = powers[:, weights > 0].prod(axis=1) / (powers[:, weights < 0].prod(axis=1) + _EPSILON)
    return scores


def cosmul_gradient(vectors: Matrix, candidates: Rows, inputs: Matrix, weights: Matrix) -> Matrix:
    """The unit target [dimension] near which more high scores are: the gradient at the best of ``candidates``, of which
    -1 are none.
    """
    candidates = candidates[candidates >= 0]
    scores = cosmul_scores(vectors[candidates], inputs, weights)
    top = vectors[_best(scores, candidates, _GRADIENT_AT)[1]]
    return unit((weights / (1 + _EPSILON + top @ inputs.T)).mean(axis=0) @ inputs)


def search_cosmul(
    index: Candidates, inputs: Matrix, weights: Matrix, k: int, *, exact: bool = False, restrict: int | None = None
) -> tuple[Matrix, Rows]:
    """The ``k`` rows with the highest scores: scores and rows [k], best first, the lower row first among equals."""
    vectors = index.vectors[:restrict]
    k = min(k, len(vectors))
    wanted = index.candidates_for_products(k)
    if exact or index.is_exact or restrict is not None or wanted > len(vectors) // 4:
        return _best(cosmul_scores(vectors, inputs, weights), np.arange(len(vectors)), k)
    first = index.find_candidates(unit(weights @ inputs)[None], wanted)[0]
    gradient = cosmul_gradient(vectors, first, inputs, weights)
    second = index.find_candidates(gradient[None], wanted)[0]
    candidates = np.union1d(first, second)
    candidates = candidates[candidates >= 0]
    return _best(cosmul_scores(vectors[candidates], inputs, weights), candidates, k)


def _best(scores: Matrix, rows: Rows, k: int) -> tuple[Matrix, Rows]:
    order = np.lexsort((rows, -scores))[:k]
    return scores[order], rows[order]
