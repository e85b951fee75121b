"""/status: is the service well, for people; programs ask /healthz, /readyz and /metrics."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from flask import Blueprint, make_response, request
from werkzeug.wrappers import Response

from embeddings import EmbeddingsError, Options
from embeddings.answers import ask_many
from embeddings.models import WordVectors
from embeddings.query import literal
from service.host import ServedModels, activity, served_models_of_app
from service.page.layout import render
from service.page.search_request import SearchRequest, read_search_request

status_page = Blueprint("status_page", __name__)
_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """A model, and whether it answers just now."""

    model: WordVectors
    milliseconds: float
    fault: str = ""


@status_page.get("/status", strict_slashes=False)
def status() -> Response:
    """200 if every model answers, else 503."""
    serving = served_models_of_app()
    try:
        asked = read_search_request(request.args)
        serving.model(asked.model)
    except EmbeddingsError:
        asked = SearchRequest()
    models = list(_models(serving))
    is_well = not any(each.fault for each in models)
    page = render(
        "status.html",
        asked,
        "",
        healths=models,
        is_well=is_well,
        version=version("thisplusthat"),
        running=spell_duration(time.time() - serving.started),
        activity=activity(),
    )
    response = make_response(page, 200 if is_well else 503)
    response.headers["Cache-Control"] = "no-store"
    return response


def _models(serving: ServedModels) -> Iterator[ModelHealth]:
    """Each model asked for the neighbours of its first word, past the cache."""
    for name in serving.names:
        model = serving.model(name)
        started = time.perf_counter()
        try:
            word = model.vocabulary.word(0)
            ask_many(model, [literal(word)], Options(k=1))
        except EmbeddingsError as error:
            yield ModelHealth(model, (time.perf_counter() - started) * 1000, str(error))
        else:
            yield ModelHealth(model, (time.perf_counter() - started) * 1000)


def spell_duration(seconds: float) -> str:
    """A time in its two largest units: ``2 days 3 hours``."""
    rest = int(seconds)
    parts: list[str] = []
    for name, length in _UNITS:
        number, rest = divmod(rest, length)
        if number or (name == "second" and not parts):
            parts.append(f"{number} {name}{'' if number == 1 else 's'}")
    return " ".join(parts[:2])
