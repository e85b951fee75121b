"""Which of several vectors is the odd one out, and the rows that explain why."""

import numpy as np

from embeddings.models import Neighbours
from embeddings.search import Matrix, Rows, unit

_CANDIDATES = 300


def oddness(vectors: Matrix) -> Matrix:
    """The mean cosine of each of ``vectors`` [n, dimension] with the others, [n]: the odd one has the lowest.

    The same order as gensim's `doesnt_match`, which compares with the mean of all.
    """
    cosines = vectors @ vectors.T
    means: Matrix = (cosines.sum(axis=1) - cosines.diagonal()) / (len(vectors) - 1)
    return means


def shared_rows(index: Neighbours, rest: Matrix) -> tuple[list[float], list[int]]:
    """Rows near every one of ``rest`` [n, dimension], best first, each with its lowest cosine to any of them."""
    rows = index.search(unit(rest.mean(axis=0))[None], _CANDIDATES)[1][0]
    return _sorted((index.vectors_of(rows) @ rest.T).min(axis=1), rows)


def rows_apart(index: Neighbours, odd: Matrix, rest: Matrix) -> tuple[list[float], list[int]]:
    """Rows near ``odd`` [dimension] and far from ``rest``, best first: cosine with the one less half of the highest
    cosine with the others.
    """
    rows = index.search(odd[None], _CANDIDATES)[1][0]
    vectors = index.vectors_of(rows)
    return _sorted(vectors @ odd - (vectors @ rest.T).max(axis=1) / 2, rows)


def _sorted(scores: Matrix, rows: Rows) -> tuple[list[float], list[int]]:
    order = np.argsort(-scores, kind="stable")
    return scores[order].tolist(), rows[order].tolist()
