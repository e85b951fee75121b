"""``/v1/models`` and ``/v1/embeddings`` with the real client of OpenAI's API."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
from werkzeug.serving import make_server

from embeddings.answers.resolution import resolve
from embeddings.models.model import Model
from service.host.protection import KeyFile
from service.host.settings import Settings
from service.server.app import create_app


@pytest.fixture(scope="module")
def client(service_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{service_url}/v1", api_key="none", max_retries=0)


def test_its_client_gets_vectors_as_floats_and_as_base64(client: openai.OpenAI, tiny_model: Model) -> None:
    texts = ["king", "united states", "Café"]
    expected = np.stack([resolve(tiny_model, text).vector for text in texts])
    packed = client.embeddings.create(model="tiny", input=texts)  # base64, unless told otherwise
    plain = client.embeddings.create(model="tiny", input=texts, encoding_format="float", dimensions=4)
    for answer in (packed, plain):
        assert np.allclose([entry.embedding for entry in answer.data], expected)
        assert [entry.index for entry in answer.data] == [0, 1, 2]
        assert (answer.model, answer.usage.prompt_tokens) == ("tiny", 4)
    assert len(client.embeddings.create(model="tiny", input="king").data) == 1


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "nowhere"}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [1, 2]}, "input"),
        ({"input": [[1, 2]]}, "input"),
        ({"input": ["king"] * 2049}, "input"),
        ({"input": "king", "dimensions": 3}, "dimensions"),
        ({"input": "king", "encoding_format": "text"}, "encoding_format"),
    ],
)
def test_errors_have_the_form_that_its_client_knows(client: openai.OpenAI, body: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="tiny", **body)  # type: ignore[call-overload]
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert caught.value.code == "invalid_request"
    assert ("tokens" in str(caught.value)) == ("1" in str(body["input"]))


def test_a_model_that_is_not_served_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="There are: tiny"):
        client.embeddings.create(model="text-embedding-3-small", input="king")


def test_its_client_lists_the_models(client: openai.OpenAI) -> None:
    [listed] = client.models.list().data
    assert (listed.id, listed.object, listed.owned_by) == ("tiny", "model", "thisplusthat")
    assert listed.created > 1_700_000_000
    assert client.models.retrieve("tiny") == listed
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-4")
    assert (caught.value.type, caught.value.param) == ("invalid_request_error", "model")
    assert caught.value.code == "model_not_found"


def test_words_of_a_sentence_that_are_not_known_are_named_and_left_out(client: openai.OpenAI) -> None:
    mixed, known = client.embeddings.create(model="tiny", input=["King, xyzzy and queen!", "king queen"]).data
    assert mixed.model_extra == {"unknown": ["xyzzy", "and"]}
    assert known.model_extra == {}
    assert np.allclose(mixed.embedding, known.embedding)


@pytest.mark.parametrize("texts", [["king " * 20_001], ["king " * 10_000] * 21])
def test_texts_that_take_too_long_are_refused(client: openai.OpenAI, texts: list[str]) -> None:
    with pytest.raises(openai.BadRequestError, match="characters") as caught:
        client.embeddings.create(model="tiny", input=texts)
    assert caught.value.param == "input"


@pytest.fixture(scope="module")
def guarded(tiny_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A service that wants a key and answers three requests a day for each, and a key."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    key = KeyFile(Path(file)).add("one")
    settings = Settings(models=(str(tiny_model.folder),), api_keys=str(file), rate_limit_key="3/day")
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/v1", key
    server.shutdown()
    thread.join()
    server.server_close()


def test_keys_and_limits_are_the_errors_that_its_client_knows(guarded: tuple[str, str]) -> None:
    url, key = guarded
    with pytest.raises(openai.AuthenticationError) as caught:
        openai.OpenAI(base_url=url, api_key="wrong", max_retries=0).models.list()
    assert (caught.value.type, caught.value.code) == ("invalid_request_error", "invalid_api_key")
    assert httpx.get(f"{url}/models").status_code == 401
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    for _ in range(3):
        client.models.list()
    with pytest.raises(openai.RateLimitError) as limited:
        client.models.list()
    assert (limited.value.type, limited.value.code) == ("requests", "rate_limit_exceeded")
    assert int(limited.value.response.headers["Retry-After"]) > 0


def test_an_address_that_there_is_not_is_an_error_of_the_same_form(service_url: str) -> None:
    missing = httpx.get(f"{service_url}/v1/engines").json()["error"]
    assert (missing["type"], missing["code"]) == ("invalid_request_error", "unknown_url")
    refused = httpx.post(f"{service_url}/v1/models", json={})
    assert (refused.status_code, refused.json()["error"]["code"]) == (405, "method_not_allowed")
