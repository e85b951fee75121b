"""Character n-grams: the same buckets and vectors as gensim's fastText."""

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import ft_ngram_hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.models.subwords import ngram_buckets, subword_vector


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), st.integers(1, 4), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_buckets_are_gensims(word: str, min_n: int, longer: int) -> None:
    ours = ngram_buckets(word, min_n, min_n + longer, 1000)
    assert sorted(ours) == sorted(ft_ngram_hashes(word, min_n, min_n + longer, 1000))


def test_the_vector_of_an_unknown_word_points_where_gensims_does() -> None:
    text = [["the", "quick", "brown", "fox"], ["jumps", "over", "the", "lazy", "dog"]] * 20
    trained = FastText(text, vector_size=16, min_count=1, min_n=3, max_n=5, bucket=500, epochs=2, seed=1, workers=1).wv
    parameters = {"min_n": 3, "max_n": 5, "buckets": 500}
    for word in ("foxes", "quickly", "Überfuchs", "ab"):
        ours = subword_vector(trained.vectors_ngrams.__getitem__, trained.vector_size, parameters, word)
        gensims = trained.get_vector(word)
        np.testing.assert_allclose(ours, gensims / np.linalg.norm(gensims), atol=1e-5)


def test_a_word_too_short_for_n_grams_has_no_direction() -> None:
    vectors = np.ones((10, 4), np.float32)
    assert not subword_vector(vectors.__getitem__, 4, {"min_n": 5, "max_n": 6, "buckets": 10}, "a").any()


@pytest.mark.parametrize(("word", "count"), [("a", 1), ("abc", 6), ("", 0)])
def test_number_of_n_grams(word: str, count: int) -> None:
    # <a>: the whole. <abc>: <ab abc bc> <abc abc> <abc>.
    assert len(ngram_buckets(word, 3, 6, 1000)) == count
