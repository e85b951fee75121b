"""Methods of a local model give what the functions give; the client's tests compare them with a service's."""

import numpy as np
import pytest

from embeddings import Options, UnknownWord, ask, load_model
from embeddings.models.model import Model


def test_methods_give_what_the_functions_give(tiny_model: Model) -> None:
    model = load_model(tiny_model.folder)
    assert isinstance(model, Model)
    assert model.ask("king", Options(k=2)).results == ask(tiny_model, "king", Options(k=2)).results
    assert model.neighbours("new york", 2) == ask(tiny_model, '"new york"', Options(k=2)).results
    assert model.analogy("man", "king", "woman", 1, Options(exact=True))[0].word == "queen"
    assert np.allclose(model.embed(["king"]), tiny_model.vectors[1:2])
    with pytest.raises(UnknownWord):
        model.embed(["king", "nowhere"])


def test_words_are_taken_literally(tiny_model: Model) -> None:
    model = load_model(tiny_model.folder)
    with pytest.raises(UnknownWord, match="king - man"):
        model.similarity("king - man", "queen")
