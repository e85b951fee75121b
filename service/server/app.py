"""`create_app`: the service as one WSGI application."""

from importlib.metadata import version
from time import perf_counter

from flask import Flask, Response, g, request
from flask_openapi3 import Info, OpenAPI

from embeddings.catalogue import home
from service.api import BLUEPRINTS, AnyText, complete_document, documentation, problem_pages
from service.host import (
    HEADERS,
    POLICY,
    Record,
    ServedModels,
    Settings,
    gzip,
    is_worth_it,
    protect,
    register_problems,
    request_id,
    takes_gzip,
)
from service.mcp import mcp_endpoint
from service.page import register_page
from service.server.operation import operation
from service.uploads import register_uploads

_KEY = {"key": {"type": "http", "scheme": "bearer"}}

_ABOUT = (
    "Word vectors to ask: queries, words and vectors as JSON under `/api/v1`, embeddings as OpenAI's clients ask "
    "for them under `/v1`. A service with API keys takes them as `Authorization: Bearer KEY`. [The page for people](./)"
)


def create_app(settings: Settings | None = None, serving: ServedModels | None = None) -> Flask:
    """The application with its models open. Raises `SettingsError` or `ModelError`."""
    settings = settings or Settings()
    app = OpenAPI(
        "service",
        info=Info(title="ThisPlusThat", version=version("thisplusthat"), description=_ABOUT),
        security_schemes=_KEY,  # type: ignore[arg-type]
        openapi_extensions={"security": [{"key": []}]} if settings.api_keys else {},
        doc_ui=False,
        static_folder=None,  # the page serves its own, by version
    )
    app.extensions["thisplusthat"] = serving or ServedModels(settings)
    app.config["CACHE_CONTROL"] = f"{'private' if settings.api_keys else 'public'}, max-age={settings.cache_seconds}"
    app.config["HOME_FOLDER"] = home()
    app.ensure_sync = lambda function: function  # type: ignore[method-assign, assignment]  # none is async: asking costs 3 % a request
    app.url_map.converters["anything"] = AnyText
    app.before_request(_begin)
    app.after_request(_end_quietly if not settings.log_requests else _end)
    register_problems(app)
    protect(app, settings)
    for blueprint in BLUEPRINTS:
        app.register_api(blueprint)
    app.register_blueprint(operation)
    app.register_blueprint(documentation)
    app.register_blueprint(problem_pages)
    app.register_blueprint(mcp_endpoint)
    register_uploads(app)
    register_page(app)
    complete_document(app)
    return app


def _begin() -> None:
    given = request.headers.get("X-Request-ID")
    g.record = Record(perf_counter(), request_id(given), request.method, request.path, request.remote_addr)
    g.request_id = g.record.request_id


def _end_quietly(response: Response) -> Response:
    """Add the headers that every response has, and count the request."""
    if "record" not in g:
        _begin()
    record: Record = g.record
    headers = response.headers
    for name, value in HEADERS:
        if name != "X-Frame-Options" or "framed" not in g:  # an answer that is meant for the frames of other pages
            headers.add(name, value)
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.add("X-Request-ID", record.request_id)
    _compress(response)
    record.route = request.url_rule.rule if request.url_rule else "none"
    record.status, record.answers = response.status_code, g.get("answers", ())
    record.error, record.key = g.get("error", ""), g.get("key_name", "")
    record.count()
    return response


def _end(response: Response) -> Response:
    _end_quietly(response)
    g.record.log()
    return response


def _compress(response: Response) -> None:
    """Compress a text if the client accepts gzip. Its tag becomes weak: only the meaning is the same."""
    if response.direct_passthrough or response.is_streamed or "Content-Encoding" in response.headers:
        return
    body = response.get_data()
    if not is_worth_it(response.content_type or "", len(body)):
        return
    response.vary.add("Accept-Encoding")
    if takes_gzip(request.headers.get("Accept-Encoding", "")):
        response.set_data(gzip(body))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
