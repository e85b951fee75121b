"""How lists are chosen, built and measured."""

from itertools import pairwise

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.search.brute_force import Matrix
from embeddings.search.list_building import build_lists, list_factory, lists_to_try, sample_of
from embeddings.search.list_file import NO_ROW, Lists


@pytest.mark.parametrize(
    "factory", ["PQ8x4fs", "L0/32,6+8", "L20000/32,6+8", "L60/32,5+8", "L60/32,0+8", "L60/32,400+8", "L60/32,6+3", ""]
)
def test_names_of_no_lists_are_refused(rows27: Matrix, factory: str) -> None:
    with pytest.raises(ModelError, match="names no lists"):
        build_lists(rows27, factory or "L", 0)


@pytest.mark.parametrize(("count", "number", "least"), [(3_000_000, 262_144, 16_384), (1_000_000, 600_000, 30_000)])
def test_a_sixteenth_of_a_sample_are_frequent_rows(count: int, number: int, least: int) -> None:
    """Of 3 million rows one of a hundred is frequent: what is made for the others would suit those ill."""
    sample = sample_of(count, number, 7)
    assert np.count_nonzero(sample < 30_000) == least
    assert len(sample) == number and (np.diff(sample) > 0).all()
    assert abs(sample[sample >= 30_000].mean() / count - 0.5) < 0.02  # the others are of all places


def test_where_enough_rows_are_frequent_a_sample_is_at_random() -> None:
    sample = sample_of(400_000, 49_984, 7)
    assert np.array_equal(sample, np.sort(np.random.default_rng(7).permutation(400_000)[:49_984]))
    assert sample_of(500, 32_768, 7).tolist() == list(range(500))


def test_lists_hold_every_row_once_near_its_centre(rows27: Matrix, lists: Lists) -> None:
    rows = lists.ids[lists.ids != NO_ROW]
    assert sorted(rows.tolist()) == list(range(len(rows27)))
    assert len(lists) == len(rows27) // 256
    np.testing.assert_allclose(lists.rotation @ lists.rotation.T, np.diag([1.0] * 27 + [0.0]), atol=1e-5)


def test_rows_of_a_part_are_about_as_near_to_their_centre_as_each_other(rows27: Matrix, lists: Lists) -> None:
    centres = lists.centres.transpose(0, 2, 1, 3).reshape(-1, lists.turned)[: len(lists)]
    scores = rows27 @ (((centres - 128.0) * lists.centre_steps) @ lists.rotation).T
    list_of = np.repeat(np.arange(len(lists)), np.diff(lists.first_part.astype(int)))
    for part in range(lists.parts):
        ids = lists.ids[32 * part : 32 * (part + 1)]
        own = scores[ids[ids != NO_ROW], list_of[part]]
        assert 0 < len(own) <= 32
        assert lists.scales[part] * own.mean() == pytest.approx(1, rel=1e-3)
    for first, last in pairwise(lists.first_part.tolist()):
        assert (np.diff(lists.scales[first:last]) >= 0).all() and (np.diff(lists.spreads[first:last]) >= 0).all()


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        ((400_000, 50), "L1562/32,10+8"),
        ((214_640, 380), "L838/32,26+1"),
        ((3000, 100), "L11/32,12+4"),
        ((100, 3), "L1/32,2+8"),
    ],
)
def test_the_usual_lists_go_by_rows_and_dimensions(shape: tuple[int, int], name: str) -> None:
    assert list_factory(*shape) == name


def test_lists_of_other_lengths_are_tried() -> None:
    assert lists_to_try(400_000, 50) == ["L1562/32,10+8", "L3124/32,10+8", "L781/32,10+8"]
