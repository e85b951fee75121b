"""An upload from its first part to the model that is served, by Flask's client."""

import threading
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

TOKEN = {"Authorization": "Bearer 0123456789abcdef"}
VECTORS = b"3 2\napple 1 0\npear 0.9 0.1\nstone 0 1\n"


@pytest.fixture
def client(tiny_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    return service(tiny_model)


def service(tiny_model: Model, **settings: Any) -> FlaskClient:
    given = {"uploads": True, "admin_token": "0123456789abcdef", "upload_bytes": 100_000, **settings}
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False, **given)).test_client()


def begin(client: FlaskClient, content: bytes, **wanted: Any) -> str:
    body = {"name": "fruit", "kind": "vectors", "size": len(content), "file_name": "fruit.txt", **wanted}
    created = client.post("/admin/uploads", json=body, headers=TOKEN)
    assert created.status_code == 201, created.text
    return f"/admin/uploads/{created.get_json()['id']}"


def put(client: FlaskClient, place: str, offset: int, part: bytes) -> Any:
    return client.put(f"{place}?offset={offset}", data=part, headers=TOKEN)


def watched(client: FlaskClient, place: str) -> list[str]:
    """The names of all events until the stream ends, each taken once, as an EventSource takes them."""
    names, known = [], "0"
    while True:
        answer = client.get(f"{place}/events", headers={**TOKEN, "Last-Event-ID": known})
        if answer.status_code == 204:
            return names
        assert answer.mimetype == "text/event-stream"
        for block in answer.text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            if "id" in fields:
                names.append(fields["event"])
                known = fields["id"]
        threading.Event().wait(0.05)


def test_a_file_in_parts_becomes_a_model_that_is_served(client: FlaskClient, tiny_model: Model) -> None:
    place = begin(client, VECTORS, licence="CC0")
    assert put(client, place, 0, VECTORS[:10]).get_json()["received"] == 10
    assert put(client, place, 5, VECTORS[5:]).status_code == 409
    assert client.get(place, headers=TOKEN).get_json()["state"] == "receiving"
    other = {"name": "other", "kind": "vectors", "size": 1}
    assert client.post("/admin/uploads", json=other, headers=TOKEN).status_code == 409
    assert put(client, place, 10, VECTORS[10:]).status_code == 200
    names = watched(client, place)
    assert names[-2:] == ["built", "done"]
    assert "progress" in names
    assert client.get(place, headers=TOKEN).get_json()["state"] == "done"
    answer = client.get("/api/v1/neighbours?word=apple&model=fruit&k=1").get_json()
    assert answer["results"][0]["word"] == "pear"
    assert client.get("/api/v1/models/fruit").get_json()["licence"] == "CC0"
    assert service(tiny_model).get("/api/v1/models").get_json()["models"][1]["name"] == "fruit"  # after a restart
    assert client.post("/admin/uploads", json=other | {"name": "fruit"}, headers=TOKEN).status_code == 409


def test_text_is_trained_on(client: FlaskClient) -> None:
    text = b"the cat sat on the mat and the dog sat on the rug near the cat.\n" * 200
    place = begin(client, text, kind="text", name="cats", file_name="cats.txt", dimension=8, epochs=1)
    put(client, place, 0, text)
    names = watched(client, place)
    assert names[-1] == "done", client.get(place, headers=TOKEN).get_json()
    assert client.get("/api/v1/models/cats").get_json()["dimension"] == 8


def test_a_file_that_is_no_vectors_fails_with_a_reason_and_without_a_place(client: FlaskClient, tmp_path: Path) -> None:
    place = begin(client, b"\0\1\2 nothing")
    put(client, place, 0, b"\0\1\2 nothing")
    assert watched(client, place)[-1] == "failed"
    last = client.get(place, headers=TOKEN).get_json()["last_event"]
    assert last["data"]["detail"]
    assert str(tmp_path) not in last["data"]["detail"]
    assert client.delete(place, headers=TOKEN).status_code == 204
    assert client.get(place, headers=TOKEN).status_code == 404


def test_limits_and_names_are_kept_to(client: FlaskClient) -> None:
    wanted = {"name": "x", "kind": "vectors", "size": 1}
    for change in ({"size": 100_001}, {"size": 0}, {"name": "../x"}, {"kind": "pickle"}, {"more": 1}, {"dimension": 1}):
        assert client.post("/admin/uploads", json=wanted | change, headers=TOKEN).status_code == 422, change
    refused = client.post("/admin/uploads", json=wanted | {"name": "../x"}, headers=TOKEN).get_json()
    assert "'../x' cannot be the name of a model: letters, digits" in str(refused)
    assert client.post("/admin/uploads", json=wanted | {"name": "tiny"}, headers=TOKEN).status_code == 409
    place = begin(client, b"12345", file_name="../../evil")
    assert put(client, place, 0, b"123456").status_code == 409
    assert client.put(f"{place}?offset=x", data=b"1", headers=TOKEN).status_code == 422
    assert client.get("/admin/uploads/..%2f..", headers=TOKEN).status_code == 404


def test_work_that_takes_too_long_is_ended(tiny_model: Model, client: FlaskClient) -> None:
    del client  # it has set the home
    text = b" ".join(f"word{number % 5000}".encode() for number in range(200_000))
    hasty = service(tiny_model, upload_seconds=1, upload_bytes=10_000_000)
    place = begin(hasty, text, kind="text", name="slow", epochs=100)
    put(hasty, place, 0, text)
    assert watched(hasty, place)[-1] == "failed"
    assert "upload_seconds" in hasty.get(place, headers=TOKEN).get_json()["last_event"]["data"]["detail"]


def test_there_is_none_of_it_without_the_setting_or_the_token(tiny_model: Model, client: FlaskClient) -> None:
    wanted = {"name": "x", "kind": "vectors", "size": 1}
    assert client.post("/admin/uploads", json=wanted).status_code == 403
    assert client.get("/admin/uploads/0123456789abcdef", headers={"Authorization": "Bearer wrong"}).status_code == 403
    closed = create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()
    assert closed.post("/admin/uploads", json=wanted, headers=TOKEN).status_code == 404
