"""Targets that are like queries, and how many candidates their true answers take."""

import numpy as np
import pytest

from embeddings.search.brute_force import Matrix, Rows
from embeddings.search.recall import expression_targets, fewest_candidates, nearest_but_inputs, neighbour_targets


@pytest.fixture(scope="module")
def vectors() -> Matrix:
    rows = np.random.default_rng(0).normal(size=(4000, 10))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_expressions_are_analogies_and_sums(vectors: Matrix) -> None:
    targets, inputs = expression_targets(vectors, 40, seed=3)
    a, b, c = vectors[inputs.T]
    expected = np.concatenate([(b - a + c)[:20], (a + b)[20:]])
    np.testing.assert_allclose(targets, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_neighbours_are_asked_of_rows_and_of_the_means_of_near_ones(vectors: Matrix) -> None:
    targets, inputs = neighbour_targets(vectors, 40, seed=3)
    np.testing.assert_allclose(targets[:20], vectors[inputs[:20, 0]], atol=1e-6)
    one, other = vectors[inputs[20:].T]
    assert (np.einsum("ij,ij->i", one, other) > 0.5).all()
    np.testing.assert_allclose(
        np.einsum("ij,ij->i", targets[20:], one), np.einsum("ij,ij->i", targets[20:], other), atol=1e-6
    )


def in_order_but(truth: Rows, place: int) -> Rows:
    """A search that finds what is true, but the last of it only at ``place``."""
    found = np.concatenate([truth, np.arange(10**6, 10**6 + 300) + np.zeros((len(truth), 1), np.int64)], axis=1)
    found[:, [truth.shape[1] - 1, place]] = found[:, [place, truth.shape[1] - 1]]
    return found


def test_the_fewest_candidates_reach_as_far_as_the_goal_needs() -> None:
    truth = np.arange(50).reshape(5, 10)
    assert fewest_candidates(lambda _, number: in_order_but(truth, 130)[:, :number], truth, truth, 1.0, 300) == (192, 1)
    assert fewest_candidates(lambda _, number: in_order_but(truth, 130)[:, :number], truth, truth, 0.9, 300) == (
        64,
        0.9,
    )
    missing = fewest_candidates(lambda _, number: in_order_but(truth, 290)[:, :number], truth, truth, 1.0, 200)
    assert missing == (200, 0.9)


def test_true_answers_leave_out_what_was_asked(vectors: Matrix) -> None:
    targets, inputs = neighbour_targets(vectors, 30, seed=5)
    truth = nearest_but_inputs(vectors, targets, inputs)
    for line, own in zip(truth, inputs, strict=True):
        assert not set(line.tolist()) & set(own.tolist())
