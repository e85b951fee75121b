"""A term of a query → a unit vector, the rows it is made of, and how it was found."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from embeddings.errors import UnknownWord
from embeddings.models import WordVectors, subword_vector
from embeddings.search import Matrix, unit

_SUGGESTIONS = 5
_MOST_SUGGESTED_FOR = 3
"""Unknown words of one term: of more, nobody could guess what is meant, and each costs a look through all words."""
# Clitics stay whole, as tokenisers in the Penn Treebank's manner leave them: macy's → macy + 's, don't → do + n't.
_PIECES = re.compile(r"\w+(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|\w+|[^\w\s]", re.IGNORECASE)
# What tokenisers leave out at the ends of words, and within words that they take apart: U.S., one-off.
_AT_ENDS, _WITHIN = ".,'’", "-‐‑–.,'’&/"


class Resolution(StrEnum):
    """How a term was found, in the order in which the ways are tried."""

    EXACT = "exact"
    CASE = "case"
    PHRASE = "phrase"
    COMPOSED = "composed"
    SUBWORD = "subword"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a term was taken to mean."""

    resolution: Resolution
    words: tuple[str, ...]
    rows: tuple[int, ...]
    vector: Matrix
    """A unit vector [dimension]; zeros where the model has zeros for the word."""


def resolve(model: WordVectors, text: str) -> Reading:
    """Read ``text`` as the word, spelling variant, phrase, composition or n-grams that the model has for it.

    Raises `UnknownWord` with up to five suggestions if nothing succeeds. No part of the text is ever left out.
    """
    parts = text.split()
    if found := find_word(model, text):
        resolution, row = found
        return _of_rows(model, resolution, [row])
    for words in _ways_to_split(parts):
        if len(words) > 1 and (found := find_word(model, model.manifest.card.joiner.join(words))):
            return _of_rows(model, Resolution.PHRASE, [found[1]])
    found_parts = [(part, _rows_of_part(model, part)) for part in parts]
    if all(rows for _, rows in found_parts):
        rows = [row for _, rows in found_parts for row in rows]
        return _of_rows(model, Resolution.COMPOSED if len(rows) > 1 else Resolution.CASE, rows)
    if model.manifest.card.subwords is not None:
        vectors = [
            _of_rows(model, Resolution.COMPOSED, rows).vector if rows else _subwords(model, part)
            for part, rows in found_parts
        ]
        if all(vector.any() for vector in vectors):
            known = tuple(row for _, rows in found_parts for row in rows)
            return Reading(Resolution.SUBWORD, tuple(parts), known, unit(np.mean(vectors, axis=0)))
    raise UnknownWord(text, suggest(model, text), model=model.name)


def possible_forms(text: str, joiner: str) -> set[str]:
    """All words that `resolve` may look for to read ``text``."""
    parts = text.split()
    whole = [joiner.join(words) for words in _ways_to_split(parts)]
    pieces = [word for part in parts for words in _ways_to_split([part]) for word in words]
    return {text, *whole, *parts, *(part.strip(_AT_ENDS) for part in parts), *pieces}


def find_word(model: WordVectors, text: str) -> tuple[Resolution, int] | None:
    """The row of one word of the vocabulary: exactly ``text``, or another case or accents of it."""
    row = model.vocabulary.row(text)
    if row is not None:
        return Resolution.EXACT, row
    row = model.vocabulary.row_of_variant(text)
    return None if row is None else (Resolution.CASE, row)


def suggest(model: WordVectors, text: str) -> list[str]:
    """Up to five ways to write ``text`` that the model knows, the likeliest first."""
    whole = model.vocabulary.suggest(model.manifest.card.joiner.join(text.split()), _SUGGESTIONS)
    parts = text.split()
    if len(parts) < 2:
        return whole
    known = [model.vocabulary.words(_rows_of_part(model, part)) for part in parts]
    if sum(not words for words in known) > _MOST_SUGGESTED_FOR:
        return whole
    choices = [
        [" ".join(words)] if words else model.vocabulary.suggest(part) for part, words in zip(parts, known, strict=True)
    ]
    ranked = sorted(
        itertools.islice(itertools.product(*map(enumerate, choices)), 5_000),
        key=lambda combination: sum(rank for rank, _ in combination),
    )
    composed = [" ".join(word for _, word in combination) for combination in ranked]
    return list(dict.fromkeys(whole + composed))[:_SUGGESTIONS]


def _rows_of_part(model: WordVectors, part: str) -> list[int]:
    """The row of a word, or the rows of all its pieces (``macy's``); empty unless every piece is known."""
    for words in ([part], [part.strip(_AT_ENDS)], *_ways_to_split([part])):
        found = [find_word(model, word) for word in words]
        if found and all(found):
            return [word[1] for word in found if word is not None]
    return []


def _ways_to_split(parts: Sequence[str]) -> list[list[str]]:
    """``parts`` as they are, with clitics and signs apart, and without the signs that hold a compound together."""
    pieces = [piece for part in parts for piece in _PIECES.findall(part)]
    return [list(parts), pieces, [piece for piece in pieces if piece not in _WITHIN]]


def _of_rows(model: WordVectors, resolution: Resolution, rows: Sequence[int]) -> Reading:
    vectors = model.vectors_of(rows)
    vector = vectors[0] if len(rows) == 1 else unit(vectors.mean(axis=0))
    return Reading(resolution, tuple(model.vocabulary.words(rows)), tuple(rows), vector)


def _subwords(model: WordVectors, part: str) -> Matrix:
    assert model.manifest.card.subwords is not None
    return subword_vector(model.ngram_vectors, model.dimension, model.manifest.card.subwords, part)
