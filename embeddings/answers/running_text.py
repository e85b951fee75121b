"""A sentence or a paragraph → one vector, for search and clustering of texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from embeddings.answers.resolution import (
    find_entry,
    is_address,
    known_segments,
    possible_forms,
    rows_of_word,
    suggest,
    weighted_sum,
    words_of,
)
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.search import Matrix


@dataclass(frozen=True, slots=True, eq=False)
class TextReading:
    """The words of a text that the model knows, their mean, and the words that it does not know."""

    words: tuple[str, ...]
    vector: Matrix
    """A unit vector [dimension], the mean weighted by rarity (SIF, Arora et al. 2017)."""
    unknown: tuple[str, ...] = ()


def read_text(model: WordVectors, text: str) -> TextReading:
    """Read ``text`` as `resolve` does, but leave out, and name, the words that the model does not know.

    Raises `UnknownWord` if it knows none of them, `QueryError` for a text of blanks alone.
    """
    parts = words_of(text)
    if not parts:
        raise QueryError("A text is empty: there are only blanks in it.")
    model.vocabulary.expect(possible_forms(text, model.manifest.card.joiner))
    if found := find_entry(model, text):
        rows: Sequence[int] = [found[1]]
        unknown: list[str] = []
    else:
        read = [(part, [] if is_address(part) else rows_of_word(model, part)) for part in parts]
        rows = list(_rows(model, read))
        unknown = [part for part, known in read if not known and any(map(str.isalnum, part))]
    if not rows:
        raise UnknownWord(text, suggest(model, text[:200]), model=model.name)
    words = tuple(model.vocabulary.words(rows))
    return TextReading(words, weighted_sum(model, rows), tuple(dict.fromkeys(unknown)))


def _rows(model: WordVectors, read: Sequence[tuple[str, list[int]]]) -> Iterator[int]:
    """The rows of the fewest segments of each run of known words."""
    for is_known, run in groupby(read, key=lambda part: bool(part[1])):
        if is_known:
            yield from known_segments(model, list(run))
