"""UMAP (McInnes et al. 2018) of few words: every pair pulls and pushes in each round, and nothing is drawn at random.

umap-learn compiles itself at its first use in a process, which takes seventeen seconds; a list of words takes some
hundredths of one here. What samples would push on average is each pair's share (Damrich and Hamprecht 2021).
"""

import numpy as np
import numpy.typing as npt

from embeddings.answers import principal_plane
from embeddings.search import Matrix

_NEIGHBOURS, _SAMPLES = 15, 5
_A, _B = 1.577, 0.895
"""Of the curve 1 / (1 + a·d^2b) that falls from 1 beyond a distance of .1."""
_ROUNDS, _STEP, _REACH = 120, 0.3, 10.0
_CLIP = 4.0
_HALVINGS = 40
_Numbers = npt.NDArray[np.float64]


def umap_of_few(vectors: Matrix) -> Matrix:
    """Places [n, 2] of ``vectors`` [n, dimension], three or more, by cosine. Time and memory grow with n²."""
    pull = _likeness(vectors)
    degree = pull.sum(axis=1)
    push = _SAMPLES * (degree[:, None] + degree[None, :]) / (2 * len(pull))
    np.fill_diagonal(push, 0)
    places = principal_plane(vectors).astype(np.float64)
    places *= _REACH / max(float(np.abs(places).max()), 1e-9)
    for number in range(_ROUNDS):
        apart = places[:, None, :] - places[None, :, :]
        squares = (apart * apart).sum(axis=2)
        powers = np.power(squares, _B)
        nearness = 1 + _A * powers
        attraction = pull * (2 * _A * _B) * powers / ((squares + 1e-9) * nearness)
        repulsion = push * (2 * _B) / ((1e-3 + squares) * nearness)
        force = np.clip((repulsion - attraction)[:, :, None] * apart, -_CLIP, _CLIP)
        places += _STEP * (1 - number / _ROUNDS) * force.sum(axis=1)
    return places.astype(np.float32)


def _likeness(vectors: Matrix) -> _Numbers:
    """How much each two belong together, 0 to 1, [n, n]: the union of each one's fuzzy set of neighbours."""
    rows = vectors.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    distances = 1 - rows @ rows.T
    np.fill_diagonal(distances, np.inf)
    count = min(_NEIGHBOURS, len(rows) - 1)
    near = np.sort(distances, axis=1)[:, :count]
    beyond = np.maximum(near - near[:, :1], 0)
    low, high = np.full(len(rows), 1e-6), np.full(len(rows), 4.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_wide = np.exp(-beyond / middle[:, None]).sum(axis=1) > np.log2(count)
        low, high = np.where(is_wide, low, middle), np.where(is_wide, middle, high)
    own = np.exp(-np.maximum(distances - near[:, :1], 0) / high[:, None])
    own[distances > near[:, -1:]] = 0
    both: _Numbers = own + own.T - own * own.T
    return both
