"""Codes of four, two and one bit: where bits go, what codes stand for, and that searches by them find what is there."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.native import FORCED
from embeddings.search.brute_force import Matrix, exact_search
from embeddings.search.clustering import Codes
from embeddings.search.index import build_index, open_index
from embeddings.search.list_building import build_lists, list_factory, lists_to_try, principal_axes
from embeddings.search.list_file import LISTS_FILE, Lists, read_lists, write_lists
from embeddings.search.list_search import ListSearch, Reach
from embeddings.search.recall import SearchKind, analogy_targets
from embeddings.search.report import IndexParameters
from embeddings.search.short_codes import MOST_NIBBLES, Bits, bits_for, short_codes
from tests.embeddings.search.conftest import written_with
from tests.embeddings.search.test_list_search import levels

FACTORY = "L30,8x4,32x2,32x1"


@pytest.fixture(scope="module")
def rows() -> Matrix:
    rng = np.random.default_rng(3)
    made = rng.normal(size=(60, 160))[rng.integers(0, 60, 9000)] + 0.7 * rng.normal(size=(9000, 160))
    made *= np.linspace(2, 0.5, 160)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def short(rows: Matrix) -> Lists:
    return build_lists(rows, FACTORY, 0)


_FOUR = (0.1284, 0.3881, 0.6568, 0.9424, 1.2562, 1.6181, 2.0690, 2.7326)
LEVELS = {
    4: np.array([*(-level for level in reversed(_FOUR)), *_FOUR], np.float32),
    2: np.array([-1.5104, -0.4528, 0.4528, 1.5104], np.float32),
    1: np.array([-0.7979, 0.7979], np.float32),
}
"""The levels of least error of normal numbers (Max 1960, table I)."""


def decoded(codes: Codes, sizes: Matrix, bits: Bits) -> Matrix:
    """What ``codes`` [n, nibbles / 2] stand for, float32 [n, kept]."""
    nibbles = np.stack([codes & 15, codes >> 4], axis=2).reshape(len(codes), bits.nibbles)
    parts, place = [], 0
    for each, number in ((4, bits.fours), (2, bits.twos), (1, bits.ones)):
        together = 4 // each
        some = nibbles[:, place : place + number // together, None]
        shifts = (each * np.arange(together)).astype(np.uint8)
        chosen = (some >> shifts) & np.uint8(2**each - 1)
        parts.append(LEVELS[each][chosen.reshape(len(codes), number)])
        place += number // together
    return np.concatenate(parts, axis=1) * sizes


def test_bits_go_to_the_directions_that_hold_most() -> None:
    bits = bits_for(np.geomspace(1, 0.001, 200).astype(np.float32), 300)
    assert bits.fours > 0 and bits.twos > 0 and bits.ones > 0 and bits.are_possible(200)
    assert abs(4 * bits.fours + 2 * bits.twos + bits.ones - 300) <= 24
    assert bits_for(np.ones(64, np.float32), 64) == Bits(0, 0, 64)
    assert bits_for(np.ones(64, np.float32), 10_000) == Bits(64, 0, 0)
    assert bits_for(np.ones(4096, np.float32), 4096).nibbles <= MOST_NIBBLES


@pytest.mark.parametrize(("each", "left"), [(4, 0.0095), (2, 0.1175), (1, 0.3634)])
def test_codes_of_normal_numbers_leave_the_least_error_there_is(each: int, left: float) -> None:
    numbers = np.random.default_rng(0).normal(size=(20_000, 16)).astype(np.float32) * np.float32(0.2)
    bits = Bits(*(16 if each == size else 0 for size in (4, 2, 1)))
    sizes = np.full(16, 0.2, np.float32)
    codes = short_codes(numbers, sizes, bits)
    assert codes.shape == (20_000, bits.nibbles // 2)
    error = np.square(decoded(codes, sizes, bits) - numbers).mean() / np.square(numbers).mean()
    assert error == pytest.approx(left, rel=0.05)


@pytest.mark.parametrize("level", levels())
def test_the_kernel_scores_rows_as_their_codes_say(
    rows: Matrix, short: Lists, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    assert short.bits is not None
    axes = principal_axes(rows, 0).axes[: short.kept]
    approximate = decoded(short_codes(rows @ axes.T, short.steps, short.bits), short.steps, short.bits)
    targets = analogy_targets(rows, 12, 5)[0]
    search = ListSearch(short, rows, {})
    for target in targets:
        by_codes = approximate @ (axes @ target)
        # With a margin of nothing only rows that codes put among the ten best are ranked; tables round a little.
        found = search.nearest_of_each(target[None], 10, Reach(4, 0))[1][0]
        assert by_codes[found].min() >= np.sort(by_codes)[-10] - 0.03


@pytest.mark.parametrize("level", levels())
def test_a_search_that_leaves_nothing_out_is_brute_force(
    rows: Matrix, short: Lists, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    search = ListSearch(short, rows, {asked: Reach(4, 4) for asked in SearchKind})
    targets = analogy_targets(rows, 70, 6)[0]
    true_scores, true_rows = exact_search(rows, targets, 10)
    for together in (1, 64):
        scores, found_rows, found = search.nearest_of_each(targets, 10, together=together)
        assert (found == 10).all()
        assert (found_rows == true_rows).mean() > 0.999
        np.testing.assert_allclose(scores, true_scores, atol=1e-5)
    few, of_few = search.nearest(targets[0], 5, limit=100, excluded=[3])
    allowed = np.setdiff1d(np.arange(100), [3])
    assert of_few.tolist() == allowed[np.argsort(-(rows[allowed] @ targets[0]))[:5]].tolist()
    assert (np.diff(few) <= 0).all()


def test_many_dimensions_get_short_codes_and_the_wanted_recall(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(400, 256))[rng.integers(0, 400, 24_000)] + 0.8 * rng.normal(size=(24_000, 256))
    unit = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
    report = build_index(unit, IndexParameters("lists", targets=300), tmp_path)
    assert report.factory is not None and report.factory == list_factory(unit, 0) and "x1" in report.factory
    assert len(set(lists_to_try(unit))) == 3
    targets = analogy_targets(unit, 300, 99)[0]
    found = open_index(unit, report, tmp_path).search(targets, 10, asked=SearchKind.ANALOGY)[1]
    true = exact_search(unit, targets, 10)[1]
    assert (found[:, :, None] == true[:, None, :]).any(axis=1).mean() >= 0.999
    assert (tmp_path / LISTS_FILE).stat().st_size < unit.size // 2  # 8 bits a number would be twice that


@pytest.mark.parametrize(
    "factory", ["L30,6x4,32x2,32x1", "L30,8x4,30x2,32x1", "L30,8x4,32x2,30x1", "L30,8x4,160x2,32x1", "L0,8x4,32x2,32x1"]
)
def test_names_that_no_codes_can_have_are_refused(rows: Matrix, factory: str) -> None:
    with pytest.raises(ModelError, match="L500,20x4"):
        build_lists(rows, factory, 0)


def test_the_file_gives_back_the_lists(rows: Matrix, short: Lists, tmp_path: Path) -> None:
    path = tmp_path / LISTS_FILE
    write_lists(short, path)
    read = read_lists(HeldFile(path), path, *rows.shape)
    assert read.bits == short.bits == Bits(8, 32, 32)
    assert (read.codes == short.codes).all() and (read.ids == short.ids).all()


@pytest.mark.parametrize("field", range(9))
@pytest.mark.parametrize("value", [-(2**63), -4, 0, 1, 4, 2**31, 2**62, 2**63 - 1])
def test_counts_that_cannot_be_are_refused(rows: Matrix, short: Lists, tmp_path: Path, field: int, value: int) -> None:
    path = written_with(short, tmp_path, field, value)
    with pytest.raises(ModelError, match=LISTS_FILE):
        read_lists(HeldFile(path), path, *rows.shape)


def test_bits_that_do_not_fit_the_dimensions_are_refused(rows: Matrix, short: Lists, tmp_path: Path) -> None:
    for bits in (Bits(12, 24, 36), Bits(72, 0, 0), Bits(-8, 64, 16)):
        path = written_with(short, tmp_path, 6, bits.fours, bits.twos, bits.ones)
        with pytest.raises(ModelError, match="damaged"):
            read_lists(HeldFile(path), path, *rows.shape)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_any_bytes_changed_is_refused_or_searched(
    rows: Matrix, short: Lists, tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / LISTS_FILE
    path.unlink(missing_ok=True)
    write_lists(short, path)
    content = bytearray(path.read_bytes())
    head = 72 + 72 * 160 * 4 + 72 * 8 + 30 * 4  # where most of what could do harm stands
    places = st.one_of(st.integers(0, 80), st.integers(0, head), st.integers(0, len(content) - 1))
    for place in data.draw(st.lists(places, min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    path.unlink()
    path.write_bytes(content)
    try:
        found = read_lists(HeldFile(path), path, *rows.shape)
    except ModelError as error:
        assert LISTS_FILE in str(error)
    else:
        _, at, _ = ListSearch(found, rows, {}).nearest_of_each(rows[:3], 10, Reach(1, 0.1))
        assert ((at >= 0) & (at < len(rows))).all()
