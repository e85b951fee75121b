"""/status for people: what answers, how long it runs, what it has done."""

import pytest

from embeddings import ModelError
from embeddings.models.model import Model
from service.host.settings import Settings
from service.page.status import spell_duration
from service.server.app import create_app


def test_it_shows_that_every_model_answers(tiny_model: Model) -> None:
    client = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()
    client.get("/api/v1/query?q=king")
    page = client.get("/status")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    for text in ("All is well", "tiny", "12 words, 4 dimensions", "yes, in", "Running for"):
        assert text in page.text, text
    assert client.get("/status/").status_code == 200
    assert client.get("/status?model=nowhere").status_code == 200


def test_a_model_that_does_not_answer_is_told_with_503(tiny_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False))

    def refuse(*_: object, **__: object) -> None:
        raise ModelError("nobody answers")

    monkeypatch.setattr("service.page.status.ask_many", refuse)
    page = app.test_client().get("/status")
    assert page.status_code == 503
    assert "Something is wrong" in page.text
    assert "nobody answers" in page.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (61, "1 minute 1 second"), (3600, "1 hour"), (200_000, "2 days 7 hours")],
)
def test_durations_have_their_two_largest_units(seconds: float, text: str) -> None:
    assert spell_duration(seconds) == text
