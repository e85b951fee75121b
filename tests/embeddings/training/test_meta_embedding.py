from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model
from embeddings.training.meta_embedding import MergeParameters, merged_vectors, merged_words


def made(folder: Path, words: list[str], vectors: np.ndarray) -> Model:
    save_model(folder, words, vectors, Card(folder.name))
    return open_model(folder)


WORDS = [f"w{number}" for number in range(300)]


@pytest.fixture
def hidden() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((300, 4))


def test_cosines_are_the_weighted_mean_of_the_models_cosines(tmp_path: Path, hidden: np.ndarray) -> None:
    one = made(tmp_path / "one", WORDS, hidden)
    two = made(tmp_path / "two", WORDS, hidden[:, ::-1] * [1, 2, 3, 4])
    found = merged_vectors([one, two], WORDS, MergeParameters(dimension=8, weights=(3, 1)))
    expected = 0.75 * one.vectors @ one.vectors.T + 0.25 * two.vectors @ two.vectors.T
    np.testing.assert_allclose(found @ found.T, expected, atol=1e-5)


def test_a_word_that_a_model_lacks_gets_what_the_other_lets_expect(tmp_path: Path, hidden: np.ndarray) -> None:
    """Where one model is a rotation of the other, what is filled in is the rotated vector."""
    turn, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((4, 4)))
    one, two = made(tmp_path / "one", WORDS, hidden), made(tmp_path / "two", WORDS[:200], hidden[:200] @ turn)
    found = merged_vectors([one, two], WORDS, MergeParameters(dimension=8, ridge=1e-3))
    np.testing.assert_allclose(found @ found.T, one.vectors @ one.vectors.T, atol=2e-3)


def test_the_words_are_the_first_models_or_all(tmp_path: Path, hidden: np.ndarray) -> None:
    one = made(tmp_path / "one", WORDS[:200], hidden[:200])
    two = made(tmp_path / "two", WORDS[100:][::-1], hidden[100:][::-1])
    assert merged_words([one, two], all_words=False) == WORDS[:200]
    words = merged_words([one, two], all_words=True)
    assert words == WORDS[:200] + WORDS[200:][::-1]
    found = merged_vectors([one, two], words, MergeParameters(dimension=8))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_models_without_common_words_are_not_brought_together(tmp_path: Path, hidden: np.ndarray) -> None:
    one = made(tmp_path / "one", WORDS[:150], hidden[:150])
    two = made(tmp_path / "two", WORDS[149:], hidden[149:])
    with pytest.raises(ModelError, match="two and one have 1 words in common"):
        merged_vectors([one, two], WORDS, MergeParameters(dimension=4))


def test_removing_takes_the_mean_and_the_largest_direction(tmp_path: Path, hidden: np.ndarray) -> None:
    lopsided = hidden + np.array([9, 0, 0, 0])
    one, two = made(tmp_path / "one", WORDS, lopsided), made(tmp_path / "two", WORDS, lopsided)
    found = merged_vectors([one, two], WORDS, MergeParameters(dimension=8, remove=1))
    assert np.linalg.matrix_rank(found, tol=1e-3) == 3
    assert abs(found.mean(axis=0)).max() < 0.1
