"""How lists are chosen, built and measured."""

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.search.brute_force import Matrix
from embeddings.search.list_building import build_lists, list_factory, lists_to_try
from embeddings.search.list_file import NO_ROW, Lists


@pytest.mark.parametrize("factory", ["PQ8x4fs", "L0,28x8", "L20000,28x8", "L60,26x8", "L60,400x8", "L60,28x4", ""])
def test_names_of_no_lists_are_refused(rows27: Matrix, factory: str) -> None:
    with pytest.raises(ModelError, match="names no lists"):
        build_lists(rows27, factory or "L", 0)


def test_lists_hold_every_row_once_near_its_centre(rows27: Matrix, lists: Lists) -> None:
    rows = lists.ids[lists.ids != NO_ROW]
    assert sorted(rows.tolist()) == list(range(len(rows27)))
    assert len(lists) == len(rows27) // 200
    np.testing.assert_allclose(lists.rotation @ lists.rotation.T, np.diag([1.0] * 27 + [0.0]), atol=1e-5)


def test_of_many_dimensions_those_are_kept_that_hold_most() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 200)).astype(np.float32) * np.arange(1, 201, dtype=np.float32) ** -1.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert list_factory(rows, 0) == "L15,64x8"
    assert lists_to_try(rows) == ["L15,64x8", "L30,64x8", "L7,64x8"]
