"""The page: searches, words, the map, comparisons and the models, as HTML that works without JavaScript."""

import json
from functools import partial

from flask import Blueprint, Flask, Response, current_app, g, redirect, request, send_from_directory
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from embeddings import Answer, Failure, Model, Options
from embeddings.errors import EmbeddingsError, QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.plotting import VocabularyMap, open_map
from service.host import of_http
from service.page import exports as copies
from service.page import interpretation as reading
from service.page.addresses import fits_into_a_path, search_address, with_parameters, word_address
from service.page.glosses import GLOSSES_FILE, Glosses
from service.page.layout import (
    EXAMPLES,
    STATIC,
    error_page,
    glosses_of,
    render,
    served_models_of_app,
    signed,
    thousands,
    version,
)
from service.page.pictures import NARROW, WIDE, draw
from service.page.search_request import SearchRequest, read_search_request
from service.page.words import describe, groups_of, look_up

_YEAR = 365 * 24 * 3600

MOST_CARDS = 50
"""Results that a page shows one by one; the files that it offers have all."""

pages = Blueprint("pages", __name__, template_folder="templates")


def register_page(app: Flask) -> None:
    """Give ``app`` the page; its `ServedModels` is in ``app.extensions["thisplusthat"]``."""
    app.extensions["thisplusthat-glosses"] = Glosses.open(app.config["HOME_FOLDER"] / GLOSSES_FILE)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= {"thousands": thousands, "signed": signed}
    app.register_blueprint(pages)
    app.register_error_handler(404, _nowhere)


@pages.after_request
def _may_be_kept(response: AnyResponse) -> AnyResponse:
    """Pages are asked for again, and not sent again if they are the same."""
    if response.status_code == 200 and not response.direct_passthrough and "Cache-Control" not in response.headers:
        response.cache_control.no_cache = True
        response.add_etag()
        response.make_conditional(request)
    return response


# ---- Searching


@pages.get("/")
def home() -> str:
    """The field and the examples; ``q`` fills the field without being asked."""
    return render("home.html", read_search_request(request.args), request.args.get("q", ""), examples=EXAMPLES)


@pages.get("/search")
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
def search(query: str) -> str:
    return _search(query.strip(), read_search_request(request.args))


def _search(query: str, asked: SearchRequest) -> str:
    answer, model = _answer(query, asked)
    parts = reading.read(answer)
    shown = {"q": query, **asked.parameters}
    link = partial(word_address, parameters=asked.of_model)
    return render(
        "answer.html",
        asked,
        query,
        answer=answer,
        parts=parts,
        sum=reading.sum_of(answer),
        in_words=reading.explain_in_words(parts),
        glosses=glosses_of([result.word for result in answer.results[:MOST_CARDS]]),
        most=max((abs(result.score) for result in answer.results), default=1.0),
        wide=Markup(draw(answer, model, link=link, width=WIDE)),  # noqa: S704  # `svg.escape` has been over every text in it
        narrow=Markup(draw(answer, model, link=link, width=NARROW)),  # noqa: S704
        curl=copies.as_curl(request.host_url.rstrip("/"), query, asked.parameters),
        command=copies.as_command(query, asked.parameters),
        copied={
            "Text": with_parameters("/answer.txt", shown),
            "JSON": with_parameters("/answer.json", shown),
            "CSV": with_parameters("/answer.csv", shown),
        },
        picture=with_parameters("/picture.svg", shown),
        compare_address=with_parameters("/compare", {"q": query, **({"models": asked.model} if asked.model else {})}),
        most_cards=MOST_CARDS,
        permalink=request.host_url.rstrip("/") + search_address(query, asked.parameters),
    )


@pages.get("/answer.<any(txt, json, csv):form>")
def take_away(form: str) -> AnyResponse:
    """An answer as text, JSON or CSV."""
    answer, _ = _answer(request.args.get("q", ""), read_search_request(request.args))
    if form == "json":
        content, kind = json.dumps(answer.as_dict(), indent=2, ensure_ascii=False) + "\n", "application/json"
    elif form == "csv":
        content, kind = copies.as_csv(answer), "text/csv; charset=utf-8"
    else:
        content, kind = copies.as_text(answer), "text/plain; charset=utf-8"
    return Response(content, content_type=kind)


