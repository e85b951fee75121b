"""Passes over the numbers of a text: C and arrays do the same, and C is given nothing that it cannot read."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.native import FORCED, missing_kernel
from embeddings.text.kernel import BREAK, CONTENT, RARE, Roles, Trie, count_numbers, expand_ids, tidy_ids
from embeddings.text.phrase_lists import known_phrases
from embeddings.text.phrases import Links, PhraseParameters
from embeddings.text.sentences import Expansion
from embeddings.text.tokens import END, FIRST_WORD, LONGEST_SENTENCE, Ids, tidy

pytestmark = pytest.mark.skipif(missing_kernel("embeddings.text") is not None, reason="no kernel is compiled here")

WORDS = ["of", "the", *"abcdefgh"]
SIZE = len(WORDS) + FIRST_WORD
ids = st.lists(st.integers(0, SIZE - 1), max_size=60).map(lambda numbers: np.array(numbers, np.int32))


@contextmanager
def without_kernel() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(FORCED, "none")
        yield


@given(st.lists(st.integers(-1, 4), max_size=40), st.integers(1, 4))
@example([1, 1, 0, 2, 1, 1, 3, 1, 0, 1, 0, 0, -1, 2, 1], 1)
@example([2] * (LONGEST_SENTENCE + 1) + [1, 2], 1)
def test_both_tidy_alike(numbers: list[int], shortest: int) -> None:
    given = np.array(numbers, np.int32)
    with without_kernel():
        expected = tidy(given, shortest).tolist()
    assert tidy(given, shortest).tolist() == expected
    becomes = np.array([3, -1, 0, 1, 2, 4], np.int32)
    with without_kernel():
        expected = tidy(given + 1, shortest, becomes).tolist()
    assert tidy(given + 1, shortest, becomes).tolist() == expected


@given(ids, st.sets(st.integers(FIRST_WORD, SIZE - 1)), st.data())
def test_both_find_and_join_the_same_pairs(given: Ids, ends: set[int], drawn: st.DataObject) -> None:
    counts = np.array(drawn.draw(st.lists(st.integers(0, 3), min_size=SIZE, max_size=SIZE)))
    may_end = None if not ends else np.isin(np.arange(SIZE), list(ends))
    links = Links(WORDS, counts, PhraseParameters(phrase_min_count=2), may_end, ("of", "the"))
    with without_kernel():
        expected = links.of_block(given)
    found = links.of_block(given)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.tolist() == theirs.tolist()
    chosen = np.array(
        sorted(drawn.draw(st.sets(st.sampled_from(found[0].tolist())))) if len(found[0]) else [], np.int64
    )
    phrases = links.phrases(chosen, np.ones_like(chosen), np.ones(len(chosen)))
    with without_kernel():
        joined = links.join(given, phrases).tolist()
    assert links.join(given, phrases).tolist() == joined
    kinds = np.array(drawn.draw(st.lists(st.integers(0, 7), min_size=SIZE, max_size=SIZE)), np.uint8)
    with without_kernel():
        around = links.around(given, phrases, kinds).tolist()
    assert links.around(given, phrases, kinds).tolist() == around


@given(ids, st.lists(st.lists(st.integers(FIRST_WORD, SIZE - 1), min_size=2, max_size=4).map(tuple), unique=True))
def test_both_find_the_same_known_phrases(given: Ids, phrases: list[tuple[int, ...]]) -> None:
    turned = np.arange(SIZE, dtype=np.int32)[::-1].copy()
    for becomes in (None, turned):
        with without_kernel():
            expected = known_phrases(phrases, SIZE).find(given, becomes)
        found = known_phrases(phrases, SIZE).find(given, becomes)
        assert [part.tolist() for part in found] == [part.tolist() for part in expected]


@given(ids, st.dictionaries(st.integers(0, SIZE - 1), st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=3)))
def test_both_put_the_same_in_the_place_of_a_number(given: Ids, replaced: dict[int, list[int]]) -> None:
    expansion = Expansion.of(replaced, SIZE)
    expected = [part for number in given.tolist() for part in replaced.get(number, [number])]
    with without_kernel():
        assert expansion.apply(given).tolist() == expected
    assert expansion.apply(given).tolist() == expected


def test_what_c_could_not_look_up_is_refused() -> None:
    few, many, below = (np.array([number], np.int32) for number in (1, 5, -1))
    one = np.zeros(2, np.int64)
    roles = Roles(np.array([BREAK, CONTENT, RARE], np.int32), 1)
    trie = Trie(few[:0].repeat(0), np.array([0, 0]), few[:0], few[:0], np.array([-1], np.int32))
    for refused in (many, below):
        with pytest.raises(IndexError, match="ids are"):
            tidy_ids(refused, np.zeros(5, np.int32))
        with pytest.raises(IndexError, match="ids are"):
            expand_ids(refused, one, one, few)
        with pytest.raises(IndexError, match="ids are"):
            roles.pairs(refused)
        with pytest.raises(IndexError, match="ids are"):
            roles.join(refused, one[:0], np.zeros(4, np.int64))
        with pytest.raises(IndexError, match="ids are"):
            trie.find(refused)
        with pytest.raises(IndexError, match="ids are"):
            trie.find(refused, few)
        with pytest.raises(IndexError, match="ids are"):
            trie.find(few[:0], refused)
        with pytest.raises(IndexError, match="ids are"):
            count_numbers(refused, 5)
    with pytest.raises(IndexError, match="beyond 1 parts"):
        expand_ids(few, one, one + 2, few)
    with pytest.raises(IndexError, match="beyond 1 nodes"):
        Trie(few, np.array([0, 0]), few[:0], few[:0], np.array([-1], np.int32))
    with pytest.raises(ValueError, match="beginnings"):
        Trie(few, np.array([0, 1]), few[:0], few[:0], np.array([-1], np.int32))
    with pytest.raises(ValueError, match="in the order"):
        roles.join(few[:0], one, np.array([0, 1, 0, 0]))
    with pytest.raises(TypeError, match="int64"):
        tidy_ids(one)  # type: ignore[arg-type]
    assert tidy_ids(np.array([END], np.int32))[0].tolist() == []
