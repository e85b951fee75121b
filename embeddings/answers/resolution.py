"""Term of a query → unit vector, the rows it is made of, and how it was found."""

import itertools
import re
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from embeddings.errors import EmbeddingsError, QueryError, UnknownWord
from embeddings.models import WordVectors, plain, subword_vector
from embeddings.search import Matrix, unit

_SUGGESTIONS = 5
_MOST_SUGGESTED_FOR = 3
"""Unknown words of one term that get suggestions. Each costs a look through all words, and with more nobody could guess
the meaning.
"""
# Numbers and clitics stay whole: 1,000 and 10:30; macy's → macy + 's, don't → do + n't, as in the Penn Treebank.
_PIECES = re.compile(
    r"[0-9]+(?:[.,:][0-9]+)+|\w+(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|\w+|[^\w\s]", re.IGNORECASE
)
# What tokenisers leave out at the ends of words, and within words that they take apart: U.S., one-off.
_AT_ENDS, _WITHIN = ".…,'’‘\"“”()!?;¡¿", "-‐‑–.,'’&/"
_SIGNS_OF_WORDS = frozenset(_WITHIN + "‒—―!?$€£¥₹%°")
"""Other signs carry meaning that a sum of words loses: C++ is not C, and O(n) is not O and n."""
_NAME_WITH_DOT = re.compile(r"\.\w")
"""Of .NET and .com the dot says more than that a sentence ended."""
_ADDRESS = re.compile(r"\w+://|www\.")
_BLANKS = " \t\r\n\ufeff\u200b"

_LONGEST_SEGMENT = 5
_INITIAL = re.compile(r"[^\W\d]\.")
_INITIALS_SAY = 0.1
"""What ``J.`` counts for in a composition beside other words: it says little of whom a name means."""
_SIF = 1e-3
"""a of the weights a / (a + p) of words with probability p: smooth inverse frequency (Arora et al. 2017)."""
_ZIPF_HOLDS = 10_000
"""From this many words on, ranks tell how probable words are, and the first words show what all have in common."""
_COMMON = 100
"""The words whose mean is what all texts have in common."""
_COMMON_LEFT_OUT = 0.6
"""The share of it that is removed from a composed vector. Removing all (Arora et al.) leaves obscure neighbours."""


class Resolution(StrEnum):
    """How a term was found, in the order of trial."""

    EXACT = "exact"
    CASE = "case"
    PHRASE = "phrase"
    COMPOSED = "composed"
    SUBWORD = "subword"


_EXACT = Resolution.EXACT


@dataclass(slots=True, eq=False)
class Match:
    """How a term was found."""

    resolution: Resolution
    words: tuple[str, ...]
    rows: tuple[int, ...]
    vector: Matrix | None = None
    """A unit vector [dimension], or zeros; None for that of the one row."""
    senses: tuple[str, ...] = ()
    """Other keys of the vocabulary that hold the same word: duck|VERB beside duck|NOUN."""


class Reading(NamedTuple):
    """How a term was found, and its vector."""

    resolution: Resolution
    words: tuple[str, ...]
    rows: tuple[int, ...]
    vector: Matrix
    """A unit vector [dimension]; zeros if the model has zeros for the word."""
    senses: tuple[str, ...] = ()


def resolve(model: WordVectors, text: str, *, suggests: bool = True) -> Reading:
    """`find_term` with the term's vector."""
    found = find_term(model, text, suggests=suggests)
    vector = model.vectors_of(found.rows)[0] if found.vector is None else found.vector
    return Reading(found.resolution, found.words, found.rows, vector, found.senses)


def find_term(model: WordVectors, text: str, *, suggests: bool = True) -> Match:
    """Read ``text`` as the word, spelling variant, phrase, composition or n-grams that the model has for it.

    Raises `UnknownWord` if nothing succeeds, with up to five suggestions (none without ``suggests``), and `QueryError`
    for a blank text. No part of the text is ever left out.
    """
    if (row := model.vocabulary.row(text)) is not None:
        return Match(_EXACT, (text,), (row,))
    parts = words_of(text)
    if not parts:
        raise QueryError("A term is empty: there are only blanks in it.", example="king - man + woman")
    if found := find_entry(model, text):
        return _of_entry(model, text, *found)
    if any(plain(part) != part for part in parts):
        raise UnknownWord(text, _without_keys(model, parts) if suggests else (), model=model.name)
    if is_address(text):
        raise UnknownWord(text, suggest(model, text) if suggests else (), model=model.name)
    found_parts = [(part, rows_of_word(model, part)) for part in parts]
    if rows := known_segments(model, found_parts):
        return _of_rows(model, Resolution.COMPOSED if len(rows) > 1 else Resolution.CASE, rows)
    if model.manifest.card.subwords is not None:
        vectors = [weighted_sum(model, rows) if rows else _subwords(model, part) for part, rows in found_parts]
        if all(vector.any() for vector in vectors):
            known = tuple(row for _, rows in found_parts for row in rows)
            return Match(Resolution.SUBWORD, tuple(parts), known, unit(np.mean(vectors, axis=0)))
    raise UnknownWord(text, suggest(model, text) if suggests else (), model=model.name)


