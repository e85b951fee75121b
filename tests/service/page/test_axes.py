"""Words placed on axes and in planes."""

import pytest

from embeddings import Model, QueryError
from embeddings.plotting import Projection
from service.page.axes import MOST_WORDS, in_plane, on_axes


def test_words_have_their_cosines_in_the_order_in_which_they_were_named(tiny_model: Model) -> None:
    placed = on_axes(tiny_model, ["man:woman", "bread"], "queen; bread\nking, queen")
    assert list(placed.words) == ["queen", "bread", "king"]
    assert placed.places[:, 0] == pytest.approx([0.5, 0, -0.5], abs=1e-6)
    assert placed.names == ["man:woman", "bread"]
    assert placed.as_dict()["axes"] == {"x": "man:woman", "y": "bread"}


def test_a_direction_is_taken_out_of_words_and_axes(tiny_model: Model) -> None:
    placed = on_axes(tiny_model, ["bread"], "king, queen", "man:woman")
    assert placed.places[0] == pytest.approx(placed.places[1], abs=1e-6)
    with pytest.raises(QueryError, match="Nothing is left"):
        on_axes(tiny_model, ["man:woman"], "king", "man:woman")


def test_pairs_are_joined_and_unknown_words_named(tiny_model: Model) -> None:
    placed = in_plane(tiny_model, "man:king, woman:queen, xyzzy", Projection.PCA)
    assert list(placed.words) == ["man", "king", "woman", "queen"]
    assert list(placed.pairs) == [(0, 1), (2, 3)]
    assert list(placed.missing) == ["xyzzy"]
    with pytest.raises(QueryError, match="three words"):
        in_plane(tiny_model, "man, woman", Projection.PCA)
    with pytest.raises(QueryError, match=str(MOST_WORDS)):
        in_plane(tiny_model, ",".join(f"w{number}" for number in range(MOST_WORDS + 1)), Projection.PCA)
