"""One word that an answer lists, and how JSON shows it."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

_TEXTS = ("display", "description")


class Result(NamedTuple):
    """A word found; ``rank`` is its frequency rank from 1, None for a term that is no single word."""

    word: str
    score: float
    rank: int | None
    display: str | None = None
    """The usual spelling of the word, if it differs from the vocabulary's: ``New York Times``."""
    description: str | None = None
    """What it is, in one line."""

    @property
    def shown(self) -> str:
        """The word as people read it."""
        return self.display or self.word


new_result = partial(tuple.__new__, Result)
"""A `Result` without the call of a function of Python's: there are ten in an answer."""


def as_dicts(results: Iterable[Result]) -> list[dict[str, Any]]:
    """``results`` as JSON, without texts that are missing."""
    found = []
    for word, score, rank, display, description in results:
        # As round(score, 6), in half its time: the product with a float32 is exact.
        content: dict[str, Any] = {"word": word, "score": round(score * 1e6) / 1e6, "rank": rank}
        if display is not None:
            content["display"] = display
        if description is not None:
            content["description"] = description
        found.append(content)
    return found


def from_dicts(results: Iterable[Mapping[str, Any]]) -> tuple[Result, ...]:
    """The results that `as_dicts` gave. Raises KeyError, TypeError or ValueError for others."""
    return tuple(
        Result(
            str(result["word"]),
            float(result["score"]),
            None if result["rank"] is None else int(result["rank"]),
            *(str(result[name]) if result.get(name) is not None else None for name in _TEXTS),
        )
        for result in results
    )
