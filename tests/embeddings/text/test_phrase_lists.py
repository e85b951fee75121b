"""Phrases that are given: found as plain Python finds them, the longest first, and titles only where they cohere."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.errors import CorpusError
from embeddings.text.phrase_lists import cohesive, known_phrases, numbered, read_phrase_list, title_phrases
from embeddings.text.tokens import TokenParameters

SIZE = 7
words = st.integers(2, SIZE - 1)


@given(
    st.lists(st.lists(words, min_size=2, max_size=4).map(tuple), max_size=8, unique=True),
    st.lists(st.integers(0, SIZE - 1), max_size=40),
)
def test_they_are_found_from_left_to_right_the_longest_first(phrases: list[tuple[int, ...]], ids: list[int]) -> None:
    expected, place, met = [], 0, 0
    while place < len(ids):
        fits = [number for number, phrase in enumerate(phrases) if tuple(ids[place : place + len(phrase)]) == phrase]
        best = max(fits, key=lambda number: len(phrases[number]), default=None)
        expected.append(ids[place] if best is None else SIZE + best)
        place += 1 if best is None else len(phrases[best])
        met += best is not None
    known = known_phrases(phrases, SIZE)
    block = np.array(ids, np.int32)
    assert known.join(block).tolist() == expected
    assert known.count(block).total() == met


def test_phrases_are_tokenised_as_the_corpus_was() -> None:
    vocabulary = ["new", "york", "macy", "'s", "the", "who"]
    given_phrases = ["New York", "Macy's", "The Who?", "York", "Old Navy", "new  york"]
    assert numbered(given_phrases, vocabulary, TokenParameters()) == [(2, 3), (4, 5), (6, 7)]


def test_titles_lose_what_tells_namesakes_apart() -> None:
    assert title_phrases(["Mercury (planet)", "Springfield, Illinois", "New York City"]) == [
        "Mercury",
        "Springfield",
        "New York City",
    ]


def test_only_what_meets_more_often_than_by_chance_coheres() -> None:
    counts = np.array([0, 0, 5_000, 5_000, 40, 40, 89_920])
    assert cohesive([(2, 3), (4, 5)], [300, 35], counts) == [False, True]


def test_a_list_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "phrases.txt"
    with pytest.raises(CorpusError, match="cannot be read"):
        read_phrase_list(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read_phrase_list(path)
    path.write_text(" \n")
    with pytest.raises(CorpusError, match="holds no phrases"):
        read_phrase_list(path)
    path.write_text("New York\nold_navy\n\n")
    assert read_phrase_list(path) == ["New York", "old navy"]
