"""Models and embeddings as OpenAI's API has them under ``/v1``, so that its clients work here."""

import base64
from typing import Any

import numpy as np
from flask import Response

from embeddings import Model
from embeddings.answers import TextReading, read_text
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from service.api.endpoints import as_json
from service.api.routes import BODY_PROBLEMS, PROBLEMS, DeclaredRoutes, Responses, tagged
from service.api.schemas import EmbeddingsAnswer, EmbeddingsBody, OpenAIModel, OpenAIModels, OpenAIPath
from service.host import InvalidRequest, served_models_of_app

LONGEST_TEXT = 100_000
"""Characters of one text, which is more than the 8,192 tokens that OpenAI's models take."""
MOST_CHARACTERS = 1_000_000
"""Of all texts of a request together: what a processor reads in a few seconds."""
_ERROR = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/OpenAIError"}}}}
_RESPONSES: Responses = {status: {**entry, **_ERROR} for status, entry in PROBLEMS.items()}
_BODY_RESPONSES: Responses = {status: {**entry, **_ERROR} for status, entry in BODY_PROBLEMS.items()}
_OPENAI = tagged("OpenAI")

compatible = DeclaredRoutes("compatible", __name__, abp_responses=_RESPONSES)


@compatible.get("/v1/models", responses={"200": OpenAIModels}, **_OPENAI)
def list_openai_models() -> Response:
    """The models that are served, as OpenAI lists its own, the default one first."""
    serving = served_models_of_app()
    return as_json({"object": "list", "data": [_listed(serving.model(name)) for name in serving.names]})


@compatible.get("/v1/models/<model>", responses={"200": OpenAIModel}, **_OPENAI)
def retrieve_openai_model(path: OpenAIPath) -> Response:
    """One model, as OpenAI describes its own."""
    return as_json(_listed(served_models_of_app().model(path.model)))


def _listed(model: WordVectors) -> dict[str, Any]:
    """``created`` is when its files were written, 0 if unknown."""
    created = int((model.folder / "model.json").stat().st_mtime) if isinstance(model, Model) else 0
    return {"id": model.name, "object": "model", "created": created, "owned_by": "thisplusthat"}


@compatible.post("/v1/embeddings", responses={"200": EmbeddingsAnswer, **_BODY_RESPONSES}, **_OPENAI)
def create_embeddings(body: EmbeddingsBody) -> Response:
    """Vectors of texts, for clients of OpenAI's API. A text of several words has the mean of their unit vectors,
    weighted by rarity. Words that the model does not know are named in ``unknown``.
    """
    model = served_models_of_app().model(body.model)
    if body.dimensions not in (None, model.dimension):
        raise InvalidRequest.of(
            "dimensions", f"{model.name} has {model.dimension} dimensions, and cannot be shortened."
        )
    texts = [body.input] if isinstance(body.input, str) else body.input
    longest, together = max(map(len, texts)), sum(map(len, texts))
    if longest > LONGEST_TEXT or together > MOST_CHARACTERS:
        given = f"the longest of these has {longest:,}, all together {together:,}"
        raise InvalidRequest.of(
            "input", f"A text can have {LONGEST_TEXT:,} characters, all {MOST_CHARACTERS:,}; {given}."
        )
    data = []
    for place, text in enumerate(texts):
        reading = _read(model, place, text)
        as_text = base64.b64encode(np.asarray(reading.vector, "<f4").tobytes()).decode()
        shown = as_text if body.encoding_format == "base64" else reading.vector.tolist()
        entry = {"object": "embedding", "index": place, "embedding": shown}
        data.append(entry | ({"unknown": reading.unknown} if reading.unknown else {}))
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return as_json({"object": "list", "data": data, "model": model.name, "usage": usage})


def _read(model: WordVectors, place: int, text: str) -> TextReading:
    try:
        return read_text(model, text)
    except (QueryError, UnknownWord) as error:
        raise InvalidRequest.of("input", f"input {place}: {error}") from error


compatible.add_url_rule("/api/v1/embeddings", "embeddings_too", DeclaredRoutes.create_view_func(
    create_embeddings, None, None, None, None, None, EmbeddingsBody), methods=["POST"])  # fmt: skip
