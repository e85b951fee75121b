"""The JSON API under /api/v1."""

import hashlib
import io
from typing import Any

import numpy as np
import orjson
from flask import Response, current_app, g, request
from werkzeug.http import quote_etag, unquote_etag

from embeddings import Answer, Failure, Options, QueryError, UnknownWord
from embeddings.answers import Reading, Resolution, find_word, resolve, suggest
from embeddings.models import WordVectors
from embeddings.query import literal
from service.api.routes import BODY_PROBLEMS, PROBLEMS, DeclaredRoutes
from service.api.schemas import (
    AnalogyParameters,
    AnswerBody,
    ModelPath,
    ModelsBody,
    NeighboursParameters,
    OddOneOutBody,
    QueryBody,
    QueryParameters,
    SearchParameters,
    SimilarityParameters,
    VectorsBody,
    VectorsParameters,
    VocabularyBody,
    VocabularyParameters,
    WordBody,
    WordParameters,
    WordPath,
)
from service.host import InvalidRequest, ServedModels

VERSION = "1"
LONGEST_TEXT = 8_000
"""Characters of a text whose vector is asked for."""
BINARY = ("application/x-npy", "application/octet-stream")
_VECTORS = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/VectorsAnswer"}}}
    | {name: {"schema": {"type": "string", "format": "binary"}} for name in BINARY}
}
_ONE_OR_MANY = {
    "content": {
        "application/json": {
            "schema": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("AnswerBody", "AnswersBody")]}
        }
    }
}

api = DeclaredRoutes("api", __name__, url_prefix="/api/v1", abp_responses=PROBLEMS)


def served_models_of_app() -> ServedModels:
    """The open models of the running app."""
    found: ServedModels = current_app.extensions["thisplusthat"]
    return found


# ---- Queries


@api.get("/query", responses={"200": AnswerBody})
def ask_one(query: QueryParameters) -> Response:
    """Answer a query of the query language."""
    return _answer(query.q, query)


@api.post("/query", responses={"200": _ONE_OR_MANY, **BODY_PROBLEMS})
def ask_posted(body: QueryBody) -> Response:
    """Answer one query, or up to 1,000 together, each in its place, errors included."""
    single = "q" in body.model_fields_set
    if single == ("queries" in body.model_fields_set):
        raise InvalidRequest("Give either q (one query) or queries (a list of them).")
    if single:
        answer = served_models_of_app().ask(body.q, body.options, body.model)
        note(answer)
        return as_json(answer.as_dict())
    answers = served_models_of_app().ask_many(body.queries, body.options, body.model)
    for answer_or_failure in answers:
        note(answer_or_failure)
    return as_json({"answers": [entry.as_dict() for entry in answers]})


@api.get("/analogy", responses={"200": AnswerBody})
def analogy(query: AnalogyParameters) -> Response:
    """a is to b as c is to d: give three, and the fourth is found."""
    places = [query.a, query.b, query.c, query.d]
    if places.count(None) != 1:
        raise InvalidRequest(f"Give exactly three of a, b, c and d; these are {4 - places.count(None)}.")
    a, b, c, d = ("?" if place is None else literal(place) for place in places)
    return _answer(f"{a} : {b} :: {c} : {d}", query)


@api.get("/neighbours", responses={"200": AnswerBody})
def neighbours(query: NeighboursParameters) -> Response:
    """The nearest words of a word or phrase."""
    return _answer(literal(query.word), query)


@api.get("/similarity", responses={"200": AnswerBody})
def similarity(query: SimilarityParameters) -> Response:
    """The cosine of two words or phrases."""
    return _answer(f"{literal(query.a)} <> {literal(query.b)}", SearchParameters(model=query.model))


@api.post("/odd-one-out", responses={"200": AnswerBody, **BODY_PROBLEMS})
def odd_one_out(body: OddOneOutBody) -> Response:
    """Which word does not belong, what the rest share, and what sets it apart."""
    answer = served_models_of_app().ask(", ".join(map(literal, body.words)), body.options, body.model)
    note(answer)
    return as_json(answer.as_dict())


def _answer(text: str, asked: SearchParameters) -> Response:
    """An answer that may be kept: the same bytes from every process, so the time that it took is in a header."""
    serving, options = served_models_of_app(), asked.options
    tag = _tag(serving.fingerprint(asked.model), text, options)
    if _is_known(tag):
        return _kept(Response(status=304), tag)
    answer = serving.ask(text, options, asked.model)
    note(answer)
    content = answer.as_dict()
    took_ms = content.pop("took_ms")
    response = _kept(as_json(content), tag)
    response.headers["Server-Timing"] = f"answer;dur={took_ms}"
    return response


def _tag(fingerprint: str, text: str, what: Options | str | int) -> str:
    content = f"{VERSION}\0{fingerprint}\0{what!r}\0{text}"
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_known(tag: str) -> bool:
    given = request.environ.get("HTTP_IF_NONE_MATCH")
    if not given:
        return False
    return given.strip() == "*" or any(unquote_etag(part.strip())[0] == tag for part in given.split(","))


def _kept(response: Response, tag: str) -> Response:
    response.headers["ETag"] = quote_etag(tag)
    response.headers["Cache-Control"] = current_app.config["CACHE_CONTROL"]
    return response


