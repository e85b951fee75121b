"""The JSON API under /api/v1: queries, words and models. Vectors are in `vectors`."""

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, g

from embeddings import Answer, Failure, Options, QueryError, UnknownWord
from embeddings.answers import Resolution, find_word, resolve, suggest
from embeddings.models import WordVectors
from embeddings.query import literal
from service.api.conditional import kept
from service.api.replies import analogy_text, body_of, manner_of, timing_of, words_with
from service.api.routes import BODY_PROBLEMS, PROBLEMS, DeclaredRoutes, tagged
from service.api.schemas import (
    AnalogyParameters,
    AnswerBody,
    AnswersBody,
    ModelBody,
    ModelPath,
    ModelsBody,
    NeighboursBody,
    NeighboursParameters,
    OddOneOutBody,
    OddOneOutParameters,
    QueryBody,
    QueryEntry,
    QueryParameters,
    SearchParameters,
    SimilarityParameters,
    VocabularyBody,
    VocabularyParameters,
    WordBody,
    WordParameters,
    WordPath,
)
from service.host import InvalidRequest, ServedModels, UnknownModel, served_models_of_app

api = DeclaredRoutes("api", __name__, url_prefix="/api/v1", abp_responses=PROBLEMS)
_QUERIES, _WORDS, _MODELS = tagged("Queries"), tagged("Words"), tagged("Models")


# ---- Queries


@api.get("/query", responses={"200": AnswerBody}, **_QUERIES)
def ask_query(query: QueryParameters) -> Response:
    """Answer a query of the query language."""
    return _answer(query.q, query)


@api.post("/query", responses={"200": AnswersBody, **BODY_PROBLEMS}, **_QUERIES)
def ask_queries(body: QueryBody) -> Response:
    """Answer up to 1,000 queries in their order, errors included. A query may have options of its own."""
    single = "q" in body.model_fields_set
    if single == ("queries" in body.model_fields_set):
        raise InvalidRequest("Give either queries (a list of them) or q (one query).")
    serving = served_models_of_app()
    serving.model(body.model)
    answers, pieces = _answer_each(serving, [body.q] if single else body.queries, body)
    g.answers = answers
    return Response(b'{"answers":[' + b",".join(pieces) + b"]}", content_type="application/json")


def _answer_each(
    serving: ServedModels, queries: Sequence[str | QueryEntry], body: QueryBody
) -> tuple[list[Answer | Failure], list[bytes]]:
    """Answers in the order of the queries, and the JSON of each. Those with the same options are searched together."""
    answers: dict[int, tuple[Answer | Failure, bytes]] = {}
    plain = [place for place, query in enumerate(queries) if isinstance(query, str)]
    together: dict[tuple[Options, str | None], list[int]] = {(body.options, body.model): plain} if plain else {}
    texts = [query if isinstance(query, str) else query.q for query in queries]
    for place, query in enumerate(queries):
        if isinstance(query, str):
            continue
        asked = query.over(body)
        try:
            serving.model(asked.model)
            together.setdefault((asked.options, asked.model), []).append(place)
        except (QueryError, UnknownModel) as error:
            failure = Failure(texts[place], error)
            answers[place] = failure, failure.as_json()
    for (options, model), places in together.items():
        # One by one: JSON of all together would keep others waiting.
        given = serving.ask_each([texts[place] for place in places], options, model)
        found = {text: (answer, answer.as_json()) for text, answer in given}
        answers.update((place, found[texts[place]]) for place in places)
    ordered = [answers[place] for place in range(len(queries))]
    return [answer for answer, _ in ordered], [piece for _, piece in ordered]


@api.get("/analogy", responses={"200": AnswerBody}, **_QUERIES)
def solve_analogy(query: AnalogyParameters) -> Response:
    """a is to b as c is to d: give three, and the fourth is found."""
    return _answer(analogy_text(query.a, query.b, query.c, query.d), query)


@api.get("/neighbours", responses={"200": NeighboursBody}, **_QUERIES)
def find_neighbours(query: NeighboursParameters) -> Response:
    """The words nearest to a word or phrase, page by page: offset continues where the page before ended."""
    return _answer(literal(query.word), query)


@api.get("/similarity", responses={"200": AnswerBody}, **_QUERIES)
def get_similarity(query: SimilarityParameters) -> Response:
    """The cosine of two words or phrases."""
    return _answer(f"{literal(query.a)} <> {literal(query.b)}", query)


@api.get("/odd-one-out", responses={"200": AnswerBody}, **_QUERIES)
def find_odd_one_out(query: OddOneOutParameters) -> Response:
    """Which word does not belong, what the rest share, and what sets it apart."""
    return _answer(", ".join(map(literal, query.word)), query)


@api.post("/odd-one-out", responses={"200": AnswerBody, **BODY_PROBLEMS}, **_QUERIES)
def post_odd_one_out(body: OddOneOutBody) -> Response:
    """Which word does not belong, for words that are too long for an address."""
    answer = served_models_of_app().ask(", ".join(map(literal, body.words)), body.options, body.model)
    note(answer)
    return as_json(answer.as_dict())


def _answer(text: str, asked: SearchParameters | SimilarityParameters) -> Response:
    """An answer that may be kept."""
    serving, manner = served_models_of_app(), manner_of(asked)

    def make() -> Response:
        answer = serving.ask(text, manner.options, manner.model)
        note(answer)
        timing = {"Server-Timing": timing_of(answer)}
        return Response(body_of(answer, manner.change), headers=timing, content_type="application/json")

    return kept(serving.fingerprint(manner.model), manner.of(text), make)


def note(answer: Answer | Failure) -> None:
    """Remember an answer for the log and the metrics."""
    g.setdefault("answers", []).append(answer)


def as_json(content: Any) -> Response:
    return Response(orjson.dumps(content), content_type="application/json")


# ---- Words


@api.get("/vocabulary", responses={"200": VocabularyBody}, **_WORDS)
def list_words(query: VocabularyParameters) -> Response:
    """Words that begin with a prefix, the most frequent first, page by page."""
    serving = served_models_of_app()
    model = serving.model(query.model)

    return kept(serving.fingerprint(query.model), ("vocabulary", query), lambda: as_json(words_with(model, query)))


@api.get("/words/<anything:word>", responses={"200": WordBody}, merge_slashes=False, **_WORDS)
def describe_word(path: WordPath, query: WordParameters) -> Response:
    """What the model knows about a word: rank, count, how it is found, other spellings, nearest neighbours."""
    serving, text = served_models_of_app(), path.word
    model = serving.model(query.model)

    def make() -> Response:
        content: dict[str, Any] = {"word": text, "model": model.name, **_describe(model, text)}
        found = serving.ask_many([literal(text)], Options(k=query.k), query.model)[0] if content["known"] else None
        content["neighbours"] = found.as_dict()["results"] if isinstance(found, Answer) else []
        return as_json(content)

    return kept(serving.fingerprint(query.model), ("word", text, query.k), make)


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


# ---- Models


@api.get("/models", responses={"200": ModelsBody}, **_MODELS)
def list_models() -> Response:
    """The card of each model that is served, the default one first."""
    names = served_models_of_app().names
    return as_json({"default": names[0], "models": [card(served_models_of_app().model(name)) for name in names]})


@api.get("/models/<name>", responses={"200": ModelBody}, **_MODELS)
def get_model(path: ModelPath) -> Response:
    """The card of one model: dimension, count, licence, corpus, metrics, index."""
    return as_json(card(served_models_of_app().model(path.name)))


def card(model: WordVectors) -> dict[str, Any]:
    """Everything that a model says about itself, without paths of the machine where it was made."""
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
