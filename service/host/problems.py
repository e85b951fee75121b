"""Errors as HTTP responses: problem details (RFC 9457), or the form of OpenAI's API where that is imitated."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self

import orjson
from flask import Flask, Response, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, TooManyRequests

from embeddings.errors import EmbeddingsError, MissingExtra, ModelError, QueryError, UnknownWord
from service.host.logs import log_exception
from service.host.openai_errors import is_openai_path, openai_error
from service.host.served_models import UnknownModel

PROBLEM_TYPE = "application/problem+json"


class BadRequest(EmbeddingsError):
    """A request that cannot be read: it is not JSON, or not UTF-8."""


class InvalidRequest(EmbeddingsError):
    """A request with invalid parts; ``errors`` names each."""

    def __init__(self, detail: str, errors: list[dict[str, str]] | None = None) -> None:
        self.errors = errors or []
        super().__init__(detail)

    @classmethod
    def of(cls, name: str, detail: str) -> Self:
        """An error about the single part called ``name``."""
        return cls(detail, [{"name": name, "detail": detail}])


class WrongContentType(EmbeddingsError):
    """A body that is not declared as JSON."""


class KeyMissing(EmbeddingsError):
    """A request without an API key, where one is needed."""


class KeyRefused(EmbeddingsError):
    """A key or token that is not known."""


class NotReady(EmbeddingsError):
    """A process that has not answered a query yet."""


class UnknownUpload(EmbeddingsError):
    """An upload that does not exist, or no longer exists."""


class UploadRefused(EmbeddingsError):
    """An upload, or a part of one, that cannot be taken just now."""


class ReloadRefused(EmbeddingsError):
    """Models that failed their check and were not replaced."""


STATUSES: dict[type[EmbeddingsError], tuple[int, str, str]] = {
    QueryError: (400, "query-error", "The query cannot be read or has no answer"),
    BadRequest: (400, "bad-request", "The request cannot be read"),
    KeyMissing: (401, "key-missing", "An API key is needed"),
    KeyRefused: (403, "key-refused", "The key is not known"),
    UnknownWord: (404, "unknown-word", "A word is not in the model"),
    UnknownModel: (404, "unknown-model", "The model is not served here"),
    UnknownUpload: (404, "unknown-upload", "There is no such upload"),
    UploadRefused: (409, "upload-refused", "The upload cannot be taken just now"),
    ReloadRefused: (409, "reload-refused", "The models were not replaced"),
    WrongContentType: (415, "wrong-content-type", "The body is not JSON"),
    InvalidRequest: (422, "invalid-request", "A part of the request is not valid"),
    MissingExtra: (501, "missing-extra", "This service lacks an optional part"),
    ModelError: (503, "model-error", "The model cannot answer just now"),
    NotReady: (503, "not-ready", "The service is not ready yet"),
}
"""Class → status, name in ``type``, title. The most specific class of an error counts."""


def problem(
    status: int, slug: str, title: str, detail: str, more: Mapping[str, Any] | None = None, headers: Any = ()
) -> Response:
    """A response that says what went wrong."""
    g.error = slug
    if is_openai_path(request.path):
        status, content = openai_error(status, slug, detail, (more or {}).get("errors") or [])
        return Response(orjson.dumps(content), status, headers, content_type="application/json")
    content = {"type": f"{request.script_root}/problems/{slug}", "title": title, "status": status, "detail": detail}
    content |= {"instance": g.get("request_id", "")} | dict(more or {})
    response = Response(orjson.dumps(content), status, headers, content_type=PROBLEM_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def register_problems(app: Flask) -> None:
    """Answer every error of ``app`` with a problem."""
    app.register_error_handler(EmbeddingsError, of_error)
    app.register_error_handler(ValidationError, _of_validation)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, _of_defect)


def of_error(error: EmbeddingsError) -> Response:
    """The problem for an error of the library or of the service."""
    kind = next((kind for kind in type(error).__mro__ if kind in STATUSES), ModelError)
    status, slug, title = STATUSES[kind]
    names = ("column", "example", "word", "suggestions", "errors")
    known = {name: value for name in names if (value := getattr(error, name, None)) is not None}
    if not known.get("errors"):
        known.pop("errors", None)
    headers = {"Retry-After": "1"} if status == 503 else {}
    if status == 401:
        headers = {"WWW-Authenticate": 'Bearer, Basic realm="API key as password"'}
    return problem(status, slug, title, str(error), known, headers)


def _of_validation(error: ValidationError) -> Response:
    errors = [
        {"name": ".".join(map(str, entry["loc"])), "detail": entry["msg"].removeprefix("Value error, ")}
        for entry in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    if errors[0]["detail"].startswith("Invalid JSON"):
        return of_error(BadRequest(f"The body is not JSON: {errors[0]['detail'].partition(': ')[2]}."))
    listed = "; ".join(
        f"{entry['name']}: {entry['detail']}" if entry["name"] else entry["detail"] for entry in errors[:5]
    )
    return of_error(InvalidRequest(f"{listed}.", errors))


def of_http(error: HTTPException) -> Response:
    """The problem for an error of HTTP."""
    status = error.code or 500
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Error"
    details = {
        404: "There is nothing at this address. /docs lists all addresses.",
        413: "The body is too long.",
    }
    detail = details.get(status, error.description or phrase)
    if isinstance(error, RequestEntityTooLarge):
        from flask import current_app

        detail = f"The body is longer than {current_app.config['MAX_CONTENT_LENGTH']:,} bytes."
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        detail = f"{request.method} is not allowed at this address. Allowed are: {allowed}."
    if isinstance(error, TooManyRequests):
        detail = f"There are too many requests: at most {error.description}. Try again later."
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "Location")}
    return problem(status, phrase.lower().replace(" ", "-"), phrase, detail, None, headers)


def _of_defect(error: Exception) -> Response:
    """An unexpected error: the traceback goes to the log, not to the client."""
    log_exception("a request failed by a defect", error, request_id=g.get("request_id", ""), path=request.path)
    return problem(500, "defect", "The service has a defect", "Something went wrong here. The log has the details.")
