"""Numbers back to sentences: what is too rare is taken apart or left out, in the order of the text."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embeddings.text.sentences import Expansion, vocabulary_of, write_sentences
from embeddings.text.tokens import END, FIRST_WORD, PAUSE

numbers = st.integers(0, 9)


@given(st.lists(numbers, max_size=30), st.dictionaries(numbers, st.lists(numbers, min_size=1, max_size=3)))
def test_numbers_are_exchanged_for_their_parts(ids: list[int], replaced: dict[int, list[int]]) -> None:
    expected = [part for number in ids for part in replaced.get(number, [number])]
    assert Expansion.of(replaced, 10).apply(np.array(ids, np.int32)).tolist() == expected


def test_the_vocabulary_is_sorted_by_frequency_and_then_by_appearance() -> None:
    words, counts = ["a", "b", "c", "d", "e"], np.array([9, 9, 2, 5, 1, 5, 0])
    assert [words[number - FIRST_WORD] for number in vocabulary_of(words, counts, 2, None)] == ["b", "d", "a"]
    assert [words[number - FIRST_WORD] for number in vocabulary_of(words, counts, 2, 2)] == ["b", "d"]
    wanted = vocabulary_of(words, counts, 2, None, always=[FIRST_WORD + 2, FIRST_WORD + 4])
    assert [words[number - FIRST_WORD] for number in wanted] == ["b", "d", "a", "c"], "a word that is not there is not"


def test_sentences_hold_only_words_of_the_vocabulary(tmp_path: Path) -> None:
    words = ["the", "cat", "rare", "sat"]
    ids = np.array([2, 3, PAUSE, 5, END, 4, END, 4, PAUSE, 2, END], np.int32)
    kept = np.array([2, 3, 5])
    assert write_sentences([ids, ids[:5]], words, kept, tmp_path / "rows") == (3, 7)
    assert np.fromfile(tmp_path / "rows", np.int32).tolist() == [0, 1, 2, -1, 0, -1, 0, 1, 2, -1]