def distinctive(model: WordVectors, vector: Matrix) -> Matrix:
    """The unit vector near which the own neighbours of a composed term with this ``vector`` are, [dimension]: with less
    of what all texts have in common, which brings function words. Not for arithmetic: there it would be gone from one
    side alone.
    """
    if len(model) < _ZIPF_HOLDS:
        return vector
    common = _common_direction(model)
    return unit(vector - _COMMON_LEFT_OUT * max(float(vector @ common), 0.0) * common)


def find_entry(model: WordVectors, text: str) -> tuple[Resolution, int] | None:
    """The row of the one word of the vocabulary that ``text`` is: as it stands, in another spelling, or joined."""
    if found := find_word(model, text):
        return found
    parts = words_of(text)
    for words in _ways_to_split(parts):
        if len(words) > 1 and (joined := find_word(model, model.manifest.card.joiner.join(words))):
            return Resolution.PHRASE, joined[1]
    return None


def possible_forms(text: str, joiner: str) -> set[str]:
    """All words that `resolve` may look up for ``text``."""
    parts = words_of(text)
    whole = [joiner.join(words) for words in _ways_to_split(parts)]
    whole += [
        joiner.join(parts[start:end])
        for start in range(len(parts))
        for end in range(start + 2, min(start + _LONGEST_SEGMENT, len(parts)) + 1)
    ]
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
    """Up to five spellings near ``text`` that the model knows, likeliest first."""
    whole = model.vocabulary.suggest(model.manifest.card.joiner.join(text.split()), _SUGGESTIONS)
    parts = text.split()
    if len(parts) < 2:
        return whole
    known = [model.vocabulary.words(rows_of_word(model, part)) for part in parts]
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
    joiner = model.manifest.card.joiner
    there = {word.replace(joiner, " ") for word in whole} if joiner else set()  # read as those phrases, and no others
    return (whole + [text for text in dict.fromkeys(composed) if text not in there])[:_SUGGESTIONS]


def _without_keys(model: WordVectors, parts: Sequence[str]) -> list[str]:
    """What to ask instead of keys of another vocabulary: their words. Composed of its parts, a key would be of them,
    and of the name of its language too.
    """
    words = " ".join(plain(part).replace("_", " ") for part in parts)
    try:
        find_term(model, words, suggests=False)
    except EmbeddingsError:
        return suggest(model, words)
    return [words]


def complete(model: WordVectors, prefix: str, limit: int = 10, offset: int = 0) -> list[str]:
    """Words that begin with ``prefix``, the most frequent first; where none has its blanks, those that are joined in
    their place: "united st" → united_states.
    """
    joiner = model.manifest.card.joiner
    if joiner and " " in prefix and not model.vocabulary.complete(prefix, 1):
        prefix = prefix.replace(" ", joiner)
    return model.vocabulary.complete(prefix, limit, offset)


def is_address(text: str) -> bool:
    """Whether ``text`` is a web address, whose words say little about it."""
    return _ADDRESS.match(text) is not None


def words_of(text: str) -> list[str]:
    """The parts of ``text`` between blanks."""
    return [word for part in text.split() if (word := part.strip(_BLANKS))]


