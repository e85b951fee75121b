"""Routes whose annotations validate requests and make the OpenAPI document: flask-openapi3, read by our own rules.

The library documents from the annotations; what it does with a request is replaced: it makes a JSON schema of the model
for every request, and lets parameters that stand twice, wrong content types and broken UTF-8 pass.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, get_origin
from urllib.parse import parse_qsl

from flask import request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import BaseConverter

from service.host import PROBLEM_TYPE, BadRequest, InvalidRequest, WrongContentType

_MOST_PARAMETERS = 1100
_PLAIN_PAIR = re.compile(r"([a-z0-9_]+)=([\w .,:?*()+-]*)", re.ASCII)
_PLAIN_PAIRS = re.compile(rf"{_PLAIN_PAIR.pattern}(?:&{_PLAIN_PAIR.pattern}){{0,9}}", re.ASCII)


def _name_of(*, name: str, path: str, method: str) -> str:  # noqa: ARG001  # called by these names
    return name


def tagged(name: str) -> dict[str, Any]:
    """Options that put a route under this heading in the document."""
    return {"tags": [Tag(name=name, description=TAGS[name])]}


TAGS = {
    "Queries": "Questions to a model: sums, analogies, neighbours, similarities, the odd one out.",
    "Words": "What is in a model's vocabulary.",
    "Vectors": "The numbers themselves.",
    "Models": "Which models are served, and what they say about themselves.",
    "OpenAI": "What clients of OpenAI's API ask for.",
}


class AnyText(BaseConverter):
    """Any text, slashes included."""

    regex = ".+"
    part_isolating = False


class DeclaredRoutes(APIBlueprint):
    """A blueprint of declared routes. An operation is called by the name of its function, which clients are generated
    with: it stays.
    """

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        super().__init__(name, import_name, operation_id_callback=_name_of, **options)

    @staticmethod
    def create_view_func(  # noqa: PLR0913  # as flask-openapi3 calls it
        func: Callable[..., Any],
        header: Any,  # noqa: ARG004
        cookie: Any,  # noqa: ARG004
        path: Any,
        query: Any,
        form: Any,  # noqa: ARG004
        body: Any,
        *args: Any,  # noqa: ARG004
        **options: Any,  # noqa: ARG004
    ) -> Any:
        """The view: it hands ``func`` the validated parts that its annotations name."""
        lists = {
            name
            for name, entry in (query.model_fields if query else {}).items()
            if get_origin(entry.annotation) is list
        }

        @wraps(func)
        def view(**path_values: str) -> Any:
            parts: dict[str, BaseModel] = {}
            if path:
                parts["path"] = path.model_validate(path_values)
            given = read_parameters(request.environ.get("QUERY_STRING", ""), lists)
            if query:
                parts["query"] = query.model_validate(given)
            elif given:
                name = next(iter(given))
                raise InvalidRequest(f"{name}: there is no such parameter here.", [{"name": name, "detail": "unknown"}])
            if body:
                parts["body"] = read_body(body)
            return func(**parts)

        return view


def read_parameters(text: str, lists: set[str]) -> dict[str, Any]:
    """The parameters of an address; those of ``lists`` may stand several times."""
    if not text:
        return {}
    try:
        pairs = plain_pairs(text) or parse_qsl(
            text.encode("latin-1").decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except UnicodeError as error:
        raise BadRequest("The address has bytes that are no UTF-8.") from error
    except ValueError as error:
        raise BadRequest(f"The address has more than {_MOST_PARAMETERS:,} parameters.") from error
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in lists:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise InvalidRequest(f"{name} is given twice in the address.", [{"name": name, "detail": "given twice"}])
        else:
            given[name] = value
    return given


def plain_pairs(text: str) -> list[tuple[str, str]] | None:
    """The pairs of an address that holds nothing but letters, digits and the signs of queries, as `parse_qsl` reads
    them, in a fourth of its time; None for any other.
    """
    spaced = text.replace("+", " ").replace("%20", " ").replace("%2B", "+").replace("%3A", ":").replace("%3F", "?")
    return _PLAIN_PAIR.findall(spaced) if _PLAIN_PAIRS.fullmatch(spaced) else None


def read_body(model: type[BaseModel]) -> BaseModel:
    """The JSON of the body, strictly: a number in quotes is not a number."""
    if request.mimetype != "application/json":
        raise WrongContentType("The body must be JSON, with Content-Type: application/json.")
    content = request.get_data(cache=False)
    longest = request.max_content_length
    if request.content_length is None and longest is not None and len(content) >= longest:
        raise RequestEntityTooLarge  # of a body without a length (chunked), no more than this is read
    return model.model_validate_json(content, strict=True)


Responses = dict[str | int, Any]

PROBLEMS: Responses = {
    status: {
        "description": title,
        "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, title in {
        "400": "The query or the request cannot be read",
        "401": "An API key is needed",
        "403": "The API key is not known",
        "404": "A word or a model is not known",
        "414": "The address is too long",
        "422": "A part of the request is not valid",
        "429": "Too many requests; Retry-After says when to try again",
        "503": "Not ready or overloaded; Retry-After says when to try again",
    }.items()
}
BODY_PROBLEMS: Responses = {
    status: {"description": title, "content": PROBLEMS["400"]["content"]}
    for status, title in {"413": "The body is too long", "415": "The body is not declared as JSON"}.items()
}
