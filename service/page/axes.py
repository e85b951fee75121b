"""Words on axes of one's own, and lists of words in a plane: what a page, a table and a picture show of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from embeddings.answers import Axis, axis_of, directions_of, places_on, resolve, terms_of_list, without
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.plotting import Projection, project
from embeddings.search import Matrix, unit

_FEWEST, MOST_WORDS, _MOST_BY_UMAP = 3, 120, 60
"""Words of one picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Words and their places [words, 1 or 2]; words that the model does not know, with others that may be meant."""

    words: Sequence[str]
    places: Matrix
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    axes: Sequence[Axis] = ()
    pairs: Sequence[tuple[int, int]] = ()

    @property
    def rows(self) -> list[tuple[str, list[float]]]:
        """Each word and its numbers."""
        return list(zip(self.words, self.places.tolist(), strict=True))

    @property
    def names(self) -> list[str]:
        """What the numbers are called in a table."""
        return [axis.text for axis in self.axes] or ["x", "y"]

    def as_dict(self) -> dict[str, object]:
        """The words and their numbers as JSON shows them."""
        listed = [
            {"word": word, **{name: round(value, 6) for name, value in zip("xy", values, strict=False)}}
            for word, values in self.rows
        ]
        axes = {name: axis.text for name, axis in zip("xy", self.axes, strict=False)}
        return {"axes": axes, "words": listed, "unknown": {word: list(others) for word, others in self.missing.items()}}


def on_axes(model: WordVectors, axes: Sequence[str], words: str, apart: str = "") -> Placement:
    """The cosines of ``words``, a list as it was typed, with one or two axes, all of them without the directions
    ``apart``.

    Raises `UnknownWord` for a word of an axis, and `QueryError`.
    """
    found = [axis_of(model, text) for text in axes]
    terms, vectors, missing = _vectors(model, _terms(words))
    if apart.strip():
        directions = directions_of(model, apart)
        found = [_without(axis, directions, apart) for axis in found]
        vectors = without(vectors, directions)
    return Placement(terms, places_on(found, vectors), missing, found)


def _without(axis: Axis, directions: Matrix, apart: str) -> Axis:
    [left] = without(axis.direction[None], directions)
    if not left.any():
        raise QueryError(f"Nothing is left of the axis '{axis.text}' without the direction of {apart}.")
    return Axis(axis.text, axis.low, axis.high, unit(left))


def in_plane(model: WordVectors, words: str, projection: Projection, apart: str = "") -> Placement:
    """Places for a list of words, or of pairs ``France:Paris``, in the plane where they spread most, or by UMAP.

    Raises `QueryError` for fewer than three words that are known.
    """
    terms, pairs = _listed(model, words)
    known, vectors, missing = _vectors(model, terms)
    if len(known) < _FEWEST:
        raise QueryError(
            f"A picture needs three words or more, and {len(known)} are known.", example="king, queen, man"
        )
    if projection is Projection.UMAP and len(known) > _MOST_BY_UMAP:
        raise QueryError(
            f"UMAP lays out at most {_MOST_BY_UMAP} words here, and these are {len(known)}. PCA takes more."
        )
    if apart.strip():
        vectors = without(vectors, directions_of(model, apart))
    places = project(vectors, projection)
    joined = [(known.index(one), known.index(other)) for one, other in pairs if one in known and other in known]
    return Placement(known, places, missing, pairs=joined)


def has_place_for(model: WordVectors, words: str) -> bool:
    """Whether ``model`` knows enough of these words to lay them out."""
    return len(_vectors(model, _listed(model, words)[0])[0]) >= _FEWEST


def _listed(model: WordVectors, words: str) -> tuple[list[str], list[tuple[str, str]]]:
    """The words of a list, and the pairs that are in it."""
    terms: list[str] = []
    pairs: list[tuple[str, str]] = []
    for part in _terms(words):
        ends = [part] if _knows(model, part) else [end.strip() for end in part.split(":")]
        terms += [end for end in ends if end and end not in terms]
        if len(ends) == 2 and all(ends):
            pairs.append((ends[0], ends[1]))
    return terms, pairs


def _knows(model: WordVectors, text: str) -> bool:
    return model.vocabulary.row(text) is not None


def _terms(words: str) -> list[str]:
    terms = list(dict.fromkeys(terms_of_list(words)))
    if len(terms) > MOST_WORDS:
        raise QueryError(f"A picture shows at most {MOST_WORDS} words, and these are {len(terms)}.")
    return terms


def _vectors(model: WordVectors, terms: Sequence[str]) -> tuple[list[str], Matrix, dict[str, Sequence[str]]]:
    """The terms that are known, their vectors, and those that are not."""
    known: list[str] = []
    vectors: list[Matrix] = []
    missing: dict[str, Sequence[str]] = {}
    for term in terms:
        try:
            vectors.append(resolve(model, term).vector)
            known.append(term)
        except UnknownWord as error:
            missing[term] = error.suggestions
    return known, np.stack(vectors) if vectors else np.zeros((0, model.dimension), np.float32), missing
