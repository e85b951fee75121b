"""Answers that a client may keep: the same bytes from every process, with a tag to ask for changes."""

import hashlib
from collections.abc import Callable

from flask import Response, current_app, request
from werkzeug.http import quote_etag, unquote_etag

VERSION = "2"
"""Version of the form of answers. A client that kept one of an older form gets a new one."""


def kept(fingerprint: str, what: object, make: Callable[[], Response]) -> Response:
    """The response that ``make`` gives, or a 304 if the client has it already. ``what`` and the model's ``fingerprint``
    identify it.
    """
    tag = tag_of(fingerprint, what)
    response = Response(status=304) if _is_known(tag) else make()
    response.headers["ETag"] = quote_etag(tag)
    response.headers["Cache-Control"] = current_app.config["CACHE_CONTROL"]
    return response


def tag_of(fingerprint: str, what: object) -> str:
    """The ETag of the answer to ``what`` by the model with ``fingerprint``."""
    content = f"{VERSION}\0{fingerprint}\0{what!r}"
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_known(tag: str) -> bool:
    given = request.environ.get("HTTP_IF_NONE_MATCH")
    if not given:
        return False
    return given.strip() == "*" or any(unquote_etag(part.strip())[0] == tag for part in given.split(","))
