"""``/v1/embeddings`` with the real client of OpenAI's API."""

import numpy as np
import openai
import pytest

from embeddings.answers.resolution import resolve
from embeddings.models.model import Model


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


def test_a_model_that_is_not_served_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="There are: tiny"):
        client.embeddings.create(model="text-embedding-3-small", input="king")
