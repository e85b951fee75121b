"""Words on axes that a user names: projections on differences of words, and vectors without some directions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.answers.resolution import resolve
from embeddings.errors import QueryError
from embeddings.models import WordVectors
from embeddings.search import Matrix, unit

_EXAMPLE = "man:woman"
_PART = re.compile(r'(?:"(?:\\["\\]|[^"])*"|[^",;\n])+|"')
_ESCAPED = re.compile(r'\\(["\\])')
_MOST_DIRECTIONS = 16
_NOTHING_LEFT = 1e-4
"""A vector with no more than this left has no direction besides those removed."""


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """A direction with a name at each end. The axis of a single word has no name at the low end."""

    text: str
    low: str
    high: str
    direction: Matrix
    """A unit vector [dimension]."""


def terms_of_list(text: str) -> list[str]:
    """The terms of a list separated by commas, semicolons or lines. Within quotes these belong to the term."""
    return [term for part in _PART.findall(text) if (term := _bare(part))]


def axis_of(model: WordVectors, text: str) -> Axis:
    """The axis ``man:woman``, from the first word to the second; of several pairs, by commas, their mean direction;
    of a single word, its own.

    Raises `UnknownWord`, and `QueryError` for what is no axis.
    """
    pairs = [_ends(part) for part in _PART.findall(text) if part.strip()]
    if not pairs:
        raise QueryError("An axis is a word, or two of them with a colon.", example=_EXAMPLE)
    vectors = [_along(model, low, high) for low, high in pairs]
    direction = unit(np.sum(vectors, axis=0))
    if not direction.any():
        raise QueryError(f"'{text}' has no direction: its ends are the same.", example=_EXAMPLE)
    low = ", ".join(low for low, _ in pairs if low is not None)
    return Axis(text, low, ", ".join(high for _, high in pairs), direction)


def directions_of(model: WordVectors, text: str) -> Matrix:
    """An orthonormal basis [n, dimension] of the directions ``money, man:woman``, each a word's or a difference's.

    Raises `UnknownWord`, and `QueryError` where nothing is named.
    """
    pairs = [_ends(part) for part in _PART.findall(text) if part.strip()]
    if not pairs:
        raise QueryError("A direction to leave out is a word, or two of them with a colon.", example=_EXAMPLE)
    if len(pairs) > _MOST_DIRECTIONS:
        raise QueryError(f"At most {_MOST_DIRECTIONS} directions can be left out, and these are {len(pairs)}.")
    rows = np.stack([_along(model, low, high) for low, high in pairs])
    _, sizes, basis = np.linalg.svd(rows, full_matrices=False)
    if not sizes[0] > _NOTHING_LEFT:
        raise QueryError(f"'{text}' has no direction: its ends are the same.", example=_EXAMPLE)
    return np.asarray(basis[sizes > _NOTHING_LEFT * sizes[0]], np.float32)


def without(vectors: Matrix, directions: Matrix) -> Matrix:
    """Unit ``vectors`` [n, dimension] with the span of ``directions`` taken out, brought to length 1 again; zeros for
    those of which nothing is left.

    This is how Bolukbasi et al. 2016 neutralise words; whatlies writes it ``|``.
    """
    left = vectors - vectors @ directions.T @ directions
    sizes = np.linalg.norm(left, axis=1, keepdims=True)
    found: Matrix = np.where(sizes > _NOTHING_LEFT, left / np.maximum(sizes, _NOTHING_LEFT), 0).astype(np.float32)
    return found


def vectors_asked(model: WordVectors, texts: Sequence[str], left_out: str | None) -> Matrix:
    """The unit vectors [texts, dimension] of terms, without the directions that ``left_out`` names."""
    vectors = np.stack([resolve(model, text).vector for text in texts])
    return vectors if left_out is None else without(vectors, directions_of(model, left_out))


def places_on(axes: Sequence[Axis], vectors: Matrix) -> Matrix:
    """The cosine of each of ``vectors`` [n, dimension] with each axis: [n, axes]."""
    return np.asarray(vectors @ np.stack([axis.direction for axis in axes]).T, np.float32)


def _along(model: WordVectors, low: str | None, high: str) -> Matrix:
    end = resolve(model, high).vector
    return end if low is None else end - resolve(model, low).vector


def _ends(part: str) -> tuple[str | None, str]:
    """``man:woman`` → its ends; a word alone has no low one."""
    parts = [_bare(end) for end in re.findall(r'(?:"(?:\\["\\]|[^"])*"|[^":])+|"', part)]
    if not parts or not all(parts) or len(parts) > 2 or (len(parts) == 1 and ":" in _QUOTED.sub("", part)):
        raise QueryError(f"'{part.strip()}' is neither a word nor two with a colon.", example=_EXAMPLE)
    return (None, parts[0]) if len(parts) == 1 else (parts[0], parts[1])


_QUOTED = re.compile(r'"(?:\\["\\]|[^"])*"')


def _bare(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = _ESCAPED.sub(r"\1", text[1:-1])
    return text.strip()
