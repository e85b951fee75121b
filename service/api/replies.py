"""Answers to ordinary GET requests of the API, as bytes. Nothing here uses Flask, so the server can answer without it.
The routes answer all other requests, and report what is wrong with one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from embeddings import Answer, Options
from embeddings.answers import complete, find_entry
from embeddings.models import WordVectors
from embeddings.query import literal
from service.api.conditional import tag_of
from service.api.routes import read_parameters
from service.api.schemas import (
    AnalogyParameters,
    NeighboursParameters,
    QueryParameters,
    SearchParameters,
    SimilarityParameters,
    VocabularyParameters,
)
from service.host import InvalidRequest, ServedModels, printed

_MOST_NEIGHBOURS = 1000
_MOST_MANNERS = 500
"""Sets of parameters that are kept."""


class JsonReply(NamedTuple):
    """JSON that browsers and proxies may keep: the same bytes from every process."""

    tag: str
    body: bytes
    answer: Answer | None = None


def analogy_text(*places: str | None) -> str:
    """The analogy in the query language. Raises `InvalidRequest` unless one of the four is left out."""
    if places.count(None) != 1:
        raise InvalidRequest(f"Give exactly three of a, b, c and d; you gave {4 - places.count(None)}.")
    a, b, c, d = ("?" if place is None else literal(place) for place in places)
    return f"{a} : {b} :: {c} : {d}"


def words_with(model: WordVectors, asked: VocabularyParameters) -> dict[str, Any]:
    """A page of the words that begin so, the most frequent first."""
    words = complete(model, asked.prefix, asked.limit + 1, asked.offset)
    shown = words[: asked.limit]
    return {
        "prefix": asked.prefix,
        "model": model.name,
        "words": [_completed(model, word) for word in shown],
        "offset": asked.offset,
        "next_offset": asked.offset + asked.limit if len(words) > len(shown) else None,
    }


def _completed(model: WordVectors, word: str) -> dict[str, Any]:
    """A word, its rank, and how people write it, if a query that has it so is read as this word."""
    row = model.vocabulary.row(word)
    assert row is not None
    entry = {"word": word, "rank": row + 1}
    form = model.display(row)
    return entry | {"display": form} if form and _row_of(model, form) == row else entry


def _row_of(model: WordVectors, text: str) -> int | None:
    found = find_entry(model, text)
    return found[1] if found else None


Change = Callable[[dict[str, Any]], None]
"""A function that alters the content of an answer before it is sent."""


def timing_of(answer: Answer) -> str:
    """The header Server-Timing: the time that ``answer`` took, which is not in its bytes."""
    return f"answer;dur={round(answer.took_ms, 3)}"


def body_of(answer: Answer, change: Change | None = None) -> bytes:
    """The bytes of an answer, without the time that it took."""
    content = answer.as_dict(timed=False)
    if change is not None:
        change(content)
    return orjson.dumps(content)


class Manner(NamedTuple):
    """How a query is to be answered, whatever its text."""

    options: Options
    model: str | None
    offset: int | None = None
    change: Change | None = None

    def of(self, text: str) -> str:
        """What distinguishes the answer to the query ``text`` from others of the same model."""
        return f"{text}\0{printed(self.options)}\0{self.offset}"


def manner_of(asked: SearchParameters | SimilarityParameters) -> Manner:
    """How a query with these parameters is to be answered. Raises `InvalidRequest` where they contradict each other."""
    if isinstance(asked, SimilarityParameters):
        return Manner(Options(without=asked.without), asked.model)
    if isinstance(asked, NeighboursParameters):
        return _page_of(asked)
    return Manner(asked.options, asked.model)


def _page_of(asked: NeighboursParameters) -> Manner:
    """A page of neighbours: all up to its last are found, and those before its first left out."""
    last = asked.offset + asked.k
    if last > _MOST_NEIGHBOURS:
        raise InvalidRequest.of(
            "offset", f"Only the 1,000 nearest words are available, but offset and k go to {last:,}."
        )
    if asked.offset and asked.explain:
        raise InvalidRequest.of("explain", "Only the first page can be explained: leave out offset or explain.")

    def page(content: dict[str, Any]) -> None:
        more = len(content["results"]) == last < _MOST_NEIGHBOURS
        content["results"] = content["results"][asked.offset :]
        content |= {"offset": asked.offset, "next_offset": last if more else None}

    return Manner(asked.model_copy(update={"k": last}).options, asked.model, asked.offset, page)


class _OfQuery:
    """Answers to queries that are made of parameters with these ``names``. All other parameters are validated once and
    kept: they are the same from one request to the next.
    """

    def __init__(
        self,
        kind: type[SearchParameters | SimilarityParameters],
        names: tuple[str, ...],
        text_of: Callable[..., str],
    ) -> None:
        self._kind, self._names, self._text_of = kind, names, text_of
        self._manners: dict[tuple[tuple[str, str], ...], Manner] = {}

    def __call__(self, serving: ServedModels, address: str) -> JsonReply:
        given = read_parameters(address, set())
        texts = [given.pop(name, None) for name in self._names]
        rest = tuple(given.items())
        manner = self._manners.get(rest) or self._manner_of(rest)
        text = self._text_of(*texts)
        answer = serving.ask(text, manner.options, manner.model)
        tag = tag_of(serving.fingerprint(manner.model), manner.of(text))
        return JsonReply(tag, body_of(answer, manner.change), answer)

    def _manner_of(self, rest: tuple[tuple[str, str], ...]) -> Manner:
        manner = manner_of(self._kind.model_validate(dict.fromkeys(self._names, "") | dict(rest)))
        if len(self._manners) == _MOST_MANNERS:
            self._manners.clear()
        self._manners[rest] = manner
        return manner


def _given(text: str | None) -> str:
    if text is None:
        raise InvalidRequest("A parameter is missing.")  # the route says which
    return text


def _of_vocabulary(serving: ServedModels, address: str) -> JsonReply:
    asked = VocabularyParameters.model_validate(read_parameters(address, set()))
    content = words_with(serving.model(asked.model), asked)
    return JsonReply(tag_of(serving.fingerprint(asked.model), ("vocabulary", asked)), orjson.dumps(content))


REPLIES: Mapping[str, Callable[[ServedModels, str], JsonReply]] = {
    "/api/v1/query": _OfQuery(QueryParameters, ("q",), _given),
    "/api/v1/analogy": _OfQuery(AnalogyParameters, ("a", "b", "c", "d"), analogy_text),
    "/api/v1/neighbours": _OfQuery(NeighboursParameters, ("word",), lambda word: literal(_given(word))),
    "/api/v1/similarity": _OfQuery(
        SimilarityParameters, ("a", "b"), lambda a, b: f"{literal(_given(a))} <> {literal(_given(b))}"
    ),
    "/api/v1/vocabulary": _of_vocabulary,
}
"""By path: the models served and the parameters of the address → what is answered. They raise pydantic's
ValidationError and errors of embeddings for any other request.
"""
