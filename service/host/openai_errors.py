"""Errors in the form of OpenAI's API, so that its clients raise what they raise there."""

from collections.abc import Mapping
from typing import Any

_ALIAS = "/api/v1/embeddings"
_TYPES = {429: "requests"}
_CODES = {
    "key-missing": "invalid_api_key",
    "key-refused": "invalid_api_key",
    "not-found": "unknown_url",
    "too-many-requests": "rate_limit_exceeded",
    "unknown-model": "model_not_found",
}
_STATUSES = {"key-refused": 401, "invalid-request": 400}
"""Where OpenAI's API has a status other than ours: for a wrong key and for a wrong parameter."""


def is_openai_path(path: str) -> bool:
    """Whether clients of OpenAI's API use this path."""
    return path.startswith("/v1/") or path in ("/v1", _ALIAS)


def openai_error(status: int, slug: str, detail: str, errors: list[dict[str, str]]) -> tuple[int, Mapping[str, Any]]:
    """The status and the body of an error; ``errors`` name the parameters that are wrong."""
    status = _STATUSES.get(slug, status)
    name = "model" if slug == "unknown-model" else errors[0]["name"].partition(".")[0] if errors else ""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = _CODES.get(slug, slug.replace("-", "_"))
    return status, {"error": {"message": detail, "type": kind, "param": name or None, "code": code}}
