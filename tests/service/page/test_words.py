"""What is shown of one word."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from embeddings import Answer, Model, Options, ask
from embeddings.errors import UnknownWord
from embeddings.plotting.vocabulary_map import MapParameters, VocabularyMap
from service.page.words import describe, draw_vector, groups_of, look_up


def test_a_text_is_looked_up_as_one_word(tiny_model: Model) -> None:
    assert look_up(tiny_model, "KING") == "king"
    assert look_up(tiny_model, "new york") == "new_york"
    assert look_up(tiny_model, "united states") is None
    with pytest.raises(UnknownWord):
        look_up(tiny_model, "xyzzy")


def test_bands_narrow_the_search_and_end_with_all(glove: Model) -> None:
    def put(query: str, options: Options) -> Answer:
        return ask(glove, query, options)

    shown = describe(glove, "coffee", put)
    assert shown.rank == 3425
    assert [band.title for band in shown.bands] == [
        "Among the 1,000 most frequent",
        "Among the 10,000 most frequent",
        "Among the 100,000 most frequent",
        "Among all 400,000",
    ]
    for band, size in zip(shown.bands, (1_000, 10_000, 100_000, 400_000), strict=True):
        ranks = [result.rank for result in band.answer.results]
        assert len(ranks) == 8
        assert all(rank is not None and rank <= size for rank in ranks)


def test_a_vector_is_drawn_up_and_down_from_the_middle() -> None:
    drawn = ElementTree.fromstring(draw_vector("<x>", np.array([0.5, -1, 0], np.float32)))
    bars = [part for part in drawn if part.tag.endswith("rect")]
    assert [bar.get("class") for bar in bars] == ["bar-up", "bar-down", "bar-down"]
    assert float(bars[0].get("height", 0)) * 2 == pytest.approx(float(bars[1].get("height", 0)), abs=0.2)
    assert float(bars[1].get("y", 0)) == 44
    assert "<x>" in (drawn[0].text or "")


def test_groups_of_a_map_list_their_most_frequent_words() -> None:
    shown = VocabularyMap(
        ["a", "b", "c"], np.zeros((3, 2), np.float32), np.array([1, 0, 1], np.uint8), ["b", "c"], MapParameters()
    )
    assert groups_of(shown) == [("b", ["b"]), ("c", ["a", "c"])]