@pages.get("/picture.svg")
def picture() -> AnyResponse:
    """The picture of an answer as a file."""
    answer, model = _answer(request.args.get("q", ""), read_search_request(request.args))
    response = Response(draw(answer, model, link=None), mimetype="image/svg+xml")
    response.headers["Content-Disposition"] = 'attachment; filename="thisplusthat.svg"'
    return response


# ---- Exploring


@pages.get("/word")
def word_form() -> AnyResponse | str:
    text = request.args.get("w", "").strip()
    if not text:
        return redirect("/")
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
        return redirect(search_address(reading.as_term(text), asked.parameters))
    if found != text:
        return redirect(word_address(found, asked.parameters))

    def ask(query: str, options: Options) -> Answer:
        return serving.ask(query, options, asked.model)

    term = reading.as_term(found)
    shown = describe(model, found, ask)
    return render(
        "word.html",
        asked,
        term,
        word=shown,
        vector=Markup(shown.vector),  # noqa: S704
        senses=glosses_of([found])[found],
    )


@pages.get("/map")
def map_() -> str:
    """The most frequent words in a plane; without JavaScript, its groups as lists."""
    asked = read_search_request(request.args)
    shown = _map_of(served_models_of_app().model(asked.model))
    groups = groups_of(shown) if shown else []
    return render("map.html", asked, "", shown=shown, groups=groups, highlighted=request.args.get("word", ""))


@pages.get("/map.json")
def map_json() -> AnyResponse:
    """The words, places and groups that the map is drawn from."""
    model = served_models_of_app().model(read_search_request(request.args).model)
    shown = _map_of(model)
    if shown is None:
        raise NotFound
    return Response(shown.as_json(), mimetype="application/json")


def _map_of(model: WordVectors) -> VocabularyMap | None:
    """The map of a model; one that is not in a folder has none."""
    return open_map(model) if isinstance(model, Model) else None


@pages.get("/compare")
def compare() -> str:
    """One query put to two models, side by side."""
    query = request.args.get("q", "").strip()
    asked = read_search_request(request.args)
    names = served_models_of_app().names
    chosen = [name for given in request.args.getlist("models") for name in given.split(",") if name.strip()]
    sides = (chosen + [name for name in names if name not in chosen] + list(names))[:2]
    answers = [_answer_or_failure(query, SearchRequest(asked.options, name)) for name in sides] if query else []
    found = [{result.word for result in side.results} for side in answers if isinstance(side, Answer)]
    return render(
        "compare.html",
        asked,
        query,
        sides=sides,
        most_cards=MOST_CARDS,
        answers=answers,
        common=set.intersection(*found) if len(found) == 2 else set(),
    )


@pages.get("/about")
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
    is_page = not request.path.startswith(("/api/", "/v1/", "/admin/"))
    return error_page(error) if is_page and "text/html" in request.headers.get("Accept", "") else of_http(error)


@pages.get("/static/<path:name>")
def static(name: str) -> AnyResponse:
    """A file of the page, for a year if its address says which version of it is meant."""
    response = send_from_directory(STATIC, name, conditional=True, etag=True)
    if request.args.get("v") == version(name):
        response.cache_control.max_age = _YEAR
        response.cache_control.public = response.cache_control.immutable = True
    else:
        response.cache_control.no_cache = True
    return response


def _answer(query: str, asked: SearchRequest) -> tuple[Answer, WordVectors]:
    serving = served_models_of_app()
    answer = serving.ask(query, asked.options, asked.model)
    g.answers = (answer,)
    return answer, serving.model(asked.model)


def _answer_or_failure(query: str, asked: SearchRequest) -> Answer | Failure:
    try:
        return _answer(query, asked)[0]
    except (QueryError, UnknownWord) as error:
        return Failure(query, error)


pages.register_error_handler(EmbeddingsError, error_page)
pages.register_error_handler(HTTPException, error_page)
