"""Vectors in each form: the same numbers, and what is wrong with a word in its place."""

import io
import sys

import numpy as np
import pyarrow.ipc
import pytest
from flask.testing import FlaskClient

from embeddings.models.model import Model
from service.host.settings import Settings
from service.server.app import create_app

WORDS = ["king", "nowhere", "united states", " ", "Café"]
ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def client(tiny_model: Model) -> FlaskClient:
    return create_app(Settings(models=(str(tiny_model.folder),), log_requests=False)).test_client()


def test_json_has_each_vector_and_each_failure_in_its_place(client: FlaskClient, tiny_model: Model) -> None:
    posted = client.post("/api/v1/vectors", json={"words": WORDS})
    got = client.get("/api/v1/vectors", query_string=[("word", word) for word in WORDS])
    body = posted.get_json()
    assert posted.status_code == got.status_code == 200
    assert got.get_json() == body
    assert [entry["word"] for entry in body["vectors"]] == WORDS
    assert [entry.get("resolved") for entry in body["vectors"]] == ["exact", None, "composed", None, "case"]
    assert np.allclose(body["vectors"][0]["vector"], tiny_model.vectors[1])
    assert body["vectors"][1]["error"]["type"] == "UnknownWord"
    assert body["vectors"][3]["error"]["type"] == "QueryError"


@pytest.mark.parametrize("kind", ["application/x-npy", "application/octet-stream"])
def test_a_word_without_a_vector_is_a_row_of_nan_in_npy(client: FlaskClient, kind: str) -> None:
    expected = client.post("/api/v1/vectors", json={"words": WORDS}).get_json()["vectors"]
    answer = client.post("/api/v1/vectors", json={"words": WORDS}, headers={"Accept": kind})
    array = np.load(io.BytesIO(answer.data), allow_pickle=False)
    assert (answer.content_type, answer.headers["X-Failures"], array.dtype) == (kind, "2", np.float32)
    assert np.isnan(array).all(axis=1).tolist() == [False, True, False, True, False]
    known = [place for place in range(5) if "vector" in expected[place]]
    assert np.allclose(array[known], [expected[place]["vector"] for place in known], atol=1e-6)


def test_arrow_has_columns_with_nothing_where_nothing_is(client: FlaskClient, tiny_model: Model) -> None:
    answer = client.post("/api/v1/vectors", json={"words": WORDS}, headers={"Accept": ARROW})
    table = pyarrow.ipc.open_stream(answer.data).read_all()
    assert answer.content_type == ARROW
    assert table.schema.metadata == {b"model": b"tiny"}
    assert table["word"].to_pylist() == WORDS
    assert np.allclose(table["vector"][0].as_py(), tiny_model.vectors[1])
    assert [row["vector"] is None for row in table.to_pylist()] == [False, True, False, True, False]
    assert [row["error"] is None for row in table.to_pylist()] == [True, False, True, False, True]


def test_without_the_package_for_arrow_the_answer_says_so(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = client.get("/api/v1/vectors?word=king", headers={"Accept": ARROW})
    assert answer.status_code == 406
    assert "thisplusthat[formats]" in answer.get_json()["detail"]


def test_each_form_has_a_tag_of_its_own(client: FlaskClient) -> None:
    tags = set()
    for kind in ("application/json", "application/x-npy", ARROW):
        first = client.get("/api/v1/vectors?word=king", headers={"Accept": kind})
        again = client.get(
            "/api/v1/vectors?word=king", headers={"Accept": kind, "If-None-Match": first.headers["ETag"]}
        )
        assert (again.status_code, again.data) == (304, b"")
        assert first.headers["Vary"] == "Accept"
        tags.add(first.headers["ETag"])
    assert len(tags) == 3


def test_ten_thousand_words_can_be_had_and_unknown_ones_do_not_take_for_ever(client: FlaskClient) -> None:
    words = ["king", "nowhere"] * 5_000
    answer = client.post("/api/v1/vectors", json={"words": words}, headers={"Accept": "application/x-npy"})
    assert answer.headers["X-Failures"] == "5000"
    assert client.post("/api/v1/vectors", json={"words": [*words, "king"]}).status_code == 422
    assert client.post("/api/v1/vectors", json={"words": ["x" * 8001]}).get_json()["vectors"][0]["error"]
