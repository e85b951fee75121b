"""The scale of similarities: the distribution of a vocabulary, and where two words stand in it."""

import re

import numpy as np
import pytest

from embeddings import Model, ask
from service.page.addresses import word_address
from service.page.similarity_scale import distribution, draw_scale


def test_the_distribution_is_that_of_pairs_of_different_words(tiny_model: Model) -> None:
    vectors = np.asarray(tiny_model.vectors)
    cosines = (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)]
    known = distribution(tiny_model)
    assert float(known.cosines.mean()) == pytest.approx(float(cosines.mean()), abs=0.01)
    assert known.share_below(0.5) == pytest.approx(float((cosines < 0.5).mean()), abs=0.05)
    assert known.percentile(50) == pytest.approx(float(np.median(cosines)), abs=0.02)


def test_it_is_worked_out_once(tiny_model: Model) -> None:
    assert distribution(tiny_model) is distribution(tiny_model)


def test_frequent_words_of_glove_are_hardly_alike(glove: Model) -> None:
    known = distribution(glove)
    assert 0 < known.percentile(50) < 0.2
    assert known.percentile(99) < known.percentile(99.9) < 0.8
    assert max(height for _, height in known.outline) == 1


@pytest.mark.parametrize(("width", "place"), [(720, 24 + 0.75 * 672), (340, 24 + 0.75 * 292)])
def test_the_mark_stands_where_the_cosine_is(tiny_model: Model, width: int, place: float) -> None:
    answer = ask(tiny_model, "king <> queen")  # a cosine of 0.5, three quarters of the way from -1 to 1
    content, height, description = draw_scale(answer, tiny_model, width, link=word_address)
    assert f'cx="{place:g}"' in content
    assert height > 200
    assert "The cosine of king and queen is 0.500" in description


def test_neighbours_of_both_words_are_marked_with_their_cosines(glove: Model) -> None:
    content, _, _ = draw_scale(ask(glove, "coffee <> tea"), glove, 720, link=word_address)
    assert content.count('class="tp-rug"') == 20
    assert re.search(r'<a href="/word/tea" class="tp-link" aria-label="tea · cosine with coffee 0\.808">', content)
    assert "more alike than 99.9 % of pairs" in content


def test_a_word_with_itself_has_one_row(tiny_model: Model) -> None:
    content, _, _ = draw_scale(ask(tiny_model, "king <> king"), tiny_model, 720, link=None)
    assert content.count("nearest words") == 1
    assert "<a " not in content
