"""What all pages are made with: templates and what they are given, addresses of static files, pages of errors."""

import hashlib
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Flask, current_app, make_response, render_template, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response

from embeddings.answers import Method
from embeddings.errors import EmbeddingsError, QueryError, UnknownWord
from embeddings.query import Kind
from service.host import ServedModels, UnknownModel, of_error, of_http
from service.page import interpretation as reading
from service.page.addresses import search_address, with_parameters, word_address
from service.page.glosses import Gloss, Glosses
from service.page.search_request import SearchRequest, read_search_request

STATIC = Path(str(files("service.page") / "static"))
EXAMPLES = (
    ("Analogy", "United States : dollar :: Mexico : ?", "What is to Mexico as the dollar is to the United States?"),
    ("Sum", "king - man + woman", "Add and take away meanings."),
    ("Weights", "2*king - 0.5*(man + boy)", "Some terms count more than others."),
    ("Several examples", "France : Paris, Japan : Tokyo :: Italy : ?", "The more examples, the clearer the question."),
    ("Neighbours", "coffee", "The words used most like a word."),
    ("Odd one out", "breakfast, cereal, dinner, lunch", "Which one does not belong?"),
    ("Similarity", "coffee <> tea", "How alike are two words?"),
    ("Quotes", '"rock and roll" - rock', "Quotes make one term of what is in them."),
)
METHODS = {
    Method.ADD: "3CosAdd (sum)",
    Method.MULTIPLY: "3CosMul (product)",
    Method.AVERAGE: "3CosAvg (mean of examples)",
}
_TITLES = {400: "That query cannot be read", 404: "Not found", 429: "Too many questions at once"}


def compile_templates(app: Flask) -> None:
    """Compile all of the page now, and not with the first request to each process that is forked from this one."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


@cache
def version(name: str) -> str:
    """What changes whenever a static file does."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static_address(name: str) -> str:
    """Where a file of the page is, with its version."""
    return f"/static/{name}?v={version(name)}"


def thousands(number: int | None) -> str:
    """Digits in groups of three, a dash for none."""
    return "–" if number is None else f"{number:,}"


def signed(number: float) -> str:
    """Three decimals and a true minus."""
    return f"{number:.3f}".replace("-", "−")


def render(template: str, asked: SearchRequest, query: str, **content: Any) -> str:
    """A page, given what all pages show and ``content``."""
    serving = served_models_of_app()
    names = list(serving.names)
    parameters = asked.parameters
    return render_template(
        template,
        asked=asked,
        query=query,
        models=names,
        model=asked.model or names[0],
        joiner=_joiner(serving, asked.model),
        methods=METHODS,
        asset=static_address,
        search_address=lambda text: search_address(text, parameters),
        word_address=lambda text: word_address(text, asked.of_model),
        as_term=reading.as_term,
        home_address=lambda text: with_parameters("/", {"q": text, **parameters}),
        with_term=reading.with_term,
        says=reading.says,
        Kind=Kind,
        **content,
    )


def _joiner(serving: ServedModels, name: str | None) -> str:
    try:
        return serving.model(name).manifest.card.joiner
    except UnknownModel:
        return "_"


def served_models_of_app() -> ServedModels:
    """The open models."""
    serving: ServedModels = current_app.extensions["thisplusthat"]
    return serving


def glosses_of(words: list[str]) -> Mapping[str, list[Gloss]]:
    """The senses of each word, none where there are no glosses."""
    glosses: Glosses | None = current_app.extensions["thisplusthat-glosses"]
    return glosses.lookup_many(words) if glosses else {word: [] for word in words}


# ---- What went wrong, for people


def error_page(error: EmbeddingsError | HTTPException) -> Response:
    """A friendly page with the right status for an error of the library, or of HTTP."""
    as_problem = of_error(error) if isinstance(error, EmbeddingsError) else of_http(error)
    status = as_problem.status_code
    path = request.path
    query = (request.view_args or {}).get("query") or request.args.get("q", "")
    query = (request.view_args or {}).get("text", query) if path.startswith("/word/") else query
    try:
        asked = read_search_request(request.args)
        served_models_of_app().model(asked.model)
    except (QueryError, UnknownModel):
        asked = SearchRequest()
    fault = None
    suggestions: list[tuple[str, str]] = []
    if isinstance(error, QueryError) and error.column is not None:
        fault = reading.fault_at(query, error.column)
    if isinstance(error, UnknownWord):
        if path.startswith("/word"):
            suggestions = [(word, word_address(word, asked.parameters)) for word in error.suggestions]
        else:
            replaced = partial(reading.replace_term, query, error.word)
            suggestions = [(word, search_address(replaced(word), asked.parameters)) for word in error.suggestions]
    page = render(
        "error.html", asked, query, error=error, status=status, title=_title(error, status),
        detail=_detail(error), fault=fault, suggestions=suggestions, examples=EXAMPLES,
    )  # fmt: skip
    response = make_response(page, status)
    for name in ("Allow", "Retry-After", "WWW-Authenticate", "Location"):
        if name in as_problem.headers:
            response.headers[name] = as_problem.headers[name]
    return response


def _title(error: Exception, status: int) -> str:
    return "A word that is not known" if isinstance(error, UnknownWord) else _TITLES.get(status, "That did not work")


def _detail(error: Exception) -> str:
    if isinstance(error, QueryError):
        return str(error).removeprefix(f"Column {error.column}: ").removesuffix(f" Try: {error.example}")
    if isinstance(error, UnknownWord):
        return f"“{error.word}” is not in {error.model}."
    if isinstance(error, NotFound):
        return "There is no page at this address."
    return str(getattr(error, "description", None) or error)
