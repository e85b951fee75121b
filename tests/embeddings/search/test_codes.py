"""Coarse and fine codes: where bits go, what codes stand for, and that searches by them find what is there."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.native import FORCED
from embeddings.search.brute_force import Matrix, exact_search
from embeddings.search.clustering import ZERO_CODE, Codes
from embeddings.search.codes import MOST_NIBBLES, MOST_TURNED, Bits, bits_for, most_fine_bits
from embeddings.search.index import open_index
from embeddings.search.index_building import build_index
from embeddings.search.list_building import build_lists
from embeddings.search.list_file import LISTS_FILE, NO_ROW, Lists, read_lists, write_lists
from embeddings.search.list_search import ListSearch, Reach
from embeddings.search.recall import SearchKind, analogy_targets
from embeddings.search.report import IndexParameters
from tests.embeddings.search.conftest import written_with
from tests.embeddings.search.test_list_search import levels

FACTORIES = ((160, "L30/32,32+1"), (160, "L30/32,16+2"), (120, "L30/32,20+4"), (60, "L30/32,30+8"))
"""Dimensions, and lists whose codes suit them."""


def _made(dimension: int, count: int = 6000) -> Matrix:
    rng = np.random.default_rng(3)
    made = rng.normal(size=(60, dimension))[rng.integers(0, 60, count)] + 0.7 * rng.normal(size=(count, dimension))
    made *= np.linspace(2, 0.5, dimension)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module", params=FACTORIES, ids=lambda param: param[1])
def both(request: pytest.FixtureRequest) -> tuple[Matrix, Lists]:
    dimension, factory = request.param
    rows = _made(dimension)
    return rows, build_lists(rows, factory, 0)


@pytest.fixture(scope="module")
def rows(both: tuple[Matrix, Lists]) -> Matrix:
    return both[0]


@pytest.fixture(scope="module")
def coded(both: tuple[Matrix, Lists]) -> Lists:
    return both[1]


_FOUR = (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326)
LEVELS = {
    4: np.array([*(-level for level in reversed(_FOUR)), *_FOUR], np.float32),
    2: np.array([-1.5104, -0.4528, 0.4528, 1.5104], np.float32),
    1: np.array([-0.7979, 0.7979], np.float32),
}
"""The levels of least error of normal numbers (Max 1960, table I)."""


def _coarse(lists: Lists) -> Matrix:
    """What coarse codes stand for, of each place of the index, float32 [places, turned]."""
    halves = lists.coarse[:, 1:].reshape(lists.parts, -1, 16, 2)  # rows 0 and 16, 1 and 17, and so on
    codes = halves.transpose(0, 3, 2, 1).reshape(len(lists.ids), -1)
    bits = lists.bits
    nibbles = np.stack([codes & 15, codes >> 4], axis=2).reshape(len(codes), bits.nibbles)
    parts, place = [], 0
    for each, number in ((4, bits.fours), (2, bits.twos), (1, bits.ones)):
        together = 4 // each
        some = nibbles[:, place : place + number // together, None]
        chosen = (some >> (each * np.arange(together)).astype(np.uint8)) & np.uint8(2**each - 1)
        parts.append(LEVELS[each][chosen.reshape(len(codes), number)])
        place += number // together
    found = np.zeros((len(codes), lists.turned), np.float32)
    found[:, : bits.coded] = np.concatenate(parts, axis=1)
    return found * lists.sizes


def _of_numbers(codes: Codes, bits: int, steps: Matrix) -> Matrix:
    """What fine or finer codes [places, bytes] stand for, float32 [places, turned]."""
    width = codes.shape[1]
    stretches = [codes[:, at : min(at + 32, width - 2)] for at in range(0, width, 32)]
    numbers = [
        stretch >> np.uint8(shift) & np.uint8(2**bits - 1) for stretch in stretches for shift in range(0, 8, bits)
    ]
    return (np.concatenate(numbers, axis=1)[:, : len(steps)] - (2**bits - 1) / 2).astype(np.float32) * steps


def _fine(lists: Lists) -> Matrix:
    return _of_numbers(lists.fine, lists.bits.fine, lists.steps)


def _finer(lists: Lists) -> Matrix:
    return _of_numbers(lists.finer, 2, np.float32(0.375) * lists.steps)


def _shares(codes: Codes) -> Matrix:
    """Of places, the last two bytes of fine or finer codes."""
    return np.asarray(np.ascontiguousarray(codes[:, -2:]).view("<u2").ravel() / 32768, np.float32)


def _centres(lists: Lists) -> Matrix:
    """The centre of each place's list, float32 [places, turned]."""
    codes = lists.centres.transpose(0, 2, 1, 3).reshape(-1, lists.turned).astype(np.float32)
    places = np.diff(lists.first_part.astype(int)) * 32
    return np.repeat((codes[: len(lists)] - ZERO_CODE) * lists.centre_steps, places, axis=0)


