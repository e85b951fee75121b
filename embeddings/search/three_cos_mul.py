"""3CosMul: the search that multiplies similarities instead of adding them (Levy and Goldberg 2014).

For inputs v with weights w the score of a row x is the product of ((1 + cos(x, v)) / 2) ** w over the positive inputs,
divided by the same product (plus a small constant) over the negative ones. No single vector has that order as its
neighbours, so an index can only give candidates. The first are those of 3CosAdd; the second are those of the gradient
of the score's logarithm, sum of w / (1 + cos) · v, taken at the best of the first.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from embeddings.search.brute_force import Matrix, Rows, blocks, largest, unit, without_missing

_EPSILON = 1e-6
_LEAST = np.float32(1e-30)
"""Replaces zero in logarithms."""
_GRADIENT_AT = 10
_ROWS = 4096
"""Rows whose similarities with all inputs stay in the processor's cache."""
_MOST_CANDIDATES = 20_000
"""Of each of the two searches, however many results are wanted: more would cost what comparing with every row does."""


class Candidates(Protocol):
    """What is asked of an index; `embeddings.search` says what each does."""

    @property
    def is_exact(self) -> bool: ...

    def __len__(self) -> int: ...

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows: ...

    def candidates_for_products(self, k: int) -> int: ...

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix: ...

    def first_vectors(self, number: int) -> Matrix: ...


def cosmul_scores(vectors: Matrix, inputs: Matrix, weights: Matrix) -> Matrix:
    """The scores of ``vectors`` [count, dimension] for ``inputs`` [n, dimension] with signed ``weights`` [n].

    The same numbers as gensim's `most_similar_cosmul` gives for weights of 1 and -1.
    """
    order = np.argsort(weights < 0, kind="stable")  # the positive ones first
    inputs, powers = inputs[order], np.abs(weights[order])
    positive = int((weights > 0).sum())
    above, under = (_Product(powers[side]) for side in (slice(None, positive), slice(positive, None)))
    scores = np.empty(len(vectors), np.float32)
    columns = np.ascontiguousarray(inputs.T)
    cosines = np.empty((_ROWS, len(inputs)), np.float32)  # kept: new ones each time cost as much as the product
    turned = np.empty((len(inputs), _ROWS), np.float32)
    for rows in blocks(len(vectors), _ROWS):
        block = vectors[rows]
        similarities = turned[:, : len(block)]
        np.matmul(block, columns, out=cosines[: len(block)])
        np.add(cosines[: len(block)].T, 1, out=similarities)
        similarities *= 0.5
        np.maximum(similarities, 0, out=similarities)
        below = under.of(similarities[positive:]) + np.float32(_EPSILON)
        np.divide(above.of(similarities[:positive]), below, out=scores[rows])
    return scores


class _Product:
    """The product of rows [n, count], each raised to its power [n]."""

    def __init__(self, powers: Matrix) -> None:
        self._plain, self._raised = np.flatnonzero(powers == 1), np.flatnonzero(powers != 1)
        self._powers = powers[self._raised]

    def of(self, rows: Matrix) -> Matrix:
        if not len(self._raised):
            product: Matrix = rows.prod(axis=0)
            return product
        logarithms = np.log(np.maximum(rows[self._raised], _LEAST))  # a fifth of the time of powers
        raised: Matrix = rows[self._plain].prod(axis=0) * np.exp(self._powers @ logarithms)
        return raised


def cosmul_gradient(candidates: Matrix, inputs: Matrix, weights: Matrix) -> Matrix:
    """The unit target [dimension] near which more high scores are: the gradient at the best of ``candidates``, the
    vectors [n, dimension] that were found first.
    """
    scores = cosmul_scores(candidates, inputs, weights)
    top = candidates[np.argsort(-scores, kind="stable")[:_GRADIENT_AT]]
    return unit((weights / (1 + _EPSILON + top @ inputs.T)).mean(axis=0) @ inputs)


def search_cosmul(
    index: Candidates, inputs: Matrix, weights: Matrix, k: int, *, exact: bool = False, restrict: int | None = None
) -> tuple[Matrix, Rows]:
    """The ``k`` rows with the highest scores: scores and rows [k], best first, the lower row first among equals."""
    count = min(len(index), restrict or len(index))
    k = min(k, count)
    wanted = min(index.candidates_for_products(k), max(_MOST_CANDIDATES, 4 * k))
    if exact or index.is_exact or restrict is not None or wanted > count // 4:
        return largest(cosmul_scores(index.first_vectors(count), inputs, weights), k)
    first = _found(index, unit(weights @ inputs), wanted)
    second = _found(index, cosmul_gradient(index.vectors_of(first), inputs, weights), wanted)
    candidates = np.union1d(first, second)
    scores, places = largest(cosmul_scores(index.vectors_of(candidates), inputs, weights), k)
    return scores, candidates[places]


def _found(index: Candidates, target: Matrix, wanted: int) -> Rows:
    return without_missing(index.find_candidates(target[None], wanted)[0])
