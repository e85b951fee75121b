"""`create_app`: the service as one WSGI application."""

from datetime import UTC, datetime
from importlib.metadata import version
from time import perf_counter

from flask import Flask, Response, g, request
from flask_openapi3 import Info, OpenAPI

from embeddings.catalogue import home
from service.api import BLUEPRINTS, AnyText, complete_document, documentation, problem_pages
from service.host import (
    HEADERS,
    POLICY,
    ServedModels,
    Settings,
    count_answer,
    count_error,
    count_request,
    protect,
    register_problems,
    request_id,
    write,
)
from service.mcp import mcp_endpoint
from service.page import register_page
from service.server.operation import operation

_KEY = {"key": {"type": "http", "scheme": "bearer"}}


def create_app(settings: Settings | None = None, serving: ServedModels | None = None) -> Flask:
    """The application with its models open. Raises `SettingsError` or `ModelError` for what cannot be."""
    settings = settings or Settings()
    app = OpenAPI(
        "service",
        info=Info(title="ThisPlusThat", version=version("thisplusthat"), description="Word vectors to ask."),
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
    register_page(app)
    complete_document(app)
    return app


def _begin() -> None:
    g.started = perf_counter()
    g.request_id = request_id(request.headers.get("X-Request-ID"))


def _end_quietly(response: Response) -> Response:
    """Add the headers that every response has, and count the request."""
    if "started" not in g:
        _begin()
    headers = response.headers
    for name, value in HEADERS:
        if name != "X-Frame-Options" or "framed" not in g:  # an answer that is meant for the frames of other pages
            headers.add(name, value)
    headers.setdefault("Content-Security-Policy", POLICY)
    headers.add("X-Request-ID", g.request_id)
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in ("GET", "POST", "HEAD", "OPTIONS") else "other"
    count_request(route, method, response.status_code, perf_counter() - g.started)
    for answer in g.get("answers", ()):
        count_answer(answer)
    if "error" in g:
        count_error(g.error)
    return response


def _end(response: Response) -> Response:
    _end_quietly(response)
    content = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "level": "info" if response.status_code < 500 else "error",
        "event": "request",
        "request_id": g.request_id,
        "method": request.method[:20],
        "path": request.path[:200],
        "status": response.status_code,
        "ms": round((perf_counter() - g.started) * 1000, 3),
        "address": request.remote_addr,
    }
    if answers := g.get("answers"):
        content |= {"query": answers[0].query[:200], "queries": len(answers)}
    if "error" in g:
        content["error"] = g.error
    if "key_name" in g:
        content["key"] = g.key_name
    write(content)
    return response
