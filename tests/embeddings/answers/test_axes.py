"""Axes of words: cosines with differences, directions taken out, lists as they are typed."""

import numpy as np
import pytest

from embeddings import Model, QueryError, UnknownWord
from embeddings.answers import axis_of, directions_of, places_on, resolve, terms_of_list, without


def vectors(model: Model, *words: str) -> np.ndarray:
    return np.stack([resolve(model, word).vector for word in words])


def test_a_word_stands_where_its_cosine_with_the_difference_is(tiny_model: Model) -> None:
    axis = axis_of(tiny_model, "man : woman")
    assert (axis.low, axis.high) == ("man", "woman")
    places = places_on([axis], vectors(tiny_model, "man", "woman", "queen", "bread"))[:, 0]
    # woman - man = (0, -1, 1, 0) / √2, and queen = (1, 0, 1, 0) / √2.
    assert places == pytest.approx([-(0.5**0.5), 0.5**0.5, 0.5, 0], abs=1e-6)


def test_several_pairs_are_their_mean_and_a_word_is_its_own_axis(tiny_model: Model) -> None:
    both = axis_of(tiny_model, "man:woman, king:queen")
    assert (both.low, both.high) == ("man, king", "woman, queen")
    assert both.direction == pytest.approx([0, -(0.5**0.5), 0.5**0.5, 0], abs=1e-6)
    assert axis_of(tiny_model, "bread").low == ""
    assert places_on([axis_of(tiny_model, "bread")], vectors(tiny_model, "bread"))[0, 0] == pytest.approx(1)


def test_nothing_is_left_of_a_direction_that_is_taken_out(tiny_model: Model) -> None:
    directions = directions_of(tiny_model, "man:woman, king:queen, bread")
    assert len(directions) == 2  # man:woman and king:queen are the same
    left = without(vectors(tiny_model, "king", "queen", "bread"), directions)
    assert np.abs(left @ directions.T).max() < 1e-6
    assert left[0] == pytest.approx(left[1], abs=1e-6)
    assert np.linalg.norm(left[0]) == pytest.approx(1)
    assert not left[2].any()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("king, queen", ["king", "queen"]),
        ("New York;coffee\n tea ,,", ["New York", "coffee", "tea"]),
        ('"a, b", c:d', ["a, b", "c:d"]),
        (r'"say \"x\""', ['say "x"']),
        ('a "', ["a", '"']),
        ("", []),
    ],
)
def test_lists_are_read_as_they_are_typed(text: str, terms: list[str]) -> None:
    assert terms_of_list(text) == terms


@pytest.mark.parametrize("text", ["", "a:b:c", ":", "king:", "king:king", " , "])
def test_what_is_no_axis_is_refused(tiny_model: Model, text: str) -> None:
    with pytest.raises((QueryError, UnknownWord)):
        axis_of(tiny_model, text)
    with pytest.raises((QueryError, UnknownWord)):
        directions_of(tiny_model, text)


def test_an_unknown_word_of_an_axis_is_named(tiny_model: Model) -> None:
    with pytest.raises(UnknownWord, match="womann"):
        axis_of(tiny_model, "man:womann")
