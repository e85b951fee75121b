"""The search kernel: the same answers as brute force, at every level of instructions."""

import os
import threading
import warnings
from ctypes import c_int64, c_void_p
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.native import FORCED, LEVELS, load_library, processor_level
from embeddings.search import list_search
from embeddings.search.brute_force import Matrix, exact_search
from embeddings.search.index import open_index
from embeddings.search.index_building import build_index
from embeddings.search.list_building import build_lists, list_factory
from embeddings.search.list_file import Lists
from embeddings.search.list_search import LARGEST_K, ListSearch, Reach
from embeddings.search.recall import SearchKind, analogy_targets, expression_targets, neighbour_targets
from embeddings.search.report import IndexParameters, IndexReport

EVERYTHING = {asked: Reach(4, 4, 4, 4) for asked in SearchKind}
"""Reads all lists and ranks all rows, so that what is found must be what brute force finds."""


def clustered(count: int, dimension: int, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(100, dimension))[rng.integers(0, 100, count)] + 0.6 * rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def with_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_search, "processors", lambda: 2)
    monkeypatch.setattr(list_search, "_threads", 2)  # a server of an earlier test may have set it to 1


def levels() -> list[str]:
    return list(LEVELS[: LEVELS.index(processor_level("embeddings.search")) + 1])


def test_ten_thousand_queries_are_answered_as_by_brute_force(rows27: Matrix, folder: tuple[Path, IndexReport]) -> None:
    index = open_index(rows27, folder[1], folder[0])
    makers = {
        SearchKind.ANALOGY: (analogy_targets, 4000),
        SearchKind.EXPRESSION: (expression_targets, 3000),
        SearchKind.NEIGHBOURS: (neighbour_targets, 3000),
    }
    asked_for = 0
    for asked, (make, number) in makers.items():
        targets, _ = make(rows27, number, 99)
        scores, rows = index.search(targets, 10, asked=asked)
        true_scores, true_rows = exact_search(rows27, targets, 10)
        found = (rows[:, :, None] == true_rows[:, None, :]).any(axis=1)
        assert found.mean() >= 0.999, asked
        same = (rows == true_rows).all(axis=1)
        np.testing.assert_allclose(scores[same], true_scores[same], atol=1e-5)
        np.testing.assert_allclose(scores, (rows27[rows] @ targets[:, :, None])[:, :, 0], atol=1e-5)
        asked_for += len(targets)
    assert asked_for >= 9990  # but for the few targets that are no direction


def test_a_search_that_leaves_nothing_out_is_brute_force(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, EVERYTHING)
    targets, _ = analogy_targets(rows27, 20, 5)
    for k in (1, 10, 700, LARGEST_K):
        _, rows, found = search.nearest_of_each(targets, k)
        assert (found == k).all()
        assert (rows == exact_search(rows27, targets, k)[1]).mean() > 0.999  # but for scores that differ by rounding


def test_later_targets_of_a_batch_have_as_much_room_as_the_first(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, {})
    targets, _ = analogy_targets(rows27, 200, 5)
    for how in (Reach(3, 1, 0.6, 0.6), Reach(0.6, 0.3, 0.2, 0.1)):
        rows = search.nearest_of_each(targets, 500, how, together=64)[1]
        assert (rows == exact_search(rows27, targets, 500)[1]).mean() > 0.99


