"""The page: home, searches, words and the models, as HTML that works without JavaScript."""

from functools import partial
from typing import Any
from urllib.parse import quote

from flask import Flask, current_app, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from embeddings import Answer, Options
from embeddings.errors import QueryError, UnknownWord
from service.host import of_http, served_models_of_app
from service.page import exports, interpretation
from service.page.addresses import at, fits_into_a_path, search_address, with_parameters, word_address
from service.page.downloads import downloads
from service.page.examples import SHOWN, ExampleQuery
from service.page.explore import explore
from service.page.glosses import GLOSSES_FILE, Glosses
from service.page.layout import (
    MOST_CARDS,
    STATIC_FILES,
    answer_to,
    drawings,
    error_page,
    examples_for,
    page_blueprint,
    render,
    signed,
    thousands,
)
from service.page.maps import maps
from service.page.meanings import display_of, glosses_of, meanings_of, understood, words_of_terms
from service.page.planes import planes
from service.page.search_request import SearchRequest, read_search_request
from service.page.similarity_scale import nearest_of_terms
from service.page.status import status_page
from service.page.words import describe, look_up

pages = page_blueprint("pages")


def register_page(app: Flask) -> None:
    """Give the page to ``app``, which has its models already."""
    app.extensions["thisplusthat-glosses"] = Glosses.open(app.config["HOME_FOLDER"] / GLOSSES_FILE)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"thousands": thousands, "signed": signed}
    for part in (pages, downloads, explore, maps, planes, status_page):
        app.register_blueprint(part)
    app.register_error_handler(404, _nowhere)


# ---- Searching


@pages.get("/")
def home() -> str:
    """The field, one answered example and six questions; ``q`` fills the field without being asked."""
    asked = read_search_request(request.args)
    examples = examples_for(asked)
    shown = _example(examples[0], asked) if examples else None
    return render("home.html", asked, request.args.get("q", ""), examples=examples, shown_examples=SHOWN, shown=shown)


def _example(example: ExampleQuery, asked: SearchRequest) -> dict[str, Any]:
    """An example with its answer and its picture."""
    plain = SearchRequest(model=asked.model)
    answer, model = answer_to(example.query, plain)
    first = answer.results[:3]
    meanings = meanings_of(model, [result.word for result in first])
    return {
        "example": example,
        "answer": answer,
        "first": first,
        "meanings": meanings,
        **drawings(answer, model, plain),
    }


@pages.get("/search", strict_slashes=False)
def search_form() -> AnyResponse | str:
    """Where the form leads without JavaScript: to the address of the query, which can be shared."""
    query = request.args.get("q", "").strip()
    asked = read_search_request(request.args)
    if not query:
        return redirect(with_parameters("/", asked.parameters))
    if fits_into_a_path(query):
        return redirect(search_address(query, asked.parameters))
    return _search(query, asked)


@pages.get("/search/<anything:query>", merge_slashes=False)
def search(query: str) -> AnyResponse | str:
    asked = read_search_request(request.args)
    try:
        return _search(query.strip(), asked)
    except (QueryError, UnknownWord):
        bare = query.strip().rstrip("/").rstrip()
        if bare and bare != query.strip():  # a slash that was added to the address, and is not of the query
            return redirect(search_address(bare, asked.parameters))
        raise


def _search(query: str, asked: SearchRequest) -> str:
    answer, model = answer_to(query, asked)
    shown = {"q": query, **asked.parameters}
    listed = [result.word for result in answer.results[:MOST_CARDS]]
    words = words_of_terms(answer)
    reasons = [result.word for result in (*(answer.shared or ()), *(answer.apart or ()))]
    return render(
        "answer.html",
        asked,
        query,
        answer=answer,
        understood=understood(model, interpretation.read(answer)),
        sum=interpretation.sum_of(answer, partial(display_of, model)),
        meanings=meanings_of(model, [*listed, *words.values(), *reasons]),
        words_of=words,
        nearest=nearest_of_terms(answer, model),
        most=max((abs(result.score) for result in answer.results), default=1.0),
        **drawings(answer, model, asked),
        curl=exports.as_curl(request.host_url.rstrip("/") + at(""), query, asked.parameters),
        command=exports.as_command(query, asked.parameters),
        citation=exports.citation(model),
        copied={
            "Text": with_parameters("/answer.txt", shown),
            "JSON": with_parameters("/answer.json", shown),
            "CSV": with_parameters("/answer.csv", shown),
        },
        pictures={kind: with_parameters(f"/picture.{kind}", shown) for kind in ("svg", "png")},
        embed=request.host_url.rstrip("/") + with_parameters("/embed", shown),
        compare_address=with_parameters("/compare", {"q": query, **({"models": asked.model} if asked.model else {})}),
        most_cards=MOST_CARDS,
        permalink=request.host_url.rstrip("/") + search_address(query, asked.parameters),
    )


# ---- Exploring


@pages.get("/word", strict_slashes=False)
def word_form() -> AnyResponse | str:
    text = request.args.get("w", "").strip()
    if not text:
        return redirect(with_parameters("/", read_search_request(request.args).of_model))
    return (
        redirect(word_address(text, read_search_request(request.args).parameters))
        if fits_into_a_path(text)
        else _word(text)
    )


@pages.get("/word/<anything:text>", merge_slashes=False)
def word(text: str) -> AnyResponse | str:
    return _word(text)


def _word(text: str) -> AnyResponse | str:
    asked = read_search_request(request.args)
    serving = served_models_of_app()
    model = serving.model(asked.model)
    found = look_up(model, text)
    if found is None:
        return redirect(search_address(interpretation.as_term(text), asked.parameters))
    if found != text:
        return redirect(word_address(found, asked.parameters))

    def ask(query: str, options: Options) -> Answer:
        return serving.ask(query, options, asked.model)

    term = interpretation.as_term(found)
    shown = describe(model, found, ask)
    return render(
        "word.html",
        asked,
        term,
        word=shown,
        vector=Markup(shown.vector),  # noqa: S704
        senses=glosses_of([found])[found],
    )


@pages.get("/about", strict_slashes=False)
def about() -> str:
    serving = served_models_of_app()
    glosses: Glosses | None = current_app.extensions["thisplusthat-glosses"]
    return render(
        "about.html",
        read_search_request(request.args),
        "",
        cards=[serving.model(name) for name in serving.names],
        wordnet=glosses,
    )


# ---- What all pages need


def _nowhere(error: HTTPException) -> AnyResponse:
    """An address that there is not: a page for a browser, a problem for everything else."""
    bare = request.path.rstrip("/")
    if bare and bare != request.path and _leads_somewhere(bare):
        query = request.query_string.decode("latin-1")
        return redirect(at(quote(bare)) + (f"?{query}" if query else ""), 308)
    is_page = not request.path.startswith(("/api/", "/v1/", "/admin/"))
    return error_page(error) if is_page and "text/html" in request.headers.get("Accept", "") else of_http(error)


def _leads_somewhere(path: str) -> bool:
    """Whether there is something at ``path``."""
    try:
        current_app.create_url_adapter(None).match(path, request.method)  # type: ignore[union-attr]
    except HTTPException:
        return False
    return True


@pages.get("/static/<path:name>")
def static(name: str) -> AnyResponse:
    """A file of the page, for a year if its name says which version of it is meant."""
    return STATIC_FILES.send(name)
