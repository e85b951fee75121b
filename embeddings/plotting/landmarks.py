"""A layout of many words without other packages: t-SNE of landmarks, and words between the nearest of them."""

import numpy as np
import numpy.typing as npt

from embeddings.answers import principal_plane
from embeddings.search import Matrix

MOST_LANDMARKS = 170
_WORDS_A_LANDMARK = 6
_NEAREST = 4
"""Landmarks between which a word lies."""
_SHARPNESS = 18.0
_STEPS, _EARLY = 280, 80
_OWN = 0.55
"""How far the words of one landmark reach, as a share of the way to the next one."""


def landmark_layout(vectors: Matrix, seed: int) -> Matrix:
    """Places [n, 2] of unit ``vectors`` [n, dimension], most frequent first.

    The landmarks are the means of k-means over directions, laid out by t-SNE (van der Maaten and Hinton 2008); a word
    lies between its nearest ones, moved by what it differs in from them. Seconds where t-SNE of all takes minutes.
    """
    import faiss  # here, since whoever trains imports this room

    count = max(4, min(MOST_LANDMARKS, len(vectors) // _WORDS_A_LANDMARK))
    means = faiss.Kmeans(vectors.shape[1], count, niter=12, seed=seed, spherical=True, min_points_per_centroid=1)
    means.train(np.ascontiguousarray(vectors))
    landmarks = np.asarray(means.centroids, np.float32)
    places = _tsne(1 - landmarks @ landmarks.T, seed)
    cosines = vectors @ landmarks.T
    nearest = np.argpartition(-cosines, min(_NEAREST, count - 1), axis=1)[:, :_NEAREST]
    weights = np.exp(_SHARPNESS * (np.take_along_axis(cosines, nearest, axis=1) - cosines.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    middle = (weights[:, :, None] * places[nearest]).sum(axis=1)
    return np.asarray(middle + _own_moves(vectors, landmarks, cosines.argmax(axis=1), places), np.float32)


def _own_moves(vectors: Matrix, landmarks: Matrix, own: npt.NDArray[np.intp], places: Matrix) -> Matrix:
    """Where the words of each landmark lie around it: in the plane where they spread most, as far as there is room."""
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    room = distances.min(axis=1)
    moves = np.zeros((len(vectors), 2), np.float32)
    for number in range(len(landmarks)):
        rows = np.flatnonzero(own == number)
        if len(rows) > 2:
            plane = principal_plane(vectors[rows])
            reach = float(np.quantile(np.linalg.norm(plane, axis=1), 0.9)) or 1.0
            moves[rows] = plane / reach * max(float(room[number]), float(np.median(room))) * _OWN
    return moves


def _tsne(distances: Matrix, seed: int) -> Matrix:
    """Places [n, 2] for few points by their ``distances`` [n, n]: exact t-SNE by gradient descent with momentum."""
    count = len(distances)
    if count < 4:
        return np.eye(count, 2, dtype=np.float32)
    near = _affinities(distances.astype(np.float64) * 4, min(12.0, (count - 1) / 3))
    places = np.random.default_rng(seed).normal(scale=1e-3, size=(count, 2))
    moved, gains = np.zeros_like(places), np.ones_like(places)
    for step in range(_STEPS):
        apart = places[:, None] - places[None]
        close = 1 / (1 + (apart**2).sum(axis=2))
        np.fill_diagonal(close, 0)
        pull = (near * (8 if step < _EARLY else 1) - close / close.sum()) * close
        gradient = 4 * (pull[:, :, None] * apart).sum(axis=1)
        gains = np.maximum(np.where(np.sign(gradient) == np.sign(moved), gains * 0.8, gains + 0.2), 0.01)
        moved = (0.5 if step < _EARLY else 0.8) * moved - 30 * gains * gradient
        places = places + moved
        places -= places.mean(axis=0)
    return np.asarray(places, np.float32)


def _affinities(distances: npt.NDArray[np.float64], perplexity: float) -> npt.NDArray[np.float64]:
    """Symmetric probabilities that one point takes another for its neighbour, each with this ``perplexity``."""
    count = len(distances)
    rows = np.zeros((count, count))
    for number in range(count):
        others = np.delete(distances[number], number)
        others = others - others.min()
        low, high, sharpness = 0.0, np.inf, 1.0
        for _ in range(40):
            shares = np.exp(-others * sharpness)
            shares /= shares.sum()
            entropy = float(-(shares * np.log(np.maximum(shares, 1e-12))).sum())
            if entropy > np.log(perplexity):
                low, sharpness = sharpness, sharpness * 2 if np.isinf(high) else (sharpness + high) / 2
            else:
                high, sharpness = sharpness, (sharpness + low) / 2
        rows[number, np.arange(count) != number] = shares
    both = (rows + rows.T) / (2 * count)
    return np.asarray(np.maximum(both, 1e-12))
