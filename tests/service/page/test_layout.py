"""What all pages are made with."""

import hashlib

import pytest
from werkzeug.exceptions import MethodNotAllowed

from embeddings import Model
from embeddings.errors import QueryError, UnknownWord
from service.host.settings import Settings
from service.page.layout import STATIC, compile_templates, error_page, signed, static_address, thousands
from service.server.app import create_app


def test_numbers_are_for_people() -> None:
    assert (thousands(1234567), thousands(None)) == ("1,234,567", "–")
    assert (signed(-0.25), signed(0.5)) == ("−0.250", "0.500")


def test_the_address_of_a_static_file_changes_with_it() -> None:
    digest = hashlib.sha256((STATIC / "page.css").read_bytes()).hexdigest()
    assert static_address("page.css") == f"/static/page.{digest[:12]}.css"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (QueryError("Too <long>.", column=3, example="a + b"), 400, "Too &lt;long&gt;."),
        (UnknownWord("xyz", ["x"], model="tiny"), 404, "“xyz” is not in tiny."),
        (MethodNotAllowed(valid_methods=["GET"]), 405, "That did not work"),
    ],
)
def test_an_error_is_a_page_with_its_status(tiny_model: Model, error: QueryError, status: int, said: str) -> None:
    app = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False))
    with app.test_request_context("/search?q=abc"):
        response = error_page(error)
    assert response.status_code == status
    assert said in response.get_data(as_text=True)
    assert response.headers.get("Allow") == ("GET" if status == 405 else None)


def test_no_request_waits_for_a_template_to_be_compiled(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False))
    compile_templates(app)
    monkeypatch.setattr(app.jinja_env, "compile", lambda *_: pytest.fail("too late"))
    client = app.test_client()
    for path in ("/", "/search/king - man + woman", "/search/king <> man", "/word/king", "/compare", "/about"):
        assert client.get(path).status_code == 200, path