def test_all_levels_find_the_same(rows27: Matrix, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, _ = analogy_targets(rows27, 100, 6)
    answers = []
    for level in levels():
        monkeypatch.setenv(FORCED, level)
        search = ListSearch(lists, rows27, {SearchKind.ANALOGY: Reach(0.6, 0.15, 0.05, 0.03)})
        together = search.nearest_of_each(targets, 10, SearchKind.ANALOGY)
        alone = [search.nearest(target, 10, SearchKind.ANALOGY) for target in targets]
        assert (np.stack([rows for _, rows in alone]) == together[1]).mean() > 0.99
        answers.append((np.stack([scores for scores, _ in alone]), np.stack([rows for _, rows in alone])))
    for scores, rows in answers[1:]:
        assert (rows == answers[0][1]).mean() > 0.999
        np.testing.assert_allclose(scores, answers[0][0], atol=1e-6)


@pytest.mark.parametrize("by_tiles", [True, False])
@pytest.mark.parametrize(("steps", "count"), [(1, 32), (3, 32), (1, 16), (3, 17), (2, 3)])
def test_products_of_a_part_are_those_of_its_numbers(steps: int, count: int, by_tiles: bool) -> None:
    rng = np.random.default_rng(steps)
    targets = rng.integers(-127, 128, (32, 64 * steps)).astype(np.int8)
    rows = rng.integers(0, 256, (2, 16 * steps, 16, 4)).astype(np.uint8)  # four numbers of each row after the next four
    targets[0], rows[0, :, 0] = 127, 255  # no sum is cut off
    sums = np.zeros((2, 32, 16), np.int32)
    arguments = [c_int64, c_void_p, c_int64, c_void_p, c_int64, c_void_p]
    multiply = load_library("embeddings.search").function("multiply_part", c_int64, arguments)
    if not multiply(by_tiles, targets.ctypes.data, count, rows.ctypes.data, steps, sums.ctypes.data):
        pytest.skip("this processor cannot")
    by_row = rows.transpose(0, 2, 1, 3).reshape(2, 16, -1).astype(np.int32)
    assert (sums == np.einsum("hrn,tn->htr", by_row, targets.astype(np.int32)))[:, :count].all()


def test_targets_find_the_same_alone_and_in_batches_of_any_size(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, {SearchKind.ANALOGY: Reach(0.6, 0.15, 0.05, 0.03)})
    targets, _ = analogy_targets(rows27, 600, 8)
    alone = search.nearest_of_each(targets, 10, SearchKind.ANALOGY, together=1)[1]
    for together in (2, 16, 64, 512):
        found = search.nearest_of_each(targets, 10, SearchKind.ANALOGY, together=together)[1]
        assert (found == alone).mean() > 0.999, together
    many = search.nearest_of_each(targets[:40], LARGEST_K, SearchKind.ANALOGY, together=32)[1]
    assert all(len(set(rows.tolist())) == LARGEST_K for rows in many)


@pytest.mark.parametrize(("dimension", "bits"), [(60, 8), (90, 4), (180, 2), (300, 1)])
def test_batches_read_fine_codes_of_all_lengths(dimension: int, bits: int) -> None:
    rows = clustered(4000, dimension)
    built = build_lists(rows, list_factory(*rows.shape), 0)
    assert built.bits.fine == bits
    search = ListSearch(built, rows, {SearchKind.ANALOGY: Reach(0.4, 0.15, 0.1, 0.05)})
    targets, _ = analogy_targets(rows, 100, 8)
    alone = search.nearest_of_each(targets, 10, SearchKind.ANALOGY, together=1)[1]
    found = search.nearest_of_each(targets, 10, SearchKind.ANALOGY)[1]
    true = exact_search(rows, targets, 10)[1]
    assert (found == true).mean() > 0.99
    assert (found == true).mean() >= (alone == true).mean() - 0.005


@pytest.mark.parametrize("k", [600, 700, 1000, 1100])
def test_many_rows_are_waited_for_within_the_memory_there_is(rows27: Matrix, lists: Lists, k: int) -> None:
    search = ListSearch(lists, rows27, {SearchKind.ANALOGY: Reach(0.6, 0.15, 0.05, 0.03)})
    targets, _ = analogy_targets(rows27, 100, 8)
    together = search.nearest_of_each(targets, k, SearchKind.ANALOGY)[1]
    alone = search.nearest_of_each(targets, k, SearchKind.ANALOGY, together=1)[1]
    true = exact_search(rows27, targets, k)[1]
    assert all(len(set(row)) == k for row in together.tolist())
    for found in (together, alone):
        assert (
            np.mean([len(set(one) & set(other)) for one, other in zip(found.tolist(), true.tolist(), strict=True)])
            > 0.99 * k
        )


def test_excluded_rows_filters_and_limits_act_within_the_search(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, EVERYTHING)
    target = rows27[17]
    order = np.argsort(-(rows27 @ target), kind="stable")
    for excluded in ([17], order[:5].tolist(), order[:200].tolist()):
        left = order[~np.isin(order, excluded)][:10]
        assert search.nearest(target, 10, excluded=excluded)[1] == left.tolist()
    assert search.nearest(target, 10, limit=500)[1] == order[order < 500][:10].tolist()
    allowed = np.arange(len(rows27)) % 7 == 3
    assert search.nearest(target, 10, allowed=allowed)[1] == order[order % 7 == 3][:10].tolist()
    both = search.nearest(target, 10, allowed=allowed, limit=500, excluded=[17])[1]
    assert both == order[(order % 7 == 3) & (order < 500) & (order != 17)][:10].tolist()
    assert allowed.sum() == (np.arange(len(rows27)) % 7 == 3).sum()  # what is handed in stays as it is
    few = np.zeros(len(rows27), bool)
    few[[5, 9]] = True
    assert sorted(search.nearest(target, 10, allowed=few)[1]) == [5, 9]
    with pytest.raises(ValueError, match="allowed"):
        search.nearest(target, 10, allowed=few[:-1])


@pytest.mark.parametrize("every", [2, 7, 400])
def test_filters_act_within_a_batch_however_few_rows_they_leave(rows27: Matrix, lists: Lists, every: int) -> None:
    search = ListSearch(lists, rows27, EVERYTHING)
    targets, _ = analogy_targets(rows27, 100, 7)
    allowed = np.arange(len(rows27)) % every == 1
    scores, rows, found = search.nearest_of_each(targets, 10, allowed=allowed)
    assert (found == 10).all()
    assert allowed[rows].all()
    true_scores = exact_search(rows27[allowed], targets, 10)[0]
    np.testing.assert_allclose(scores, true_scores, atol=1e-5)


def test_a_restricted_search_keeps_its_recall(rows27: Matrix, folder: tuple[Path, IndexReport]) -> None:
    search = open_index(rows27, folder[1], folder[0])._opened_lists()
    targets, _ = analogy_targets(rows27, 300, 7)
    found = search.nearest_of_each(targets, 10, SearchKind.ANALOGY, limit=3000)[1]
    true = exact_search(rows27[:3000], targets, 10)[1]
    assert (found[:, :, None] == true[:, None, :]).any(axis=1).mean() >= 0.998


def test_targets_that_are_no_direction_find_nothing(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, EVERYTHING)
    bad = np.zeros((4, 27), np.float32)
    bad[1] = np.nan
    bad[2, 3] = np.inf
    bad[3] = rows27[0]
    assert search.nearest_of_each(bad, 5)[2].tolist() == [0, 0, 0, 5]
    assert len(search.nearest(bad[1], 5)[1]) == 0
    for k in (0, LARGEST_K + 1):
        with pytest.raises(ValueError, match="1 to 2,048"):
            search.nearest(bad[3], k)
    with pytest.raises(ValueError, match="dimensions"):
        search.nearest(bad[3, :20], 5)


def test_rows_that_are_all_the_same_take_bounded_memory() -> None:
    rows27 = np.tile(clustered(1, 8), (40_000, 1))
    lists = build_lists(rows27, "L10/32,4+8", 0)
    scores, rows = ListSearch(lists, rows27, EVERYTHING).nearest(rows27[0], 10)
    np.testing.assert_allclose(scores, 1, atol=1e-6)
    assert len(set(rows)) == 10


def test_threads_may_search_at_once(rows27: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, rows27, EVERYTHING)
    targets, _ = analogy_targets(rows27, 60, 8)
    true = exact_search(rows27, targets, 5)[1]
    wrong: list[int] = []

    def ask(start: int) -> None:
        found = {place: set(search.nearest(targets[place], 5)[1]) for place in range(start, 60, 4)}
        wrong.extend(place for place, rows in found.items() if rows != set(true[place].tolist()))

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("level", levels())
def test_a_second_thread_searches_for_who_asks_query_after_query(
    rows27: Matrix, lists: Lists, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    with_two_threads(monkeypatch)
    targets, _ = analogy_targets(rows27, 60, 9)
    reaches = {SearchKind.ANALOGY: Reach(0.3, 0.1, 0.05, 0.01)}
    apart = ListSearch(lists, rows27, reaches)
    found = [apart.nearest(target, 10, SearchKind.ANALOGY)[1] for target in targets]
    monkeypatch.setattr(list_search, "_threads", 1)
    alone = ListSearch(lists, rows27, reaches)
    np.testing.assert_array_equal(found, [alone.nearest(target, 10, SearchKind.ANALOGY)[1] for target in targets])


@pytest.mark.parametrize("level", levels())
def test_a_long_search_is_parted(rows27: Matrix, lists: Lists, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, level)
    with_two_threads(monkeypatch)
    monkeypatch.setattr(list_search, "_PARTED_FROM", 0)
    everything = ListSearch(lists, rows27, EVERYTHING)
    targets, _ = analogy_targets(rows27, 60, 9)
    for k in (1, 10, 255, 256, 257):
        found = np.stack([everything.nearest(target, k)[1] for target in targets[:20]])
        assert (found == exact_search(rows27, targets[:20], k)[1]).mean() > 0.999, k
    odd = np.arange(len(rows27)) % 2 == 1
    assert sorted(everything.nearest(targets[0], 20, allowed=odd, limit=15)[1]) == [1, 3, 5, 7, 9, 11, 13]
    assert len(everything.nearest(np.zeros(27, np.float32), 5)[1]) == 0
    near = ListSearch(lists, rows27, {SearchKind.ANALOGY: Reach(0.3, 0.1, 0.05, 0.01)})
    runs = [[near.nearest(target, 10, SearchKind.ANALOGY)[1] for target in targets] for _ in range(3)]
    np.testing.assert_array_equal(runs[0], runs[1])  # whichever thread is faster
    np.testing.assert_array_equal(runs[0], runs[2])


def threads_of_the_same_name() -> int:
    """Those of gRPC have names; it starts them in every fork of a process that has asked a Milvus."""
    own = Path("/proc/self/comm").read_text()
    return sum(path.read_text() == own for path in Path("/proc/self/task").glob("*/comm"))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux lists them")
def test_a_forked_process_has_a_second_thread_of_its_own(
    rows27: Matrix, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_two_threads(monkeypatch)
    search = ListSearch(lists, rows27, EVERYTHING)
    before = [search.nearest(rows27[3], 10)[1] for _ in range(20)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork in a process with threads
        child = os.fork()
    if child == 0:
        threads = threads_of_the_same_name()
        again = [search.nearest(rows27[3], 10)[1] for _ in range(200)]
        os._exit(threads != 1 or threads_of_the_same_name() != 2 or again != before[:1] * 200)
    assert os.waitpid(child, 0)[1] == 0
    assert before == [search.nearest(rows27[3], 10)[1]] * 20


def test_a_server_searches_by_one_thread(rows27: Matrix, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    with_two_threads(monkeypatch)
    list_search.search_by_one_thread()
    search = ListSearch(lists, rows27, EVERYTHING)
    assert search._threads == 1


def test_a_model_without_a_kernel_is_searched_exactly_and_says_so(
    rows27: Matrix,
    folder: tuple[Path, IndexReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(FORCED, "none")
    index = open_index(rows27, folder[1], folder[0])
    assert index.is_exact
    assert "compares with all rows" in caplog.text
    assert index.search(rows27[:3], 1)[1].ravel().tolist() == [0, 1, 2]
    caplog.clear()
    many = clustered(20_000, 8)
    assert build_index(many, IndexParameters(recall=0.9), tmp_path).kind == "fastscan"
    assert "FAISS indexes this model" in caplog.text


@pytest.mark.parametrize(
    "reach",
    [
        [0.7, 0.1],
        ["a", 1, 1, 1, 0],
        [float("nan"), 0.1, 0.1, 0.1, 0],
        [0.7, -0.5, 1, 1, 0],
        [1e9, 0.1, 1, 1, 0],
        [0.7, 1, 1, float("inf"), 0],
        [0.7, 1, 1, 1, -1.5],
        [0.7, 1, 1, 1, float("nan")],
        [0.7, 1, 1, 1, 0, 0],
        None,
    ],
)
def test_a_reach_that_cannot_be_is_refused(rows27: Matrix, folder: tuple[Path, IndexReport], reach: object) -> None:
    report = replace(folder[1], reach_for={"analogy": reach})  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="reach_for"):
        open_index(rows27, report, folder[0])


def test_what_is_farther_than_all_that_was_measured_is_searched_row_by_row(
    rows27: Matrix, folder: tuple[Path, IndexReport]
) -> None:
    targets, _ = analogy_targets(rows27, 40, 9)
    true_rows = exact_search(rows27, targets, 10)[1]
    for floor, is_right in ((0.999, True), (-1.0, False)):
        report = replace(folder[1], reach_for={"analogy": [0, 0, 0, 0, floor]})
        index = open_index(rows27, report, folder[0])
        together = index.search(targets, 10, asked=SearchKind.ANALOGY)[1]
        alone = np.stack([index.nearest(target, 10, asked=SearchKind.ANALOGY)[1] for target in targets])
        left_out = [
            index.nearest(target, 9, excluded=[int(rows[0])], asked=SearchKind.ANALOGY)[1]
            for target, rows in zip(targets, true_rows, strict=True)
        ]
        assert ((together == true_rows).all(), (alone == true_rows).all()) == (is_right, is_right)
        assert (np.stack(left_out) == true_rows[:, 1:]).all() == is_right


def test_the_floor_is_the_farthest_target_that_was_measured(folder: tuple[Path, IndexReport]) -> None:
    of_analogies, of_expressions = (folder[1].reach_for[kind] for kind in ("analogy", "expression"))
    assert len(of_analogies) == 5
    assert -1 < of_expressions[4] <= of_analogies[4] < 1
