"""Our problems as OpenAI's API has them."""

import pytest

from service.host.openai_errors import is_openai_path, openai_error


@pytest.mark.parametrize(
    ("status", "slug", "expected"),
    [
        (401, "key-missing", (401, "invalid_request_error", None, "invalid_api_key")),
        (403, "key-refused", (401, "invalid_request_error", None, "invalid_api_key")),
        (404, "unknown-model", (404, "invalid_request_error", "model", "model_not_found")),
        (404, "not-found", (404, "invalid_request_error", None, "unknown_url")),
        (422, "invalid-request", (400, "invalid_request_error", "input", "invalid_request")),
        (429, "too-many-requests", (429, "requests", None, "rate_limit_exceeded")),
        (500, "defect", (500, "server_error", None, "defect")),
        (503, "not-ready", (503, "server_error", None, "not_ready")),
    ],
)
def test_a_problem_has_the_status_and_the_type_that_its_clients_know(
    status: int, slug: str, expected: tuple[int, str, str | None, str]
) -> None:
    errors = [{"name": "input.0", "detail": "x"}] if slug == "invalid-request" else []
    found, body = openai_error(status, slug, "why", errors)
    error = body["error"]
    assert error["message"] == "why"
    assert (found, error["type"], error["param"], error["code"]) == expected


def test_all_of_v1_is_openai_s() -> None:
    assert all(map(is_openai_path, ("/v1/models", "/v1/embeddings", "/v1/x", "/api/v1/embeddings")))
    assert not any(map(is_openai_path, ("/", "/api/v1/query", "/v1x", "/api/v1/models")))