def test_bits_go_to_the_directions_that_hold_most() -> None:
    bits = bits_for(np.geomspace(1, 0.001, 200).astype(np.float32), 300, 2)
    assert bits.fours > 0 and bits.twos > 0 and bits.ones > 0 and bits.are_possible(200)
    assert abs(4 * bits.fours + 2 * bits.twos + bits.ones - 300) <= 24
    assert bits_for(np.ones(64, np.float32), 64, 4) == Bits(0, 0, 64, 4)
    assert bits_for(np.ones(64, np.float32), 10_000, 4) == Bits(64, 0, 0, 4)
    assert bits_for(np.ones(4096, np.float32), 4096, 1).nibbles <= MOST_NIBBLES


def test_a_fine_code_fills_one_line_of_the_cache() -> None:
    found = [most_fine_bits(turned) for turned in (4, 60, 64, 124, 128, 248, 252, MOST_TURNED)]
    assert found == [8, 8, 4, 4, 2, 2, 1, 1]
    assert Bits(4, 0, 0, 1).has_finer and not Bits(4, 0, 0, 2).has_finer
    for bits, turned in ((8, 64), (4, 128), (2, 252), (1, MOST_TURNED + 4)):
        assert not Bits(4, 0, 0, bits).are_possible(turned) and Bits(4, 0, 0, bits).are_possible(turned - 4)


def test_codes_leave_the_error_that_they_should_and_shares_are_products(rows: Matrix, coded: Lists) -> None:
    there = coded.ids != NO_ROW
    turned = (rows @ coded.rotation.T)[coded.ids[there]]
    left = turned - _centres(coded)[there]
    by_coarse = left - _coarse(coded)[there]
    by_fine = by_coarse - _fine(coded)[there]
    bits = coded.bits
    starts = np.cumsum([0, bits.fours, bits.twos, bits.ones]).tolist()
    for (start, end), least in zip(pairwise(starts), (0.0095, 0.1175, 0.3634), strict=True):
        if start < end:
            lost = np.square(by_coarse[:, start:end]).sum() / np.square(left[:, start:end]).sum()
            assert lost == pytest.approx(least, rel=0.1)
    share = np.square(by_fine).sum() / np.square(by_coarse).sum()
    assert share < {1: 0.4, 2: 0.17, 4: 0.04, 8: 0.02}[bits.fine]
    shares = coded.shares[there] / 200
    np.testing.assert_allclose(shares, (turned * (turned - by_coarse)).sum(axis=1), atol=0.003)
    np.testing.assert_allclose(_shares(coded.fine)[there], (turned * (turned - by_fine)).sum(axis=1), atol=1e-3)
    if bits.has_finer:
        by_finer = by_fine - _finer(coded)[there]
        assert np.square(by_finer).sum() / np.square(by_fine).sum() < 0.3
        np.testing.assert_allclose(_shares(coded.finer)[there], (turned * (turned - by_finer)).sum(axis=1), atol=1e-3)


