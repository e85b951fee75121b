"""Character n-grams in fastText's way (Bojanowski et al. 2017): a vector for a word that training never saw."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from embeddings.search import Matrix, unit

LONGEST_NGRAM = 100
"""Characters of an n-gram beyond which its length is damaged, or made to keep a machine busy."""


def subword_vector(
    vectors_of: Callable[[Sequence[int]], Matrix], dimension: int, parameters: Mapping[str, int], word: str
) -> Matrix:
    """The unit vector [dimension] of ``word``: the mean over the vectors of its n-grams, which ``vectors_of`` gives.

    Zeros for a word too short to have n-grams.
    """
    buckets = ngram_buckets(word, parameters["min_n"], parameters["max_n"], parameters["buckets"])
    if not buckets:
        return np.zeros(dimension, np.float32)
    return unit(vectors_of(buckets).mean(axis=0))


def ngram_buckets(word: str, min_n: int, max_n: int, buckets: int) -> list[int]:
    """The buckets of all n-grams of ``<word>`` with ``min_n`` to ``max_n`` characters, as fastText hashes them."""
    marked = f"<{word}>"
    grams = (
        marked[start : start + length]
        for start in range(len(marked))
        for length in range(min_n, max_n + 1)
        if start + length <= len(marked) and not (length == 1 and start in (0, len(marked) - 1))
    )
    return [_fowler_noll_vo(gram) % buckets for gram in grams]


def _fowler_noll_vo(text: str) -> int:
    """32-bit FNV-1a, with fastText's peculiarity that bytes above 127 count as negative numbers."""
    value = 2166136261
    for byte in text.encode("utf-8"):
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * 16777619) & 0xFFFFFFFF
    return value
