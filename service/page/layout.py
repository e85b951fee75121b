"""What all pages are made with: templates and what they are given, addresses of static files, pages of errors."""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, after_this_request, g, make_response, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response

from embeddings import Answer, Options
from embeddings.answers import Method
from embeddings.errors import EmbeddingsError, QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.query import Kind
from service.host import ServedModels, StaticFiles, UnknownModel, of_error, of_http, served_models_of_app
from service.page import interpretation
from service.page.addresses import at, search_address, with_parameters, word_address
from service.page.examples import SHOWN, ExampleQuery, examples_of
from service.page.inline import PAGE_POLICY, STYLE, THEME
from service.page.meanings import display_of
from service.page.pictures import NARROW, WIDE, Drawing, paint
from service.page.search_request import SearchRequest, read_search_request

STATIC = Path(str(files("service.page") / "static"))
STATIC_FILES = StaticFiles.of_folder(STATIC)
MOST_CARDS = 50
"""Results that a page shows one by one; the files that it offers have all."""
METHODS = {
    Method.ADD: "3CosAdd (sum)",
    Method.MULTIPLY: "3CosMul (product)",
    Method.AVERAGE: "3CosAvg (mean of examples)",
}
_TITLES = {400: "That query cannot be read", 404: "Not found", 429: "Too many questions at once"}


def compile_templates(app: Flask) -> None:
    """Compile and compress all of the page now, not with the first request to each process that is forked."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    STATIC_FILES.prepare()


def static_address(name: str) -> str:
    """Where a file of the page is, under the name that changes with it."""
    return at(f"/static/{STATIC_FILES.hashed_name(name)}")


def thousands(number: int | None) -> str:
    """Digits in groups of three, a dash for none."""
    return "–" if number is None else f"{number:,}"


def signed(number: float) -> str:
    """Three decimals and a true minus."""
    return f"{number:.3f}".replace("-", "−")


def page_blueprint(name: str) -> Blueprint:
    """A part of the page: its responses may be kept, and its errors are pages."""
    blueprint = Blueprint(name, __name__, template_folder="templates")
    blueprint.after_request(_may_be_kept)
    blueprint.register_error_handler(EmbeddingsError, error_page)
    blueprint.register_error_handler(HTTPException, error_page)
    return blueprint


def _may_be_kept(response: Response) -> Response:
    """Pages are asked for again, and not sent again if they are the same."""
    if response.status_code == 200 and not response.direct_passthrough and "Cache-Control" not in response.headers:
        response.cache_control.no_cache = True
        response.add_etag()
        response.make_conditional(request)
    return response


def answer_to(query: str, asked: SearchRequest) -> tuple[Answer, WordVectors]:
    """The answer to a query, counted and logged, and the model that gave it."""
    serving = served_models_of_app()
    answer = serving.ask(query, asked.options, asked.model)
    g.answers = (*g.get("answers", ()), answer)
    return answer, serving.model(asked.model)


def drawings(answer: Answer, model: WordVectors, asked: SearchRequest) -> dict[str, str]:
    """The picture of an answer for a desk and for a phone, and its caption."""
    link = partial(word_address, parameters=asked.of_model)
    wide = paint(answer, model, link=link, width=WIDE)
    return {
        "wide": as_markup(wide),
        "narrow": as_markup(paint(answer, model, link=link, width=NARROW)),
        "caption": wide.caption,
    }


def as_markup(picture: Drawing) -> Markup:
    return Markup(picture.svg)  # noqa: S704  # `svg.escape` has been over every text in it


def render(template: str, asked: SearchRequest, query: str, **content: Any) -> str:
    """A page, given what all pages show and ``content``."""
    after_this_request(_name_inline)
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
        style=STYLE,
        theme=THEME,
        root=at(""),
        address=lambda path, **more: with_parameters(path, asked.of_model | {name: str(more[name]) for name in more}),
        options_said=_options_said(asked, names),
        search_address=lambda text: search_address(text, parameters),
        word_address=lambda text: word_address(text, asked.of_model),
        as_term=interpretation.as_term,
        home_address=lambda text: with_parameters("/", {"q": text, **parameters}),
        with_term=interpretation.with_term,
        shown_as=lambda word: display_of(serving.model(asked.model), word),
        Kind=Kind,
        **content,
    )


def _name_inline(response: Response) -> Response:
    """Let browsers apply what stands within the page, and nothing else that may get there."""
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    return response


def _options_said(asked: SearchRequest, names: list[str]) -> list[str]:
    """What is chosen, for the line that stands for the folded options."""
    chosen, usual = asked.options, Options()
    said = [asked.model or names[0]]
    said += [METHODS[chosen.method]] if chosen.method is not usual.method else []
    said += [f"{chosen.k:,} results"] if chosen.k != usual.k else []
    said += ["every word compared"] if chosen.exact else []
    said += [f"the {chosen.restrict:,} most frequent words"] if chosen.restrict is not None else []
    said += [f"without {chosen.without}"] if chosen.without is not None else []
    return said


def _joiner(serving: ServedModels, name: str | None) -> str:
    try:
        return serving.model(name).manifest.card.joiner
    except UnknownModel:
        return "_"


def ask_of(model: str | None) -> Callable[[str], Answer]:
    """What asks the model called ``model``, or the default one."""
    return lambda query: served_models_of_app().ask(query, None, model)


def examples_for(asked: SearchRequest) -> tuple[ExampleQuery, ...]:
    """Questions that the model that is asked answers well; none where it cannot be asked at all."""
    try:
        return examples_of(served_models_of_app().model(asked.model), ask_of(asked.model))
    except EmbeddingsError:
        return ()


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
        fault = interpretation.fault_at(query, error.column)
    if isinstance(error, UnknownWord):
        model = served_models_of_app().model(asked.model)
        suggestions = [
            (display_of(model, word), _address_with(query, error.word, word, asked)) for word in error.suggestions
        ]
    page = render(
        "error.html", asked, query, error=error, status=status, title=_title(error, status),
        detail=_detail(error), fault=fault, suggestions=suggestions, examples=examples_for(asked)[:SHOWN],
    )  # fmt: skip
    response = make_response(page, status)
    for name in ("Allow", "Retry-After", "WWW-Authenticate", "Location"):
        if name in as_problem.headers:
            response.headers[name] = as_problem.headers[name]
    return response


def _address_with(query: str, wrong: str, word: str, asked: SearchRequest) -> str:
    """Where the same is asked with ``word`` in the place of one that is not known."""
    if request.path.startswith("/word"):
        return word_address(word, asked.parameters)
    if not query:  # an axis, or words of a plane
        texts = {name: text.replace(wrong, interpretation.as_term(word)) for name, text in request.args.items()}
        return with_parameters(request.path, texts)
    return search_address(interpretation.replace_term(query, wrong, word), asked.parameters)


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
