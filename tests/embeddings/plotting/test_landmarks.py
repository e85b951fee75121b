"""The quick layout: groups stay groups, the same every time."""

import numpy as np
import pytest

from embeddings.plotting.landmarks import landmark_layout


def test_groups_of_vectors_are_groups_of_places() -> None:
    random = np.random.default_rng(0)
    middles = np.linalg.qr(random.normal(size=(20, 20)))[0][:6]
    vectors = np.repeat(middles, 60, axis=0) + random.normal(scale=0.08, size=(360, 20))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    places = landmark_layout(vectors, seed=1)
    assert places == pytest.approx(landmark_layout(vectors, seed=1))
    group = np.repeat(np.arange(6), 60)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (group[distances.argmin(axis=1)] == group).mean() > 0.95


@pytest.mark.parametrize("count", [5, 12, 60])
def test_few_words_are_laid_out_too(count: int) -> None:
    vectors = np.random.default_rng(count).normal(size=(count, 4)).astype(np.float32)
    places = landmark_layout(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), seed=1)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
