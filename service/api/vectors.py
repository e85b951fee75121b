"""Vectors of words: in JSON with what is wrong with a word in its place, as .npy, or as a stream of Arrow."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from embeddings import EmbeddingsError, QueryError, UnknownWord
from embeddings.answers import Reading, resolve
from embeddings.errors import MissingExtra
from embeddings.extras import need
from embeddings.models import WordVectors
from service.api.conditional import kept
from service.api.endpoints import as_json
from service.api.routes import BODY_PROBLEMS, PROBLEMS, DeclaredRoutes, tagged
from service.api.schemas import VectorsBody, VectorsParameters
from service.host import served_models_of_app

LONGEST_TEXT = 8_000
"""Characters of a text whose vector is asked for."""
NPY, ARROW = ("application/x-npy", "application/octet-stream"), "application/vnd.apache.arrow.stream"
_MOST_SUGGESTED_FOR = 20
"""Unknown words of one request that get suggestions: each costs a look through all words."""
_BINARY: dict[str, Any] = {name: {"schema": {"type": "string", "format": "binary"}} for name in (*NPY, ARROW)}
_ANSWER = {
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/VectorsAnswer"}}} | _BINARY,
}
_VECTORS = tagged("Vectors")
vectors = DeclaredRoutes("vectors", __name__, url_prefix="/api/v1", abp_responses=PROBLEMS)
Found = Sequence[tuple[str, Reading | EmbeddingsError]]


@vectors.get("/vectors", responses={"200": _ANSWER}, **_VECTORS)
def get_vectors(query: VectorsParameters) -> Response:
    """Unit vectors of words or phrases, each in its place, errors included; by Accept in JSON, as .npy or as Arrow."""
    serving = served_models_of_app()
    model = serving.model(query.model)
    kind = _kind_wanted()
    what = ("vectors", kind, query.word)
    return kept(serving.fingerprint(query.model), what, lambda: _shown(model, query.word, kind))


@vectors.post("/vectors", responses={"200": _ANSWER, **BODY_PROBLEMS}, **_VECTORS)
def post_vectors(body: VectorsBody) -> Response:
    """Unit vectors of up to 10,000 words or phrases."""
    return _shown(served_models_of_app().model(body.model), body.words, _kind_wanted())


def _kind_wanted() -> str:
    return request.accept_mimetypes.best_match(("application/json", *NPY, ARROW), "application/json")


def _shown(model: WordVectors, words: Sequence[str], kind: str) -> Response:
    found = list(zip(words, _readings(model, words), strict=True))
    response = _as_arrow(model, found) if kind == ARROW else _as_npy(model, found, kind) if kind in NPY else None
    response = response or as_json({"model": model.name, "dimension": model.dimension, "vectors": _entries(found)})
    response.headers["Vary"] = "Accept"
    return response


def _readings(model: WordVectors, words: Sequence[str]) -> list[Reading | EmbeddingsError]:
    found: list[Reading | EmbeddingsError] = []
    unknown = 0
    for text in words:
        try:
            if len(text) > LONGEST_TEXT:
                raise QueryError(f"A text has at most {LONGEST_TEXT:,} characters, and this one has {len(text):,}.")
            found.append(resolve(model, " ".join(text.split()), suggests=unknown < _MOST_SUGGESTED_FOR))
        except (QueryError, UnknownWord) as error:
            unknown += isinstance(error, UnknownWord)
            found.append(error)
    return found


def _entries(found: Found) -> list[dict[str, Any]]:
    return [
        {"word": text, "error": reading.as_dict()}
        if isinstance(reading, EmbeddingsError)
        else {
            "word": text,
            "resolved": reading.resolution.value,
            "words": reading.words,
            "vector": [round(value, 7) for value in reading.vector.tolist()],
        }
        for text, reading in found
    ]


def _as_npy(model: WordVectors, found: Found, kind: str) -> Response:
    """float32 [words, dimension]; a word without a vector has a row of NaN, and X-Failures is the number of them."""
    array = np.full((len(found), model.dimension), np.nan, "<f4")
    for place, (_, reading) in enumerate(found):
        if isinstance(reading, Reading):
            array[place] = reading.vector
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    failures = sum(not isinstance(reading, Reading) for _, reading in found)
    return Response(file.getvalue(), content_type=kind, headers={"X-Failures": str(failures)})


def _as_arrow(model: WordVectors, found: Found) -> Response:
    """Columns word, resolved, vector and error; the last two of a row are never both there."""
    try:
        pyarrow = need("pyarrow", "formats", "Vectors as Arrow")
        stream = need("pyarrow.ipc", "formats", "Vectors as Arrow")
    except MissingExtra as error:
        raise NotAcceptable(f"{error} {NPY[0]} needs nothing more.") from error
    readings = [reading for _, reading in found]
    known = [reading if isinstance(reading, Reading) else None for reading in readings]
    table = pyarrow.table(
        {
            "word": pyarrow.array([text for text, _ in found], pyarrow.string()),
            "resolved": pyarrow.array([each and each.resolution.value for each in known], pyarrow.string()),
            "vector": pyarrow.array(
                [None if each is None else each.vector for each in known],
                pyarrow.list_(pyarrow.float32(), model.dimension),
            ),
            "error": pyarrow.array(
                [None if isinstance(each, Reading) else str(each) for each in readings], pyarrow.string()
            ),
        },
        metadata={"model": model.name},
    )
    file = io.BytesIO()
    with stream.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return Response(file.getvalue(), content_type=ARROW)
