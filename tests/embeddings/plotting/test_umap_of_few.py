"""UMAP of few points: groups stay together, nothing is random, and no number is lost."""

import numpy as np
import pytest

from embeddings.plotting.umap_of_few import umap_of_few


def test_points_of_a_group_stay_together_where_their_places_by_pca_overlap() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(6), 8)
    vectors = (2 * np.eye(6, 30)[groups] + rng.normal(0, 0.2, (48, 30))).astype(np.float32)
    places = umap_of_few(vectors)
    assert places.shape == (48, 2)
    centres = np.stack([places[groups == group].mean(axis=0) for group in range(6)])
    nearest = np.linalg.norm(places[:, None] - centres[None], axis=2).argmin(axis=1)
    assert (nearest == groups).all()
    assert np.array_equal(places, umap_of_few(4 * vectors)), "by cosine, and the same each time"


@pytest.mark.parametrize("number", [3, 4, 16, 17, 60])
def test_any_number_of_points_has_places(number: int) -> None:
    vectors = np.random.default_rng(1).normal(size=(number, 5)).astype(np.float32)
    places = umap_of_few(vectors)
    assert np.isfinite(places).all()
    assert len(np.unique(places.round(3), axis=0)) == number


def test_equal_points_and_points_of_zeros_have_places() -> None:
    assert np.isfinite(umap_of_few(np.ones((5, 3), np.float32))).all()
    assert np.isfinite(umap_of_few(np.zeros((4, 3), np.float32))).all()
