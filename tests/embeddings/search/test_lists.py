"""The search kernel: the same answers as brute force, at every level of instructions, whatever the file says."""

import struct
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.files import KeptOpen
from embeddings.native import FORCED, LEVELS, processor_level
from embeddings.search.brute_force import Matrix, exact_search
from embeddings.search.clustering import codes_of, in_blocks, k_means, nearest_centres, steps_for
from embeddings.search.index import build_index, open_index
from embeddings.search.list_building import build_lists, list_factory
from embeddings.search.list_file import LISTS_FILE, NO_ROW, Lists, read_lists, write_lists
from embeddings.search.list_search import LARGEST_K, ListSearch, Reach
from embeddings.search.recall import Asked, analogy_targets, expression_targets, neighbour_targets
from embeddings.search.report import IndexParameters, IndexReport

EVERYTHING = {asked: Reach(4, 4) for asked in Asked}
"""Reads all lists and ranks all rows, so that what is found must be what brute force finds."""


def clustered(count: int, dimension: int, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(100, dimension))[rng.integers(0, 100, count)] + 0.6 * rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def levels() -> list[str]:
    return list(LEVELS[: LEVELS.index(processor_level("embeddings.search")) + 1])


@pytest.fixture(scope="module")
def vectors() -> Matrix:
    return clustered(12_000, 27)


@pytest.fixture(scope="module")
def lists(vectors: Matrix) -> Lists:
    return build_lists(vectors, list_factory(vectors, 0), 0)


@pytest.fixture(scope="module")
def folder(vectors: Matrix, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IndexReport]:
    folder = tmp_path_factory.mktemp("lists")
    return folder, build_index(vectors, IndexParameters("lists"), folder)


def test_ten_thousand_queries_are_answered_as_by_brute_force(vectors: Matrix, folder: tuple[Path, IndexReport]) -> None:
    index = open_index(vectors, folder[1], folder[0])
    makers = {
        Asked.ANALOGY: (analogy_targets, 4000),
        Asked.EXPRESSION: (expression_targets, 3000),
        Asked.NEIGHBOURS: (neighbour_targets, 3000),
    }
    asked_for = 0
    for asked, (make, number) in makers.items():
        targets, _ = make(vectors, number, 99)
        scores, rows = index.search(targets, 10, asked=asked)
        true_scores, true_rows = exact_search(vectors, targets, 10)
        found = (rows[:, :, None] == true_rows[:, None, :]).any(axis=1)
        assert found.mean() >= 0.999, asked
        same = (rows == true_rows).all(axis=1)
        np.testing.assert_allclose(scores[same], true_scores[same], atol=1e-5)
        np.testing.assert_allclose(scores, (vectors[rows] @ targets[:, :, None])[:, :, 0], atol=1e-5)
        asked_for += len(targets)
    assert asked_for >= 9990  # but for the few targets that are no direction


def test_a_search_that_leaves_nothing_out_is_brute_force(vectors: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, vectors, EVERYTHING)
    targets, _ = analogy_targets(vectors, 20, 5)
    for k in (1, 10, 700, LARGEST_K):
        _, rows, found = search.nearest_of_each(targets, k)
        assert (found == k).all()
        assert (rows == exact_search(vectors, targets, k)[1]).mean() > 0.999  # but for scores that differ by rounding


