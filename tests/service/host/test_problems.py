"""Every error of the library and the service has its status, and no defect shows its traceback."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from embeddings.errors import CorpusError, EmbeddingsError, ModelError, QueryError, UnknownWord
from embeddings.models.model import Model
from service.host import problems
from service.host.served_models import UnknownModel
from service.host.settings import Settings
from service.server.app import create_app


@pytest.fixture(scope="module")
def app(tiny_model: Model) -> Flask:
    return create_app(Settings(models=(str(tiny_model.folder),)))


def failing(app: Flask, error: Exception) -> FlaskClient:
    """A client of ``app`` whose healthz raises ``error``."""
    app.view_functions["operation.health"] = lambda: (_ for _ in ()).throw(error)
    return app.test_client()


def classes(kind: type[EmbeddingsError]) -> list[type[EmbeddingsError]]:
    return [kind, *(found for sub in kind.__subclasses__() for found in classes(sub))]


def test_every_class_of_error_has_a_status() -> None:
    for kind in classes(EmbeddingsError):
        if kind.__module__ in ("service.host.problems", "service.host.served_models"):
            assert kind in problems.STATUSES, kind


@pytest.mark.parametrize(
    ("error", "status", "more"),
    [
        (QueryError("No.", column=3, example="a - b"), 400, {"column": 3, "example": "a - b"}),
        (UnknownWord("x", ["y"], model="m"), 404, {"word": "x", "suggestions": ["y"]}),
        (UnknownModel("x", ["y"]), 404, {"suggestions": ["y"]}),
        (ModelError("gone"), 503, {}),
        (CorpusError("gone"), 503, {}),
    ],
)
def test_an_error_is_a_problem_with_what_it_knows(
    app: Flask, error: Exception, status: int, more: dict[str, object]
) -> None:
    answer = failing(app, error).get("/healthz", headers={"X-Request-ID": "abc.1"})
    body = answer.get_json()
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "instance", *more}
    assert body["detail"] == str(error)
    assert {name: body[name] for name in more} == more
    assert body["instance"] == answer.headers["X-Request-ID"] == "abc.1"
    assert (answer.headers.get("Retry-After") == "1") == (status == 503)


def test_a_defect_is_in_the_log_and_not_in_the_answer(app: Flask, capfd: pytest.CaptureFixture[str]) -> None:
    answer = failing(app, ZeroDivisionError("secret")).get("/healthz")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert "ZeroDivisionError: secret" in lines[0]["traceback"]
    assert lines[0]["request_id"] == answer.headers["X-Request-ID"]


def test_errors_have_the_security_headers_and_are_not_kept(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/nothing")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
