"""Continuing the training of a model: its starting vectors, the merged vocabulary, and the words that moved most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.catalogue import load_model
from embeddings.errors import CorpusError
from embeddings.models import Model
from embeddings.search import Matrix
from embeddings.text import Counts
from embeddings.training.engine import Start
from embeddings.training.parameters import Algorithm

_SHOWN = 20


@dataclass(frozen=True, slots=True, eq=False)
class StartingModel:
    """The model whose training continues."""

    model: Model

    def parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """``given`` parameters and those that follow from the model. Raises `CorpusError` where they do not agree."""
        card = self.model.manifest.card
        own: dict[str, Any] = {"vector_size": self.model.dimension, "algorithm": Algorithm.WORD2VEC.value}
        if card.subwords is not None:
            own |= {"algorithm": Algorithm.FASTTEXT.value, "min_n": card.subwords["min_n"]}
            own |= {"max_n": card.subwords["max_n"], "bucket": card.subwords["buckets"]}
        for name, value in own.items():
            if given.get(name, value) != value:
                option = name.replace("_", "-")
                raise CorpusError(
                    f"{self.model.name} cannot be trained on with --{option} {given[name]}: its own is {value}. "
                    f"Leave out --{option}."
                )
        return {**given, **own}

    def start(self, words: Sequence[str]) -> Start:
        """Where training on ``words`` begins. Raises `CorpusError` if the model knows none of them."""
        there = [(row, old) for row, word in enumerate(words) if (old := self.model.vocabulary.row(word)) is not None]
        if not there:
            raise CorpusError(
                f"Not one word of the text is in {self.model.name}: there is nothing to train on. Leave out --init."
            )
        rows, old_rows = (np.array(column, np.int64) for column in zip(*there, strict=True))
        ngrams = None if self.model.subwords is None else np.array(self.model.subwords)
        return Start(rows, self.vectors(old_rows), ngrams)

    def vectors(self, rows: npt.NDArray[np.int64]) -> Matrix:
        """Vectors with the lengths that they had."""
        return self.model.vectors[rows] * self.model.norms[rows, None]


def open_old(name: str) -> StartingModel:
    """The model called ``name``, or in that folder. Raises `ModelError`."""
    return StartingModel(load_model(name))


def merge(
    old: StartingModel, words: Sequence[str], counts: npt.NDArray[np.uint64], vectors: Matrix
) -> tuple[list[str], npt.NDArray[np.uint64], Matrix]:
    """All words of the old model and of the new text, the most frequent first, with what was learned.

    Where the old model does not know how often its words are, they keep their order, and new words follow them.
    """
    every = np.arange(len(old.model), dtype=np.int64)
    all_words, all_counts = list(old.model.vocabulary), np.array(old.model.counts)
    place_of = {word: place for place, word in enumerate(all_words)}
    counts_known = bool(all_counts.any())
    all_vectors = np.concatenate((old.vectors(every), np.zeros((len(words), old.model.dimension), np.float32)))
    more = np.zeros(len(all_vectors), np.uint64)
    more[: len(all_counts)] = all_counts
    for row, word in enumerate(words):
        place = place_of.setdefault(word, len(place_of))
        if place == len(all_words):
            all_words.append(word)
        all_vectors[place] = vectors[row]
        more[place] += counts[row]
    more, all_vectors = more[: len(all_words)], all_vectors[: len(all_words)]
    if not counts_known:
        more[: len(every)] = 0
        return all_words, np.zeros_like(more), all_vectors
    order = np.argsort(-more.astype(np.int64), kind="stable")
    return [all_words[place] for place in order], more[order], all_vectors[order]


def moved_most(old: StartingModel, words: Sequence[str], vectors: Matrix, counts: Counts) -> list[dict[str, Any]]:
    """Words of the old model that turned furthest from where they were (1 - cosine), and how often each was met."""
    there = [(row, place) for row, word in enumerate(words) if (place := old.model.vocabulary.row(word)) is not None]
    rows, places = (np.array(column, np.int64) for column in zip(*there, strict=True))
    now = vectors[rows] / np.maximum(np.linalg.norm(vectors[rows], axis=1, keepdims=True), 1e-12)
    moved = 1 - np.einsum("ij,ij->i", now, old.model.vectors[places])
    return [
        {"word": words[rows[place]], "moved": round(float(moved[place]), 4), "met": int(counts[rows[place]])}
        for place in np.argsort(-moved, kind="stable")[:_SHOWN]
    ]