@pytest.mark.parametrize("level", levels())
def test_the_kernel_scores_rows_as_their_codes_say(
    rows: Matrix, coded: Lists, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    targets = analogy_targets(rows, 12, 5)[0]
    places = np.tile(np.flatnonzero(coded.ids != NO_ROW)[::37], (len(targets), 1))
    parts = places // 32
    lists = np.searchsorted(coded.first_part, parts, side="right") - 1
    by_centre, by_coarse, by_fine, by_finer = ListSearch(coded, rows, {}).scores_of(targets, places, lists)
    turned, at = targets @ coded.rotation.T, places[0]
    centres, coarse, fine = _centres(coded)[at], _coarse(coded)[at], _fine(coded)[at]
    # Numbers of a target are rounded, and so are those of tables.
    np.testing.assert_allclose(by_centre, turned @ centres.T * coded.scales[parts], atol=0.04)
    np.testing.assert_allclose(by_coarse, turned @ (centres + coarse).T / (coded.shares[at] / 200), atol=0.07)
    np.testing.assert_allclose(by_fine, turned @ (centres + coarse + fine).T / _shares(coded.fine)[at], atol=0.07)
    if coded.bits.has_finer:
        whole = centres + coarse + fine + _finer(coded)[at]
        np.testing.assert_allclose(by_finer, turned @ whole.T / _shares(coded.finer)[at], atol=0.07)
    else:
        assert (by_finer == by_fine).all()


@pytest.mark.parametrize("level", levels())
def test_a_search_that_leaves_nothing_out_is_brute_force(
    rows: Matrix, coded: Lists, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    search = ListSearch(coded, rows, {asked: Reach(4, 4, 4, 4) for asked in SearchKind})
    targets = analogy_targets(rows, 70, 6)[0]
    true_scores, true_rows = exact_search(rows, targets, 10)
    for together in (1, 64):
        scores, found_rows, found = search.nearest_of_each(targets, 10, together=together)
        assert (found == 10).all()
        assert (found_rows == true_rows).mean() > 0.999
        np.testing.assert_allclose(scores, true_scores, atol=1e-5)
    few, of_few = search.nearest(targets[0], 5, limit=100, excluded=[3])
    allowed = np.setdiff1d(np.arange(100), [3])
    assert of_few == allowed[np.argsort(-(rows[allowed] @ targets[0]))[:5]].tolist()
    assert (np.diff(few) <= 0).all()


def test_of_very_many_dimensions_those_that_hold_most_are_coded() -> None:
    rows = _made(MOST_TURNED + 9, 1500)
    lists = build_lists(rows, "L10/32,40+1", 0)
    assert (lists.turned, lists.fine.shape[1], lists.finer.shape[1]) == (MOST_TURNED, 64, 128)
    search = ListSearch(lists, rows, {})
    targets = analogy_targets(rows, 20, 6)[0]
    assert (
        search.nearest_of_each(targets, 10, Reach(4, 4, 4, 4))[1] == exact_search(rows, targets, 10)[1]
    ).mean() > 0.999


def test_many_dimensions_get_the_wanted_recall(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 256))[rng.integers(0, 400, 24_000)] + 0.8 * rng.normal(size=(24_000, 256))
    unit = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    report = build_index(unit, IndexParameters("lists"), tmp_path)
    targets = analogy_targets(unit, 2000, 99)[0]
    found = open_index(unit, report, tmp_path).search(targets, 10, asked=SearchKind.ANALOGY)[1]
    true = exact_search(unit, targets, 10)[1]
    assert (found[:, :, None] == true[:, None, :]).any(axis=1).mean() >= 0.999
    assert (tmp_path / LISTS_FILE).stat().st_size < unit.size  # 8 bits a number would be more


def test_the_file_gives_back_the_lists(rows: Matrix, coded: Lists, tmp_path: Path) -> None:
    path = tmp_path / LISTS_FILE
    write_lists(coded, path)
    read = read_lists(HeldFile(path), path, *rows.shape)
    assert read.bits == coded.bits
    assert (read.coarse == coded.coarse).all() and (read.fine == coded.fine).all()
    assert read.finer.shape == coded.finer.shape and (read.finer == coded.finer).all()


def test_bits_that_do_not_fit_the_dimensions_are_refused(rows: Matrix, coded: Lists, tmp_path: Path) -> None:
    for bits in (Bits(-8, 64, 16, 2), Bits(164, 0, 0, 2), Bits(3, 0, 0, 2), Bits(8, 0, 0, 16), Bits(8, 0, 0, 3)):
        path = written_with(coded, tmp_path, 6, bits.fours, bits.twos, bits.ones, bits.fine)
        with pytest.raises(ModelError, match="damaged"):
            read_lists(HeldFile(path), path, *rows.shape)


@pytest.mark.parametrize("value", [0, 255])
def test_codes_and_shares_may_be_anything(rows: Matrix, coded: Lists, value: int) -> None:
    def filled(codes: Codes) -> Codes:
        return np.full_like(codes, value)

    made = replace(coded, coarse=filled(coded.coarse), fine=filled(coded.fine), finer=filled(coded.finer))
    search = ListSearch(made, rows, {})
    found = search.nearest_of_each(rows[:3], 10, Reach(1, 0.1, 0.1, 0.1))[1]
    assert ((found >= 0) & (found < len(rows))).all()
