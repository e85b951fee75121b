"""Answers that are asked for again by their tags."""

import pytest
from flask import Flask, Response

from service.api.conditional import kept


@pytest.mark.parametrize(
    ("given", "is_made"), [("", True), ('"other"', True), ("*", False), ('"x", TAG', False), ("W/TAG", False)]
)
def test_what_a_client_has_is_not_made_again(given: str, is_made: bool) -> None:
    app = Flask("test")
    app.config["CACHE_CONTROL"] = "public, max-age=1"
    made: list[int] = []

    def make() -> Response:
        made.append(1)
        return Response("content")

    with app.test_request_context("/"):
        tag = kept("model", "what", make).headers["ETag"]
    with app.test_request_context("/", headers={"If-None-Match": given.replace("TAG", tag)}):
        response = kept("model", "what", make)
    assert (len(made) == 2) == is_made
    assert response.status_code == (200 if is_made else 304)
    assert response.headers["ETag"] == tag
    assert response.headers["Cache-Control"] == "public, max-age=1"
    with app.test_request_context("/"):
        assert len({kept("model", what, make).headers["ETag"] for what in ("a", "b", 1, None, ("a",), "\ud800")}) == 6
