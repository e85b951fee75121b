"""Answers to ordinary GET requests of the API, as bytes. Nothing here uses Flask, so the server can answer without it.
The routes answer all other requests, and report what is wrong with one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from embeddings import Answer
from embeddings.answers import complete, find_entry
from embeddings.models import WordVectors
from embeddings.query import literal
from service.api.conditional import tag_of
from service.api.schemas import AnalogyParameters, QueryParameters, SearchParameters, VocabularyParameters
from service.host import InvalidRequest, ServedModels


@dataclass(frozen=True, slots=True)
class JsonReply:
    """JSON that browsers and proxies may keep: the same bytes from every process."""

    tag: str
    body: bytes
    answer: Answer | None = None

    @property
    def timing(self) -> str:
        """The header Server-Timing, if there is an answer."""
        return "" if self.answer is None else timing_of(self.answer)


def analogy_text(asked: AnalogyParameters) -> str:
    """The analogy in the query language. Raises `InvalidRequest` unless one of the four is left out."""
    places = [asked.a, asked.b, asked.c, asked.d]
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


def answer_with_body(
    serving: ServedModels, text: str, asked: SearchParameters, change: Change | None = None
) -> tuple[Answer, bytes]:
    """The answer to the query ``text``, and its bytes without the time that it took."""
    answer = serving.ask(text, asked.options, asked.model)
    content = answer.as_dict()
    del content["took_ms"]
    if change is not None:
        change(content)
    return answer, orjson.dumps(content)


def what_is_asked(text: str, asked: SearchParameters) -> object:
    """What distinguishes an answer from others of the same model."""
    return text, asked.options, getattr(asked, "offset", None)


def _of_query(kind: type[SearchParameters], text_of: Callable[[Any], str]) -> Callable[..., JsonReply]:
    def reply(serving: ServedModels, given: Mapping[str, Any]) -> JsonReply:
        asked = kind.model_validate(given)
        text = text_of(asked)
        answer, body = answer_with_body(serving, text, asked)
        return JsonReply(tag_of(serving.fingerprint(asked.model), what_is_asked(text, asked)), body, answer)

    return reply


def _of_vocabulary(serving: ServedModels, given: Mapping[str, Any]) -> JsonReply:
    asked = VocabularyParameters.model_validate(given)
    content = words_with(serving.model(asked.model), asked)
    return JsonReply(tag_of(serving.fingerprint(asked.model), ("vocabulary", asked)), orjson.dumps(content))


REPLIES: dict[str, Callable[[ServedModels, Mapping[str, Any]], JsonReply]] = {
    "/api/v1/query": _of_query(QueryParameters, lambda asked: str(asked.q)),
    "/api/v1/analogy": _of_query(AnalogyParameters, analogy_text),
    "/api/v1/vocabulary": _of_vocabulary,
}
"""By path: the models served and the parameters of the address → what is answered. They raise pydantic's
ValidationError and errors of embeddings for any other request.
"""
