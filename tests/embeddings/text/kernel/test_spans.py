"""Runs of capitalised words: C and arrays count the same ones, however often the table has to grow."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.native import FORCED, missing_kernel
from embeddings.text import FIRST_WORD, Case, spellings_of
from embeddings.text.capitals import Runs, count_capitals, count_runs, find_subjects
from embeddings.text.kernel import SpelledTokens
from embeddings.text.phrases import blocks_of
from embeddings.text.tokens import END, PAUSE, Ids

pytestmark = pytest.mark.skipif(missing_kernel("embeddings.text") is not None, reason="no kernel is compiled here")

TEXTS = ["Tower", "Bridge", "TOWER", "NATO", "X", "42", "of", "and", "the", "The", "tower", "iPhone", "saw"]
SPELLINGS = spellings_of(TEXTS, Case.LOWER)
ids = st.lists(st.integers(0, len(TEXTS) + FIRST_WORD - 1), max_size=80).map(
    lambda numbers: np.array([*numbers, END], np.int32)
)


@contextmanager
def without_kernel() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(FORCED, "none")
        yield


def everything(given: Ids, least: int) -> list[object]:
    capitals = count_capitals(blocks_of(given, 100), SPELLINGS)
    runs: Runs = count_runs(given, SPELLINGS, capitals, least, 100)
    arrays = (capitals.within_spelled, capitals.met, capitals.capital, runs.met, runs.whole, runs.apart, runs.words)
    return [*(array.tolist() for array in arrays), find_subjects(blocks_of(given, 100), SPELLINGS)]


@given(ids, st.integers(1, 3))
@example(np.array([2, 8, 3, 9, 3, 2, 3, 2, 3, 2, 3, 2, 3, 0, 11, 4, 4, 6, 7, 0, 4, 0], np.int32), 1)
def test_both_count_the_same_runs(given: Ids, least: int) -> None:
    with without_kernel():
        expected = everything(given, least)
    assert everything(given, least) == expected


def test_a_table_that_grows_forgets_nothing() -> None:
    texts = [f"{first}{second}" for first in "ABCDEFGHIJKLMNOPQRST" for second in "abcdefghijklmnopqrstuvwxyz"]
    spellings = spellings_of([*texts, "saw"], Case.LOWER)
    names = np.random.default_rng(1).integers(FIRST_WORD, len(texts) + FIRST_WORD, (20_000, 3), dtype=np.int32)
    around = np.tile(np.array([len(texts) + FIRST_WORD, END], np.int32), (len(names), 1))
    given = np.concatenate((around[:, :1], names, around), axis=1).ravel()
    capitals = count_capitals([given], spellings)
    runs = count_runs(given, spellings, capitals, 1)
    assert runs.met.sum() == 3 * len(names) and runs.whole.sum() == len(names)
    assert len(runs.met) == len(np.unique(names, axis=0)) + len(
        np.unique(np.concatenate((names[:, :2], names[:, 1:])), axis=0)
    )


def test_what_c_could_not_look_up_is_refused() -> None:
    tokens = SpelledTokens(SPELLINGS.traits, SPELLINGS.word_of)
    counts = np.zeros(len(SPELLINGS.traits), np.int64)
    for refused in (np.array([len(counts)], np.int32), np.array([-1], np.int32)):
        with pytest.raises(IndexError, match="ids are"):
            tokens.count(refused, counts, counts)
        with pytest.raises(IndexError, match="ids are"):
            tokens.subjects(refused)
    with pytest.raises(ValueError, match="met is"):
        tokens.count(np.array([PAUSE], np.int32), counts[1:], counts)
