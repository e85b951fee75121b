"""Exact search: as sorting all products would have it."""

import faiss
import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.native import FORCED, LEVELS, processor_level
from embeddings.search.brute_force import Matrix, Rows, exact_search, unit, without_each


def clustered(count: int, dimension: int, seed: int = 0) -> Matrix:
    """Unit rows in clusters, so that many cosines are close."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(200, dimension))[rng.integers(0, 200, count)] + 0.6 * rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def by_sorting(vectors: Matrix, targets: Matrix, k: int) -> Rows:
    return np.argsort(-(targets @ vectors.T), axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("count", [1, 7, 600, 5000, 40_000])
@pytest.mark.parametrize("k", [1, 10, 300])
@pytest.mark.parametrize("targets", [1, 3, 70, 300])
def test_exact_search_agrees_with_sorting_everything(count: int, k: int, targets: int) -> None:
    vectors = clustered(count, 8, seed=count)
    wanted = clustered(targets, 8, seed=99)
    scores, rows = exact_search(vectors, wanted, k)
    all_scores = wanted @ vectors.T
    assert rows.shape == scores.shape == (targets, min(k, count))
    expected = by_sorting(vectors, wanted, min(k, count))
    # Products of other block sizes may round differently: compare scores closely, and rows where scores differ clearly.
    np.testing.assert_allclose(scores, np.take_along_axis(all_scores, expected, axis=1), atol=2e-6)
    np.testing.assert_allclose(np.take_along_axis(all_scores, rows, axis=1), scores, atol=2e-6)
    assert all(len(set(line)) == len(line) for line in rows.tolist())


@pytest.fixture(params=["none", *LEVELS])
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the kernel, and with each of its builds that this processor can run."""
    if request.param != "none" and LEVELS.index(request.param) > LEVELS.index(processor_level("embeddings.search")):
        pytest.skip("not on this processor")
    monkeypatch.setenv(FORCED, request.param)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize(
    ("count", "dimension"), [(17, 1), (255, 3), (257, 50), (3001, 63), (20_011, 64), (1000, 65), (5003, 300)]
)
@pytest.mark.parametrize("targets", [16, 37])
def test_rows_are_found_at_every_level_whatever_their_number_and_size(count: int, dimension: int, targets: int) -> None:
    rng = np.random.default_rng(count)
    vectors = rng.normal(size=(count, dimension)).astype(np.float32)
    vectors *= rng.choice([0.01, 1, 1, 30], (count, 1)).astype(np.float32)  # codes of the small ones are nearly nothing
    vectors[:: count // 4, dimension // 2] = 100  # and a few numbers are much larger than all others
    vectors[count // 2] = 0
    wanted = rng.normal(size=(targets, dimension)).astype(np.float32)
    wanted[1] = 0
    wanted[2, dimension // 2] = 50
    scores, rows = exact_search(vectors, wanted, 11)
    true = wanted.astype(np.float64) @ vectors.T.astype(np.float64)
    np.testing.assert_allclose(scores, -np.sort(-true, axis=1)[:, :11], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(true, rows, axis=1), scores, rtol=1e-5, atol=1e-4)
    assert all(len(set(line)) == len(line) for line in rows.tolist())
    assert rows[1].tolist() == list(range(11))


@pytest.mark.usefixtures("level")
def test_a_row_that_is_nearer_by_less_than_a_code_can_tell_is_found() -> None:
    rng = np.random.default_rng(0)
    vectors = np.repeat(clustered(1, 30), 9000, axis=0)
    vectors[:, 0] += rng.permutation(9000).astype(np.float32) * 1e-6  # of a step of the codes less than a hundredth
    target = np.repeat(np.eye(1, 30, dtype=np.float32), 20, axis=0)
    assert (exact_search(vectors, target, 50)[1] == np.argsort(-vectors[:, 0], kind="stable")[:50]).all()


def test_among_equal_scores_the_lower_row_comes_first() -> None:
    vectors = np.tile(np.array([[1, 0], [0, 1]], np.float32), (9000, 1))
    target = np.array([[1, 0]], np.float32)
    assert exact_search(vectors, target, 5)[1].tolist() == [[0, 2, 4, 6, 8]]
    assert exact_search(vectors, np.repeat(target, 3, axis=0), 5)[1].tolist() == [[0, 2, 4, 6, 8]] * 3


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("targets", [3, 40])
def test_equal_rows_come_in_their_order_wherever_they_stand(targets: int) -> None:
    vectors = clustered(10_000, 32)
    copies = [5, 2047, 2048, 4099, 7777, 9999]
    vectors[copies] = vectors[5]
    wanted = np.repeat(vectors[5:6], targets, axis=0)
    assert exact_search(vectors, wanted, 6)[1].tolist() == [copies] * targets


def test_faiss_agrees_with_exact_search() -> None:
    vectors = clustered(25_000, 16)
    flat = faiss.IndexFlatIP(16)
    flat.add(vectors)
    targets = clustered(100, 16, seed=10)
    scores, rows = flat.search(targets, 10)
    found, ours = exact_search(vectors, targets, 10)
    np.testing.assert_allclose(found, scores, atol=2e-6)
    assert (ours == rows).mean() > 0.995


def test_rows_are_left_out_of_each_target_and_the_rest_moves_up() -> None:
    rows = np.array([[4, 7, 2, 9], [7, 4, -1, -1], [1, 2, 3, 4]])
    scores = np.array([[0.9, 0.8, 0.7, 0.6], [0.5, 0.4, -np.inf, -np.inf], [0.4, 0.3, 0.2, 0.1]], np.float32)
    left, of_left = without_each(scores, rows, [[7, 4], [4], []])
    assert of_left.tolist() == [[2, 9, -1, -1], [7, -1, -1, -1], [1, 2, 3, 4]]
    np.testing.assert_array_equal(left[0, :2], scores[0, 2:])
    np.testing.assert_array_equal([left[1, 0], *left[2]], [scores[1, 0], *scores[2]])


def test_unit_leaves_zeros_alone() -> None:
    assert unit(np.zeros(3, np.float32)).tolist() == [0, 0, 0]
    np.testing.assert_allclose(unit(np.array([3, 4], np.float32)), [0.6, 0.8])


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("count", [1, 20])
def test_vectors_that_are_no_numbers_are_said_to_be_damaged(count: int) -> None:
    vectors = np.random.default_rng(0).normal(size=(9000, 8)).astype(np.float32)
    vectors[::3] = np.nan
    with pytest.raises(ModelError, match="damaged"):
        exact_search(vectors, np.asarray(vectors[1 : count + 1] * np.float32(np.nan), np.float32), 10)
