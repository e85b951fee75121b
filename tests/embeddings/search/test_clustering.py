"""Codes, centres and k-means."""

from ctypes import c_int64, c_void_p

import numpy as np
import pytest

from embeddings.native import load_library
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


@pytest.mark.parametrize(("by_tiles", "by_vnni"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize(("quads", "blocks"), [(1, 1), (13, 6), (35, 16)])
def test_sixteen_queries_are_multiplied_with_the_codes_of_all_blocks(
    quads: int, blocks: int, by_tiles: bool, by_vnni: bool
) -> None:
    rng = np.random.default_rng(quads)
    codes = rng.integers(0, 256, (blocks, quads, 16, 4)).astype(np.uint8)
    queries = rng.integers(-63, 64, (16, 4 * quads)).astype(np.int8)
    codes[0, :, 0], queries[0] = 255, 63  # no sum is cut off
    products = np.zeros((16, 16, 16), np.int32)  # room for sixteen blocks
    arguments = [c_int64, c_int64, c_void_p, c_int64, c_void_p, c_int64, c_void_p]
    multiply = load_library("embeddings.search").function("multiply_codes", c_int64, arguments)
    addresses = codes.ctypes.data, quads, queries.ctypes.data, blocks, products.ctypes.data
    if not multiply(by_tiles, by_vnni, *addresses):
        pytest.skip("this processor cannot")
    by_row = codes.transpose(0, 2, 1, 3).reshape(blocks, 16, -1).astype(np.int32)
    assert (products[:, :blocks] == np.einsum("brn,qn->qbr", by_row, queries.astype(np.int32))).all()
