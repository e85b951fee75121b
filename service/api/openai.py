"""``POST /v1/embeddings`` as OpenAI's API has it, so that its clients work here."""

import base64

import numpy as np
from flask import Response

from embeddings.errors import UnknownWord
from service.api.endpoints import as_json, read_literally, serving_of_app
from service.api.routes import BODY_PROBLEMS, PROBLEMS, DeclaredRoutes, Responses
from service.api.schemas import EmbeddingsAnswer, EmbeddingsBody
from service.host import InvalidRequest

_ERROR = {"content": {"application/json": {"schema": {"type": "object"}}}}
_RESPONSES: Responses = {status: {**entry, **_ERROR} for status, entry in (PROBLEMS | BODY_PROBLEMS).items()}

compatible = DeclaredRoutes("compatible", __name__, abp_responses=_RESPONSES)


@compatible.post("/v1/embeddings", responses={"200": EmbeddingsAnswer})
def embeddings(body: EmbeddingsBody) -> Response:
    """Vectors of texts, for clients of OpenAI's API. A text of several words has the mean of their unit vectors."""
    model = serving_of_app().model(body.model)
    if body.dimensions not in (None, model.dimension):
        detail = f"dimensions: {model.name} has {model.dimension}, and no other number can be had."
        raise InvalidRequest(detail, [{"name": "dimensions", "detail": detail}])
    texts = [body.input] if isinstance(body.input, str) else body.input
    data = []
    for place, text in enumerate(texts):
        try:
            vector = read_literally(model, text).vector
        except UnknownWord as error:
            detail = f"input {place}: {error}"
            raise InvalidRequest(detail, [{"name": "input", "detail": detail}]) from error
        as_text = base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()
        shown = as_text if body.encoding_format == "base64" else vector.tolist()
        data.append({"object": "embedding", "index": place, "embedding": shown})
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return as_json({"object": "list", "data": data, "model": model.name, "usage": usage})


compatible.add_url_rule("/api/v1/embeddings", "embeddings_too", DeclaredRoutes.create_view_func(
    embeddings, None, None, None, None, None, EmbeddingsBody), methods=["POST"])  # fmt: skip
