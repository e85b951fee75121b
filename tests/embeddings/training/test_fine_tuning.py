"""Training a model on: what is taken over, what is put together, what is refused."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import CorpusError, ModelError
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model
from embeddings.training.fine_tuning import StartingModel, merge, moved_most, open_old

WORDS = ["the", "cat", "dog"]
VECTORS = np.array([[3, 4], [1, 0], [0, 2]], np.float32)


def model(folder: Path, counts: list[int] | None = None) -> Model:
    save_model(folder, WORDS, VECTORS, Card("old"), counts=counts)
    return open_model(folder)


def test_words_bring_their_vectors_with_their_lengths(tmp_path: Path) -> None:
    start = StartingModel(model(tmp_path / "old")).start(["new", "dog", "the"])
    assert start.rows.tolist() == [1, 2]
    assert np.allclose(start.vectors, [[0, 2], [3, 4]])


def test_parameters_follow_from_the_model(tmp_path: Path) -> None:
    old = StartingModel(model(tmp_path / "old"))
    assert old.parameters({"epochs": 3}) == {"epochs": 3, "vector_size": 2, "algorithm": "word2vec"}
    with pytest.raises(CorpusError, match=r"old cannot be trained on with --vector-size 3: its own is 2"):
        old.parameters({"vector_size": 3})
    with pytest.raises(CorpusError, match="--algorithm fasttext: its own is word2vec"):
        old.parameters({"algorithm": "fasttext"})


def test_a_text_of_which_it_knows_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="Not one word of the text is in old"):
        StartingModel(model(tmp_path / "old")).start(["other"])


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="no model 'nowhere'"):
        open_old("nowhere")


def test_counts_are_added_and_words_sorted_by_them(tmp_path: Path) -> None:
    old = StartingModel(model(tmp_path / "old", [9, 5, 2]))
    new = np.array([[7, 7], [8, 8]], np.float32)
    words, counts, vectors = merge(old, ["dog", "new"], np.array([8, 6], np.uint64), new)
    assert words == ["dog", "the", "new", "cat"]
    assert counts.tolist() == [10, 9, 6, 5]
    assert np.allclose(vectors, [[7, 7], [3, 4], [8, 8], [1, 0]])


def test_where_no_counts_are_known_new_words_follow(tmp_path: Path) -> None:
    words, counts, vectors = merge(
        StartingModel(model(tmp_path / "old")),
        ["new", "dog"],
        np.array([99, 98], np.uint64),
        np.ones((2, 2), np.float32),
    )
    assert words == ["the", "cat", "dog", "new"]
    assert counts.tolist() == [0, 0, 0, 0]
    assert np.allclose(vectors[2:], 1)


def test_the_words_that_turned_furthest_come_first(tmp_path: Path) -> None:
    old = StartingModel(model(tmp_path / "old"))
    now = np.array([[0, 1], [5, 5], [5, 0]], np.float32)
    moved = moved_most(old, ["dog", "new", "the"], now, np.array([4, 3, 2]))
    assert moved == [
        {"word": "the", "moved": pytest.approx(0.4), "met": 2},
        {"word": "dog", "moved": pytest.approx(0.0), "met": 4},
    ]
