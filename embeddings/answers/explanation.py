"""Why an answer came out as it did: cosines, relation similarity, margin, and a picture in two dimensions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from embeddings.query import Kind, Query
from embeddings.search import Matrix, unit


@dataclass(frozen=True, slots=True)
class Point:
    """A word's place in the picture."""

    word: str
    role: str
    """``input`` or ``result``."""
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What `explain` adds to an answer."""

    cosines: tuple[tuple[float, ...], ...]
    """For each result, its cosine with each term of the query."""
    relation: tuple[float, ...] | None
    """For each result of an analogy: cos(b - a, d - c), the similarity of the two offsets."""
    margin: float | None
    """The difference between the first and the second score."""
    points: tuple[Point, ...]

    def as_dict(self) -> dict[str, Any]:
        """The explanation as JSON; its numbers are rounded already."""
        return {
            "cosines": self.cosines,
            "relation": self.relation,
            "margin": None if self.margin is None else round(self.margin, 6),
            "points": [{"word": point.word, "role": point.role, "x": point.x, "y": point.y} for point in self.points],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The explanation that `as_dict` described; KeyError, TypeError or ValueError if it is none."""
        relation, margin = content["relation"], content["margin"]
        return cls(
            cosines=tuple(tuple(map(float, line)) for line in content["cosines"]),
            relation=None if relation is None else tuple(map(float, relation)),
            margin=None if margin is None else float(margin),
            points=tuple(
                Point(str(point["word"]), str(point["role"]), float(point["x"]), float(point["y"]))
                for point in content["points"]
            ),
        )


def explain(
    query: Query,
    names: Sequence[str],
    inputs: Matrix,
    found: Sequence[str],
    results: Matrix,
    scores: Sequence[float],
) -> Explanation:
    """Explain ``results`` [n, dimension] (words ``found``) by the query's ``inputs`` [m, dimension] (terms ``names``).

    An odd one out and a similarity find no other words: their ``results`` are empty.
    """
    x, y = _rounded(principal_plane(np.concatenate([inputs, results])).T)
    roles = ["input"] * len(names) + ["result"] * len(found)
    return Explanation(
        cosines=tuple(map(tuple, _rounded(results @ inputs.T))),
        relation=_relation(query, inputs, results) if query.kind is Kind.ANALOGY else None,
        margin=abs(scores[0] - scores[1]) if len(scores) > 1 else None,
        points=tuple(map(Point, [*names, *found], roles, x, y)),
    )


def principal_plane(vectors: Matrix) -> Matrix:
    """``vectors`` [n, dimension] seen in the plane where they spread most (PCA): [n, 2], around the origin.

    Each axis points to where its farthest point lies, so that the same vectors always give the same picture.
    """
    centred = vectors - vectors.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    plane = np.zeros((len(vectors), 2), np.float32)
    plane[:, : len(axes)] = centred @ axes.T
    farthest = plane[np.abs(plane).argmax(axis=0), [0, 1]]
    return plane * np.where(farthest < 0, -1, 1).astype(np.float32)


def _relation(query: Query, inputs: Matrix, results: Matrix) -> tuple[float, ...]:
    examples: list[Matrix] = [inputs[pair.right] - inputs[pair.left] for pair in query.pairs if not pair.is_question]
    left, right = query.question.places
    offsets = inputs[right] - results if left is None else results - inputs[left]
    example = unit(np.mean(examples, axis=0))
    lengths = np.sqrt(np.einsum("ij,ij->i", offsets, offsets))
    return tuple(_rounded(offsets @ example / np.where(lengths > 0, lengths, 1)))


def _rounded(values: npt.NDArray[np.floating[Any]]) -> Any:
    """``values`` as lists of numbers with six decimals."""
    return np.round(values.astype(np.float64), 6).tolist()