def note(answer: Answer | Failure) -> None:
    """Remember for the log and the metrics what was asked and how its terms were found."""
    g.setdefault("answers", []).append(answer)


def as_json(content: Any) -> Response:
    return Response(orjson.dumps(content), content_type="application/json")


# ---- Words


@api.get("/vocabulary", responses={"200": VocabularyBody})
def vocabulary(query: VocabularyParameters) -> Response:
    """Words that begin so, the most frequent first."""
    serving = served_models_of_app()
    model = serving.model(query.model)
    tag = _tag(serving.fingerprint(query.model), query.prefix, query.limit)
    if _is_known(tag):
        return _kept(Response(status=304), tag)
    words = model.vocabulary.complete(query.prefix, query.limit)
    ranked = [{"word": word, "rank": (model.vocabulary.row(word) or 0) + 1} for word in words]
    return _kept(as_json({"prefix": query.prefix, "model": model.name, "words": ranked}), tag)


@api.get("/words/<anything:word>", responses={"200": WordBody}, merge_slashes=False)
def word(path: WordPath, query: WordParameters) -> Response:
    """What the model knows of a word: rank, count, how it is found, other spellings, nearest neighbours."""
    serving, text = served_models_of_app(), path.word
    model = serving.model(query.model)
    tag = _tag(serving.fingerprint(query.model), f"word\0{text}", query.k)
    if _is_known(tag):
        return _kept(Response(status=304), tag)
    content: dict[str, Any] = {"word": text, "model": model.name, **_describe(model, text)}
    found = serving.ask_many([literal(text)], Options(k=query.k), query.model)[0] if content["known"] else None
    content["neighbours"] = found.as_dict()["results"] if isinstance(found, Answer) else []
    return _kept(as_json(content), tag)


def _describe(model: WordVectors, text: str) -> dict[str, Any]:
    try:
        reading = resolve(model, text)
    except UnknownWord as error:
        nothing: dict[str, Any] = {"known": False, "resolved": None, "words": [], "rank": None, "count": None}
        return nothing | {"suggestions": error.suggestions}
    row = reading.rows[0] if len(reading.rows) == 1 and reading.resolution is not Resolution.SUBWORD else None
    count = None if row is None else model.count_of(row) or None
    alike = [] if find_word(model, text) else suggest(model, text)
    return {
        "known": True,
        "resolved": reading.resolution.value,
        "words": list(reading.words),
        "rank": None if row is None else row + 1,
        "count": count,
        "suggestions": alike,
    }


# ---- Vectors


@api.get("/vectors", responses={"200": _VECTORS})
def vectors(query: VectorsParameters) -> Response:
    """Unit vectors of words or phrases, in JSON, or as .npy if Accept says application/x-npy."""
    return _vectors(query.word, query.model)


@api.post("/vectors", responses={"200": _VECTORS, **BODY_PROBLEMS})
def vectors_posted(body: VectorsBody) -> Response:
    """Unit vectors of many words or phrases."""
    return _vectors(body.words, body.model)


def _vectors(words: list[str], name: str | None) -> Response:
    model = served_models_of_app().model(name)
    readings = [read_literally(model, text) for text in words]
    best = request.accept_mimetypes.best_match(("application/json", *BINARY), "application/json")
    if best in BINARY:
        file = io.BytesIO()
        np.save(file, np.stack([reading.vector for reading in readings]).astype("<f4"), allow_pickle=False)
        return Response(file.getvalue(), content_type=best, headers={"Vary": "Accept"})
    entries = [
        {
            "word": text,
            "resolved": reading.resolution.value,
            "words": reading.words,
            "vector": [round(value, 7) for value in reading.vector.tolist()],
        }
        for text, reading in zip(words, readings, strict=True)
    ]
    response = as_json({"model": model.name, "dimension": model.dimension, "vectors": entries})
    response.headers["Vary"] = "Accept"
    return response


def read_literally(model: WordVectors, text: str) -> Reading:
    """The vector of a text that is one term."""
    if not text.strip():
        raise QueryError("A word is empty.")
    if len(text) > LONGEST_TEXT:
        raise InvalidRequest(f"A text has at most {LONGEST_TEXT:,} characters, and this one has {len(text):,}.")
    return resolve(model, " ".join(text.split()))


# ---- Models


@api.get("/models", responses={"200": ModelsBody})
def models() -> Response:
    """The card of each model that is served, the default one first."""
    names = served_models_of_app().names
    return as_json({"default": names[0], "models": [card(served_models_of_app().model(name)) for name in names]})


@api.get("/models/<name>", responses={"200": {"content": {"application/json": {"schema": {"type": "object"}}}}})
def model_card(path: ModelPath) -> Response:
    """The card of one model: dimension, count, licence, corpus, metrics, index."""
    return as_json(card(served_models_of_app().model(path.name)))


def card(model: WordVectors) -> dict[str, Any]:
    """All that a model says of itself, without the places of files on the machine where it was made."""
    shown: dict[str, Any] = _without_folders(model.manifest.as_dict())
    return shown


def _without_folders(content: Any) -> Any:
    if isinstance(content, dict):
        return {str(key): _without_folders(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_folders(value) for value in content]
    if isinstance(content, str) and content.startswith(("/", "~")):
        return content.rstrip("/").rpartition("/")[2]
    return content