def known_segments(model: WordVectors, parts: Sequence[tuple[str, list[int]]]) -> list[int]:
    """The rows of the fewest known segments that make up all ``parts``, among equals the longest first; empty if
    some part is not known. ``parts`` are words, each with the rows of what it is made of by itself.
    """
    if not all(rows for _, rows in parts):
        return []
    words = [word for word, _ in parts]
    joiner = model.manifest.card.joiner
    joined: dict[str, list[int]] = {}
    cost = [0]  # of the words from some place on, the last place first: so many segments, the first of which are
    steps: list[tuple[list[int], int]] = []  # these rows, for so many words
    for start in reversed(range(len(words))):
        chosen, length = parts[start][1], 1
        least = len(chosen) + cost[-1]
        for end in range(start + 2, min(start + _LONGEST_SEGMENT, len(words)) + 1):
            text = joiner.join(words[start:end])
            if text not in joined:
                found = find_word(model, text)
                joined[text] = [found[1]] if found else []
            if joined[text] and 1 + cost[len(words) - end] <= least:
                chosen, length, least = joined[text], end - start, 1 + cost[len(words) - end]
        cost.append(least)
        steps.append((chosen, length))
    rows: list[int] = []
    place = len(words)
    while place:
        chosen, length = steps[place - 1]
        rows += chosen
        place -= length
    return rows


def rows_of_word(model: WordVectors, part: str) -> list[int]:
    """The row of a word, or the rows of all its pieces (``macy's``); empty unless every piece is known."""
    is_whole = part.isalpha() or _NAME_WITH_DOT.match(part)
    ways = [[part]] if is_whole else [[part], [part.strip(_AT_ENDS)], *_ways_to_split([part])]
    for words in ways:
        if len(words) > 1 and not all(word[:1].isalnum() or set(word) & _SIGNS_OF_WORDS for word in words):
            continue
        found = [find_word(model, word) for word in words if word]
        if found and all(found):
            return [word[1] for word in found if word is not None]
    return []


def _ways_to_split(parts: Sequence[str]) -> list[list[str]]:
    """``parts`` as they are, with clitics and signs apart, without the signs that hold a compound together, and with
    *and* for ``&``.
    """
    if all(part.isalpha() for part in parts):
        return [list(parts)]
    pieces = [piece for part in parts for piece in _PIECES.findall(part)]
    without = [piece for piece in pieces if piece not in _WITHIN]
    ways = [pieces, without]
    if "&" in pieces:
        ways += [["and" if word == "&" else word for word in words] for words in (parts, pieces)]
    return [list(parts)] + [way for way in ways if any(word[:1].isalnum() for word in way)]


def _of_entry(model: WordVectors, text: str, resolution: Resolution, row: int) -> Match:
    """The match of one entry; where that is a key that holds the word, with the other keys that do."""
    key = model.vocabulary.word(row)
    if plain(key) == key or plain(text) != text:
        return Match(resolution, (key,), (row,))
    others = [other for other in model.vocabulary.words(model.vocabulary.variants(plain(key))) if other != key]
    return Match(Resolution.PHRASE, (key,), (row,), senses=tuple(others))


def _of_rows(model: WordVectors, resolution: Resolution, rows: Sequence[int]) -> Match:
    vector = None if len(rows) == 1 else weighted_sum(model, rows)
    return Match(resolution, tuple(model.vocabulary.words(rows)), tuple(rows), vector)


def weighted_sum(model: WordVectors, rows: Sequence[int]) -> Matrix:
    """The unit vector [dimension] of a text of the words at ``rows``, the rare ones counting most."""
    return unit(_weights(model, rows) @ model.vectors_of(rows))


def _weights(model: WordVectors, rows: Sequence[int]) -> Matrix:
    """The weight of each word in a composition, float32 [rows]: *and* and *of* count for little.

    Where no counts are known, ranks give the probabilities (Zipf); a small vocabulary says nothing of them.
    """
    if model.total_count:
        probabilities = np.array([model.count_of(row) for row in rows], np.float32) / model.total_count
    elif len(model) >= _ZIPF_HOLDS:
        probabilities = 1 / ((1 + np.array(rows, np.float32)) * np.log(1.78 * len(model)))
    else:
        return np.ones(len(rows), np.float32)
    weights: Matrix = (_SIF / (_SIF + probabilities)).astype(np.float32)
    weights[[_INITIAL.fullmatch(word) is not None for word in model.vocabulary.words(rows)]] *= _INITIALS_SAY
    return weights


_common_directions: "weakref.WeakKeyDictionary[WordVectors, Matrix]" = weakref.WeakKeyDictionary()


def _common_direction(model: WordVectors) -> Matrix:
    """The unit mean [dimension] of the most frequent words: the direction that all texts share."""
    if model not in _common_directions:
        _common_directions[model] = unit(model.vectors_of(range(_COMMON)).mean(axis=0))
    return _common_directions[model]


def _subwords(model: WordVectors, part: str) -> Matrix:
    assert model.manifest.card.subwords is not None
    return subword_vector(model.ngram_vectors, model.dimension, model.manifest.card.subwords, part)
