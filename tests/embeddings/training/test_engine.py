"""Numbered sentences read in pieces, and back as words."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.training import engine
from embeddings.training.engine import read_piece, sentences_of

SENTENCES = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=12), min_size=1, max_size=30)


@given(SENTENCES, st.integers(1, 40))
def test_pieces_are_whole_sentences_and_cover_all(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[list[int]], words: int
) -> None:
    path = tmp_path_factory.mktemp("rows") / "sentences.ids"
    np.array([number for sentence in sentences for number in (*sentence, -1)], np.int32).tofile(path)
    found: list[int] = []
    at_end = False
    while not at_end:
        rows, at_end = read_piece(path, len(found), words)
        assert rows[-1] == -1
        assert at_end or (rows >= 0).sum() >= words
        shorter = rows[: np.flatnonzero(rows == -1)[-2] + 1] if (rows == -1).sum() > 1 else rows[:0]
        assert (shorter >= 0).sum() < words, "no sentence more than it takes"
        found += rows.tolist()
    assert found == np.fromfile(path, np.int32).tolist()


def test_sentences_come_back_as_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PIECE_WORDS", 2)
    np.array([0, 1, -1, 2, -1, 1, 1, 1, -1], np.int32).tofile(tmp_path / "sentences.ids")
    found = list(sentences_of(tmp_path / "sentences.ids", ["the", "cat", "sat"]))
    assert found == [["the", "cat"], ["sat"], ["cat", "cat", "cat"]]
