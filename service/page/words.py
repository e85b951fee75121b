"""One word of a model, looked at closely: its rank and count, its vector as a picture, what is nearest how frequent."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from embeddings import Answer, Options
from embeddings.answers import resolve
from embeddings.models import WordVectors
from embeddings.plotting import VocabularyMap
from embeddings.search import Matrix
from service.page import svg
from service.page.interpretation import as_term

_BANDS = (1_000, 10_000, 100_000)
_IN_A_BAND = 8
_OF_A_GROUP = 30
_BAR, _HALF_HEIGHT = 8.0, 44.0


@dataclass(frozen=True, slots=True)
class NearestWords:
    """The words nearest to a word among the ``size`` most frequent ones."""

    title: str
    answer: Answer
    size: int | None = None
    k: int = _IN_A_BAND

    @property
    def restricted(self) -> dict[str, str]:
        """What an address says of it."""
        return {"restrict": str(self.size)} if self.size else {}


@dataclass(frozen=True, slots=True)
class Word:
    """All there is to show of a word."""

    word: str
    rank: int
    count: int
    bands: tuple[NearestWords, ...]
    vector: str
    """Its vector as SVG."""


def look_up(model: WordVectors, text: str) -> str | None:
    """The one word of the vocabulary that ``text`` is read as; None if it is read as several or from its letters.

    Raises `UnknownWord`.
    """
    reading = resolve(model, text)
    return model.vocabulary.word(reading.rows[0]) if len(reading.rows) == 1 else None


def describe(model: WordVectors, word: str, ask: Callable[[str, Options], Answer]) -> Word:
    """What there is to show of ``word``, which is in the vocabulary, exactly so."""
    row = model.vocabulary.row(word)
    assert row is not None
    sizes: list[int | None] = [size for size in _BANDS if size < len(model)]
    bands = tuple(
        NearestWords(
            f"Among the {size:,} most frequent" if size else f"Among all {len(model):,}",
            ask(as_term(word), Options(k=_IN_A_BAND, restrict=size)),
            size,
        )
        for size in (*sizes, None)
    )
    return Word(word, row + 1, model.count_of(row), bands, draw_vector(word, model.vectors_of([row])[0]))


def groups_of(shown: VocabularyMap) -> list[tuple[str, list[str]]]:
    """The groups of a map: the word in the middle of each, and its most frequent words."""
    return [
        (middle, [shown.words[place] for place in np.flatnonzero(shown.clusters == number)[:_OF_A_GROUP]])
        for number, middle in enumerate(shown.cluster_words)
    ]


def draw_vector(word: str, vector: Matrix) -> str:
    """A bar for each dimension, upwards from the middle line where positive."""
    width, height = _BAR * len(vector), 2 * _HALF_HEIGHT
    largest = float(np.abs(vector).max()) or 1.0
    bars = []
    for place, value in enumerate(vector.tolist()):
        size = abs(value) / largest * (_HALF_HEIGHT - 1)
        bars.append(
            svg.tag(
                "rect",
                svg.tag("title", f"dimension {place + 1}: {value:+.3f}"),
                x=place * _BAR + 1,
                y=_HALF_HEIGHT - (size if value > 0 else 0),
                width=_BAR - 2,
                height=max(size, 0.5),
                class_="bar-up" if value > 0 else "bar-down",
            )
        )
    axis = svg.line(0, _HALF_HEIGHT, width, _HALF_HEIGHT, "axis")
    return svg.tag(
        "svg",
        svg.tag("title", svg.escape(f"The {len(vector)} numbers of the vector of {word}")) + "".join(bars) + axis,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {svg.number(width)} {svg.number(height)}",
        preserveAspectRatio="none",
        class_="vector",
        role="img",
    )
