"""The answer to a query: the one value that the command line, the API and the page show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from embeddings.answers.explanation import Explanation
from embeddings.answers.result import Result, as_dicts, from_dicts
from embeddings.errors import EmbeddingsError, error_from_dict
from embeddings.query import Kind, Query

if TYPE_CHECKING:
    from embeddings.answers.listing import ResultList


class TermReading(NamedTuple):
    """How a term of the query was resolved."""

    text: str
    resolved: str
    words: tuple[str, ...]
    weight: float


@dataclass(slots=True, unsafe_hash=True)  # one that is frozen takes five times as long to make
class Answer:
    """Everything to show for a query. Nobody changes one that `ask` has given."""

    query: str
    kind: Kind
    read_as: str
    terms: tuple[TermReading, ...]
    results: tuple[Result, ...]
    model: str
    method: str
    took_ms: float
    score: float | None = None
    """The cosine of the two terms of a similarity."""
    shared: tuple[Result, ...] | None = None
    apart: tuple[Result, ...] | None = None
    explanation: Explanation | None = None
    notes: tuple[str, ...] = ()
    """How the query was read if something else may have been meant, and other senses of its words."""
    without: str | None = None
    """The directions that were taken out of the terms, as they were given."""
    parsed: Query | None = field(default=None, compare=False, repr=False)
    """The query as it was read; None if the answer came from a service."""
    listing: "ResultList | None" = field(default=None, init=False, compare=False, repr=False)
    """Results of a batch that nobody has looked at yet."""

    def list_later(self, listing: "ResultList") -> None:
        """Have ``results`` made of ``listing`` when somebody looks at them."""
        self.listing = listing
        del self.results

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            """Called for what is not set."""
            if name != "results":
                raise AttributeError(f"'Answer' object has no attribute '{name}'", name=name, obj=self)
            listing = self.listing
            if listing is not None:  # else another thread has made them meanwhile
                self.results, self.listing = listing.results(), None
            return object.__getattribute__(self, name)

    @property
    def size(self) -> int:
        """How many results it has."""
        listing = self.listing
        return len(self.results if listing is None else listing)

    def as_json(self) -> bytes:
        """`as_dict` as the bytes of JSON."""
        listing = self.listing
        return orjson.dumps(self._content(as_dicts(self.results) if listing is None else orjson.Fragment(listing.json)))

    def as_dict(self, *, timed: bool = True) -> dict[str, Any]:
        """The answer as JSON, without what does not apply to the kind of query; ``timed`` says how long it took."""
        return self._content(as_dicts(self.results), timed=timed)

    def _content(self, results: Any, *, timed: bool = True) -> dict[str, Any]:
        """`as_dict` with these ``results``."""
        content: dict[str, Any] = {
            "query": self.query,
            "kind": str(self.kind),
            "read_as": self.read_as,
            "terms": [
                {"text": text, "resolved": resolved, "words": list(words), "weight": weight}
                for text, resolved, words, weight in self.terms
            ],
            "results": results,
            "model": self.model,
            "method": self.method,
        }
        if timed:
            content["took_ms"] = round(self.took_ms, 3)
        if self.score is not None:
            content["score"] = round(self.score, 6)
        if self.shared is not None and self.apart is not None:
            content |= {"shared": as_dicts(self.shared), "apart": as_dicts(self.apart)}
        if self.explanation is not None:
            content["explanation"] = self.explanation.as_dict()
        if self.notes:
            content["notes"] = list(self.notes)
        if self.without is not None:
            content["without"] = self.without
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The answer that `as_dict` described. Raises KeyError, TypeError or ValueError if it is none."""
        return cls(
            query=str(content["query"]),
            kind=Kind(content["kind"]),
            read_as=str(content["read_as"]),
            terms=tuple(
                TermReading(
                    str(term["text"]), str(term["resolved"]), tuple(map(str, term["words"])), float(term["weight"])
                )
                for term in content["terms"]
            ),
            results=from_dicts(content["results"]),
            model=str(content["model"]),
            method=str(content["method"]),
            took_ms=float(content["took_ms"]),
            score=float(content["score"]) if "score" in content else None,
            shared=from_dicts(content["shared"]) if "shared" in content else None,
            apart=from_dicts(content["apart"]) if "apart" in content else None,
            explanation=Explanation.from_dict(content["explanation"]) if "explanation" in content else None,
            notes=tuple(map(str, content.get("notes", ()))),
            without=str(content["without"]) if "without" in content else None,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in the place of an answer for a query that could not be answered."""

    query: str
    error: EmbeddingsError

    def __post_init__(self) -> None:
        # An error holds the frames it went through, and they all that was asked: too much for what may be kept.
        self.error.__traceback__ = self.error.__context__ = self.error.__cause__ = None

    def as_dict(self) -> dict[str, Any]:
        return {"query": self.query, "error": self.error.as_dict()}

    def as_json(self) -> bytes:
        """`as_dict` as the bytes of JSON."""
        return orjson.dumps(self.as_dict())

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The failure that `as_dict` described. Raises KeyError or TypeError if it is none."""
        return cls(str(content["query"]), error_from_dict(content["error"]))
