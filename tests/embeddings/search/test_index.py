from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.search.brute_force import Matrix, Rows
from embeddings.search.index import INDEX_FILES, Index, open_index
from embeddings.search.index_building import build_index
from embeddings.search.list_file import LISTS_FILE
from embeddings.search.recall import SearchKind, analogy_targets, nearest_but_inputs, neighbour_targets
from embeddings.search.report import FAISS_FILE, IndexParameters, IndexReport


def clustered(count: int, dimension: int, seed: int = 0) -> Matrix:
    """Unit rows in clusters, with a decaying spectrum, as word vectors have them."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(200, dimension))
    rows = centres[rng.integers(0, 200, count)] + 0.6 * rng.normal(size=(count, dimension))
    rows *= np.arange(1, dimension + 1) ** -0.3
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_sorting(vectors: Matrix, targets: Matrix, k: int) -> Rows:
    return np.argsort(-(targets @ vectors.T), axis=1, kind="stable")[:, :k]


@pytest.fixture(scope="module")
def vectors() -> Matrix:
    return clustered(25_000, 16)


@pytest.fixture(scope="module", params=["lists", "fastscan"])
def built(
    request: pytest.FixtureRequest, vectors: Matrix, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Index, IndexReport, Path]:
    folder = tmp_path_factory.mktemp("index")
    kind = request.param
    report = build_index(vectors, IndexParameters("auto" if kind == "lists" else kind), folder)
    assert report.kind == kind
    return open_index(vectors, report, folder), report, folder


@pytest.fixture(scope="module")
def codes(vectors: Matrix, tmp_path_factory: pytest.TempPathFactory) -> tuple[Index, IndexReport, Path]:
    """An index of FAISS, as all models had that were written before there was a kernel."""
    folder = tmp_path_factory.mktemp("codes")
    report = build_index(vectors, IndexParameters("fastscan"), folder)
    return open_index(vectors, report, folder), report, folder


def test_the_recall_measured_at_build_holds_for_other_targets(
    vectors: Matrix, built: tuple[Index, IndexReport, Path]
) -> None:
    index, report, _ = built
    assert report.recall >= 0.999
    targets, inputs = analogy_targets(vectors, 500, seed=12345)
    truth = nearest_but_inputs(vectors, targets, inputs)
    found = index.search(targets, 13)[1]
    hits = sum(len(set(line) & set(true)) for line, true in zip(found.tolist(), truth.tolist(), strict=True))
    assert hits / truth.size >= 0.999


def test_scores_of_the_index_are_exact_cosines_in_order(
    vectors: Matrix, built: tuple[Index, IndexReport, Path]
) -> None:
    index, _, _ = built
    targets, _ = analogy_targets(vectors, 20, seed=3)
    scores, rows = index.search(targets, 10)
    for target, of_target, found in zip(targets, scores, rows, strict=True):
        np.testing.assert_allclose(of_target, vectors[found] @ target, atol=1e-6)
        assert (np.diff(of_target) <= 0).all()


def test_one_target_and_many_give_the_same(vectors: Matrix, built: tuple[Index, IndexReport, Path]) -> None:
    index, _, _ = built
    targets, _ = analogy_targets(vectors, 30, seed=4)
    together = index.search(targets, 10)[1]
    alone = np.concatenate([index.search(target[None], 10)[1] for target in targets])
    assert (together == alone).mean() > 0.99  # the same but where rounding of the codes swaps candidates at the edge


def test_restriction_looks_at_the_first_rows_only(vectors: Matrix, built: tuple[Index, IndexReport, Path]) -> None:
    index, _, _ = built
    targets, _ = analogy_targets(vectors, 5, seed=5)
    scores, rows = index.search(targets, 10, restrict=500)
    assert rows.tolist() == by_sorting(vectors[:500], targets, 10).tolist()
    assert index.search(targets, 10, restrict=4)[1].shape == (5, 4)
    np.testing.assert_allclose(scores[0], np.sort(targets[0] @ vectors[:500].T)[::-1][:10], atol=1e-6)


def test_exact_on_request_and_more_results_than_candidates(
    vectors: Matrix, built: tuple[Index, IndexReport, Path]
) -> None:
    index, _, _ = built
    targets, _ = analogy_targets(vectors, 2, seed=6)
    assert index.search(targets, 10, exact=True)[1].tolist() == by_sorting(vectors, targets, 10).tolist()
    _scores, rows = index.search(targets[:1], 24_000)
    assert rows.shape == (1, 24_000)
    assert len(set(rows[0].tolist())) == 24_000
    assert index.search(targets[:1], 30_000)[1].shape == (1, 25_000)


@pytest.mark.parametrize(
    ("kind", "count", "file"),
    [
        ("auto", 500, None),
        ("exact", 500, None),
        ("lists", 3000, LISTS_FILE),
        ("fastscan", 3000, FAISS_FILE),
        ("ivf", 9000, FAISS_FILE),
    ],
)
def test_every_kind_answers_like_brute_force(tmp_path: Path, kind: str, count: int, file: str | None) -> None:
    vectors = clustered(count, 12, seed=8)
    for name in INDEX_FILES:
        (tmp_path / name).write_text("of an index before this one")
    report = build_index(vectors, IndexParameters(kind=kind, recall=0.98), tmp_path)
    assert report.kind == ("exact" if kind == "auto" else kind)
    assert [path.name for path in tmp_path.iterdir()] == ([] if file is None else [file])
    index = open_index(vectors, report, tmp_path)
    targets, _inputs = analogy_targets(vectors, 100, seed=9)
    found, truth = index.search(targets, 10)[1], by_sorting(vectors, targets, 10)
    hits = sum(len(set(a) & set(b)) for a, b in zip(found.tolist(), truth.tolist(), strict=True))
    assert hits / truth.size >= 0.98


@pytest.mark.parametrize("kind", ["lists", "fastscan", "ivf"])
def test_an_odd_number_of_dimensions_can_be_coded(tmp_path: Path, kind: str) -> None:
    vectors = clustered(2000, 25)
    report = build_index(vectors, IndexParameters(kind=kind, recall=0.9), tmp_path)
    index = open_index(vectors, report, tmp_path)
    assert index.search(vectors[:20], 1)[1].ravel().tolist() == list(range(20))


def test_an_index_of_other_vectors_or_a_damaged_one_is_refused(
    vectors: Matrix, built: tuple[Index, IndexReport, Path], tmp_path: Path
) -> None:
    _, of_built, folder = built
    name = LISTS_FILE if of_built.kind == "lists" else FAISS_FILE
    report = build_index(clustered(3000, 12), IndexParameters(kind=of_built.kind, recall=0.5), tmp_path)
    with pytest.raises(ModelError, match="3,000 × 12"):
        open_index(vectors, report, tmp_path).load()
    for content in (b"", b"not an index", (folder / name).read_bytes()[:1000]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=name):
            open_index(vectors, report, tmp_path).search(vectors[:1], 10)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"{name} cannot be read: No such file"):
        open_index(vectors, report, tmp_path)


def test_codes_are_read_of_the_file_that_was_there_when_it_was_opened(
    vectors: Matrix, built: tuple[Index, IndexReport, Path], tmp_path: Path
) -> None:
    index, report, folder = built
    place = tmp_path / (LISTS_FILE if report.kind == "lists" else FAISS_FILE)
    place.write_bytes((folder / place.name).read_bytes())
    opened = open_index(vectors, report, tmp_path)
    (tmp_path / "next").write_bytes(b"of another model")
    (tmp_path / "next").replace(place)
    assert (opened.search(vectors[:5], 10)[1] == index.search(vectors[:5], 10)[1]).all()


def test_rows_of_a_large_matrix_are_read_and_not_mapped(
    vectors: Matrix, built: tuple[Index, IndexReport, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, report, folder = built
    np.save(tmp_path / "vectors.npy", vectors)
    monkeypatch.setattr("embeddings.search.index._MAPPED_BYTES", 1000)
    unused = np.zeros_like(vectors)  # whatever is not read of the file is wrong
    reading = open_index(unused, report, folder, tmp_path / "vectors.npy")
    assert (reading.vectors_of([3, 0, 24_999]) == vectors[[3, 0, 24_999]]).all()
    for found, expected in zip(reading.search(vectors[:5], 10), index.search(vectors[:5], 10), strict=True):
        assert (found == expected).all()


def test_analogy_targets_are_what_they_say(vectors: Matrix) -> None:
    targets, inputs = analogy_targets(vectors, 50, seed=7)
    a, b, c = vectors[inputs.T]
    expected = b - a + c
    np.testing.assert_allclose(targets, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    again, _ = analogy_targets(vectors, 50, seed=7)
    assert (again == targets).all()
    truth = nearest_but_inputs(vectors, targets, inputs)
    for line, own in zip(truth, inputs, strict=True):
        assert not set(line.tolist()) & set(own.tolist())


def test_each_kind_of_search_takes_the_candidates_measured_for_it(
    vectors: Matrix, codes: tuple[Index, IndexReport, Path]
) -> None:
    index, _, _ = codes
    numbers = {asked: index.enough_candidates(10, asked) for asked in ("analogy", "expression", "neighbours")}
    assert numbers["neighbours"] < numbers["analogy"]
    assert index.enough_candidates(10) == max(numbers.values())
    targets, inputs = neighbour_targets(vectors, 500, seed=77)
    truth = nearest_but_inputs(vectors, targets, inputs)
    found = index.search(targets, 12, asked=SearchKind.NEIGHBOURS)[1]
    assert np.mean([np.isin(true, rows).mean() for true, rows in zip(truth, found, strict=True)]) >= 0.998


def test_an_index_built_before_candidates_were_measured_by_kind_still_opens(
    vectors: Matrix, codes: tuple[Index, IndexReport, Path]
) -> None:
    old = {"kind": "fastscan", "factory": "PQ8x4fs", "candidates": 640, "recall": 0.9995, "build_seconds": 1.0}
    index = open_index(vectors, IndexReport(**old, parameters=IndexParameters()), codes[2])
    assert [index.enough_candidates(10, asked) for asked in (None, *SearchKind)] == [640] * 5
    assert index.candidates_for_products(10) == 3 * 640


def test_lists_that_hold_too_few_rows_are_filled_up_by_exact_search(tmp_path: Path) -> None:
    vectors = clustered(9000, 12, seed=8)
    report = build_index(vectors, IndexParameters(kind="ivf", recall=0.9), tmp_path)
    assert report.probes > 0
    index = open_index(vectors, replace(report, probes=1, candidates=2000, candidates_for={}), tmp_path)
    scores, rows = index.search(vectors[:3], 1500)
    assert (rows >= 0).all()
    assert all(len(set(line)) == 1500 for line in rows.tolist())
    np.testing.assert_allclose(scores[0], vectors[rows[0]] @ vectors[0], atol=1e-6)
