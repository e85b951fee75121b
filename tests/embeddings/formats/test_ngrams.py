"""N-grams of many words at once are those of one word after the other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embeddings.formats.ngrams import NgramParameters, ngrams_of
from embeddings.models.subwords import ngram_buckets


@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12), max_size=8),
    min_n=st.integers(0, 4),
    max_n=st.integers(0, 7),
    buckets=st.sampled_from([1, 7, 300, 2_000_000, 2**31 - 1]),
)
def test_many_words_at_once(words: list[str], min_n: int, max_n: int, buckets: int) -> None:
    owners, found = ngrams_of([word.encode() for word in words], NgramParameters(min_n, max_n, buckets))
    assert (np.diff(owners) >= 0).all()
    for number, word in enumerate(words):
        expected = ngram_buckets(word, max(min_n, 1), max_n, buckets)
        assert sorted(found[owners == number].tolist()) == sorted(expected)
