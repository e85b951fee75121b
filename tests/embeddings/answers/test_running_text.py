"""Sentences as vectors: as `resolve` reads them, but for words that are not known, which are named."""

import numpy as np
import pytest

from embeddings.answers.resolution import resolve
from embeddings.answers.running_text import read_text
from embeddings.errors import QueryError, UnknownWord
from embeddings.models.model import Model


@pytest.mark.parametrize("text", ["king", "Café", "united states", "new york", "King and, queen"[:4], "the queen"])
def test_what_is_known_is_read_as_a_term_is(tiny_model: Model, text: str) -> None:
    reading, term = read_text(tiny_model, text), resolve(tiny_model, text)
    assert np.allclose(reading.vector, term.vector)
    assert (reading.words, reading.unknown) == (term.words, ())


def test_unknown_words_are_named_once_and_part_what_stands_around_them(tiny_model: Model) -> None:
    reading = read_text(tiny_model, "new xyzzy york — king, xyzzy https://king.example/queen")
    assert reading.words == ("king",)
    assert reading.unknown == ("new", "xyzzy", "york", "https://king.example/queen")
    assert np.allclose(reading.vector, tiny_model.vectors[1])


def test_a_text_of_which_nothing_is_known_is_an_error(tiny_model: Model) -> None:
    with pytest.raises(UnknownWord, match="kinng"):
        read_text(tiny_model, "kinng")
    with pytest.raises(QueryError, match="blanks"):
        read_text(tiny_model, " \n\t")