def test_all_levels_find_the_same(vectors: Matrix, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, _ = analogy_targets(vectors, 100, 6)
    answers = []
    for level in levels():
        monkeypatch.setenv(FORCED, level)
        search = ListSearch(lists, vectors, {Asked.ANALOGY: Reach(0.7, 0.01)})
        together = search.nearest_of_each(targets, 10, Asked.ANALOGY)
        alone = [search.nearest(target, 10, Asked.ANALOGY) for target in targets]
        assert (np.stack([rows for _, rows in alone]) == together[1]).mean() > 0.99
        answers.append((np.stack([scores for scores, _ in alone]), np.stack([rows for _, rows in alone])))
    for scores, rows in answers[1:]:
        assert (rows == answers[0][1]).mean() > 0.999
        np.testing.assert_allclose(scores, answers[0][0], atol=1e-6)


def test_excluded_rows_filters_and_limits_act_within_the_search(vectors: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, vectors, EVERYTHING)
    target = vectors[17]
    order = np.argsort(-(vectors @ target), kind="stable")
    for excluded in ([17], order[:5].tolist(), order[:200].tolist()):
        left = order[~np.isin(order, excluded)][:10]
        assert search.nearest(target, 10, excluded=excluded)[1].tolist() == left.tolist()
    assert search.nearest(target, 10, limit=500)[1].tolist() == order[order < 500][:10].tolist()
    allowed = np.arange(len(vectors)) % 7 == 3
    assert search.nearest(target, 10, allowed=allowed)[1].tolist() == order[order % 7 == 3][:10].tolist()
    both = search.nearest(target, 10, allowed=allowed, limit=500, excluded=[17])[1]
    assert both.tolist() == order[(order % 7 == 3) & (order < 500) & (order != 17)][:10].tolist()
    assert allowed.sum() == (np.arange(len(vectors)) % 7 == 3).sum()  # what is handed in stays as it is
    few = np.zeros(len(vectors), bool)
    few[[5, 9]] = True
    assert sorted(search.nearest(target, 10, allowed=few)[1].tolist()) == [5, 9]
    with pytest.raises(ValueError, match="allowed"):
        search.nearest(target, 10, allowed=few[:-1])


def test_a_restricted_search_keeps_its_recall(vectors: Matrix, folder: tuple[Path, IndexReport]) -> None:
    search = open_index(vectors, folder[1], folder[0])._opened_lists()
    targets, _ = analogy_targets(vectors, 300, 7)
    found = search.nearest_of_each(targets, 10, Asked.ANALOGY, limit=3000)[1]
    true = exact_search(vectors[:3000], targets, 10)[1]
    assert (found[:, :, None] == true[:, None, :]).any(axis=1).mean() >= 0.998


def test_targets_that_are_no_direction_find_nothing(vectors: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, vectors, EVERYTHING)
    bad = np.zeros((4, 27), np.float32)
    bad[1] = np.nan
    bad[2, 3] = np.inf
    bad[3] = vectors[0]
    assert search.nearest_of_each(bad, 5)[2].tolist() == [0, 0, 0, 5]
    assert len(search.nearest(bad[1], 5)[1]) == 0
    for k in (0, LARGEST_K + 1):
        with pytest.raises(ValueError, match="1 to 2,048"):
            search.nearest(bad[3], k)
    with pytest.raises(ValueError, match="dimensions"):
        search.nearest(bad[3, :20], 5)


def test_rows_that_are_all_the_same_take_bounded_memory() -> None:
    vectors = np.tile(clustered(1, 8), (40_000, 1))
    lists = build_lists(vectors, "L10,8x8", 0)
    scores, rows = ListSearch(lists, vectors, EVERYTHING).nearest(vectors[0], 10)
    np.testing.assert_allclose(scores, 1, atol=1e-6)
    assert len(set(rows.tolist())) == 10


def test_threads_may_search_at_once(vectors: Matrix, lists: Lists) -> None:
    search = ListSearch(lists, vectors, EVERYTHING)
    targets, _ = analogy_targets(vectors, 60, 8)
    true = exact_search(vectors, targets, 5)[1]
    wrong: list[int] = []

    def ask(start: int) -> None:
        found = {place: set(search.nearest(targets[place], 5)[1].tolist()) for place in range(start, 60, 4)}
        wrong.extend(place for place, rows in found.items() if rows != set(true[place].tolist()))

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_model_without_a_kernel_is_searched_exactly_and_says_so(
    vectors: Matrix,
    folder: tuple[Path, IndexReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(FORCED, "none")
    index = open_index(vectors, folder[1], folder[0])
    assert index.is_exact
    assert "compares with all rows" in caplog.text
    assert index.search(vectors[:3], 1)[1].ravel().tolist() == [0, 1, 2]
    caplog.clear()
    many = clustered(20_000, 8)
    assert build_index(many, IndexParameters(recall=0.9), tmp_path).kind == "fastscan"
    assert "FAISS indexes this model" in caplog.text


# ---- The parts


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
    assert nearest_centres(rows, middles).tolist() == distances.argmin(axis=1).tolist()
    centres = k_means(rows, 40, 0)
    nearest = nearest_centres(rows, centres)
    assert np.square(rows - centres[nearest]).sum(axis=1).mean() < 0.2
    same = np.ones((100, 4), np.float32)
    assert np.isfinite(k_means(same, 30, 0)).all()


def test_the_file_gives_back_the_lists(vectors: Matrix, lists: Lists, tmp_path: Path) -> None:
    write_lists(lists, tmp_path / LISTS_FILE)
    read = read_lists(KeptOpen(tmp_path / LISTS_FILE), tmp_path / LISTS_FILE, *vectors.shape)
    for name in ("rotation", "steps", "centre_steps", "spreads", "centres", "codes", "starts", "ids"):
        assert (getattr(read, name) == getattr(lists, name)).all(), name
    assert lists.kept == 28  # 27 dimensions, filled up


@pytest.mark.parametrize("factory", ["PQ8x4fs", "L0,28x8", "L20000,28x8", "L60,26x8", "L60,400x8", "L60,28x4", ""])
def test_names_of_no_lists_are_refused(vectors: Matrix, factory: str) -> None:
    with pytest.raises(ModelError, match="names no lists"):
        build_lists(vectors, factory or "L", 0)


# ---- Hostile files


@pytest.mark.parametrize("field", range(6))
@pytest.mark.parametrize("value", [-(2**63), -1, 0, 1, 3, 2**31, 2**62, 2**63 - 1])
def test_counts_that_cannot_be_are_refused(
    vectors: Matrix, lists: Lists, tmp_path: Path, field: int, value: int
) -> None:
    path = tmp_path / LISTS_FILE
    write_lists(lists, path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<q", content, 8 * field, value)
    path.write_bytes(content)
    with pytest.raises(ModelError, match=LISTS_FILE):
        read_lists(KeptOpen(path), path, *vectors.shape)


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("rotation", (0, 0), np.nan),
        ("rotation", (3, 2), 1e30),
        ("steps", 0, 0),
        ("steps", 1, -1),
        ("centre_steps", 2, np.inf),
        ("spreads", 5, -0.5),
        ("spreads", 5, np.nan),
        ("starts", 0, 1),
        ("starts", 3, 2**32 - 1),
        ("ids", 0, NO_ROW),
        ("ids", 1, 12_000),
        ("ids", 16, 5),
    ],
)
def test_numbers_that_cannot_be_are_refused(
    vectors: Matrix, lists: Lists, tmp_path: Path, name: str, place: int | tuple[int, int], value: float
) -> None:
    array = getattr(lists, name).copy()
    array[place] = value
    path = tmp_path / LISTS_FILE
    write_lists(replace(lists, **{name: array}), path)
    with pytest.raises(ModelError, match="damaged"):
        read_lists(KeptOpen(path), path, *vectors.shape)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_any_bytes_changed_is_refused_or_searched(
    vectors: Matrix, folder: tuple[Path, IndexReport], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray((folder[0] / LISTS_FILE).read_bytes())
    head = 48 + 28 * 27 * 4 + 28 * 8 + 60 * 4  # where most of what could do harm stands
    places = st.one_of(st.integers(0, head), st.integers(0, len(content) - 1))
    for place in data.draw(st.lists(places, min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(places) :]
    path = tmp_path / LISTS_FILE
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    try:
        scores, rows = open_index(vectors, folder[1], tmp_path).search(vectors[:3], 10)
    except ModelError as error:
        assert LISTS_FILE in str(error)
    else:
        assert rows.shape == scores.shape == (3, 10)
        assert ((rows >= 0) & (rows < len(vectors))).all()


@pytest.mark.parametrize(
    "reach", [[0.7], ["a", 1], [float("nan"), 0.1], [0.7, -1], [1e9, 0.1], None, [0.7, float("inf")]]
)
def test_a_reach_that_cannot_be_is_refused(vectors: Matrix, folder: tuple[Path, IndexReport], reach: object) -> None:
    report = replace(folder[1], reach_for={"analogy": reach})  # type: ignore[dict-item]
    with pytest.raises(ModelError, match="reach_for"):
        open_index(vectors, report, folder[0])
