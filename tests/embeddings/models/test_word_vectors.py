"""A model of a folder and one in Milvus are what `WordVectors` asks for, and `load_word_vectors` opens either."""

import inspect

import numpy as np

from embeddings import load_word_vectors
from embeddings.models.model import Model
from embeddings.models.word_vectors import Neighbours, Words, WordVectors


def parts(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_") or name == "__len__"]


def test_both_kinds_have_every_part_with_the_same_parameters(tiny_model: Model, tiny_in_milvus: str) -> None:
    here, there = tiny_model, load_word_vectors(tiny_in_milvus)
    for protocol, one, other in (
        (WordVectors, here, there),
        (Words, here.vocabulary, there.vocabulary),
        (Neighbours, here.index, there.index),
    ):
        for name in parts(protocol):
            assert hasattr(one, name), name
            assert hasattr(other, name), name
            if callable(getattr(one, name)):
                assert list(inspect.signature(getattr(one, name)).parameters) == list(
                    inspect.signature(getattr(other, name)).parameters
                ), name


def test_both_kinds_give_the_same_values(tiny_model: Model, tiny_in_milvus: str) -> None:
    here, there = load_word_vectors(tiny_model.folder), load_word_vectors(tiny_in_milvus)
    for rows in ([3], [[0, 11], [4, 4]], []):
        assert np.allclose(here.vectors_of(rows), there.vectors_of(rows), atol=1e-6)
        assert here.vectors_of(rows).shape == there.vectors_of(rows).shape
    assert [here.count_of(row) for row in range(12)] == [there.count_of(row) for row in range(12)]
    assert np.allclose(here.index.first_vectors(5), there.index.first_vectors(5), atol=1e-6)
    scores, rows = here.index.search(here.vectors_of([0, 5]), 4)
    their_scores, their_rows = there.index.search(here.vectors_of([0, 5]), 4)
    assert np.allclose(scores, their_scores, atol=1e-6)
    assert (rows[:, :3] == their_rows[:, :3]).all()  # the fourth has equals
    assert (here.name, here.dimension, len(here)) == (there.name, there.dimension, len(there))
