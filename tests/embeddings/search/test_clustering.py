"""Codes, centres and k-means."""

import numpy as np

from embeddings.search.clustering import Centres, codes_of, in_blocks, k_means, steps_for


def test_codes_in_blocks_are_scored_as_their_numbers_say() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 12)).astype(np.float32)
    steps = steps_for(np.abs(rows).max(axis=0))
    codes = codes_of(rows, steps)
    np.testing.assert_allclose((codes.astype(np.float32) - 128) * steps, rows, atol=steps.max() / 2)
    blocks = in_blocks(np.concatenate([codes, np.full((8, 12), 128, np.uint8)]))
    assert blocks[1, 2, 5].tolist() == codes[21, 8:12].tolist()


def test_rows_go_to_the_nearest_centre_and_k_means_finds_clusters() -> None:
    rng = np.random.default_rng(1)
    middles = 4 * rng.normal(size=(7, 8)).astype(np.float32)
    rows = np.repeat(middles, 50, axis=0) + 0.1 * rng.normal(size=(350, 8)).astype(np.float32)
    distances = np.square(rows[:, None] - middles).sum(axis=2)
    assert Centres(middles).nearest(rows).tolist() == distances.argmin(axis=1).tolist()
    centres = k_means(rows, 40, 0)
    nearest = Centres(centres).nearest(rows)
    assert np.square(rows - centres[nearest]).sum(axis=1).mean() < 0.2
    same = np.ones((100, 4), np.float32)
    assert np.isfinite(k_means(same, 30, 0)).all()
