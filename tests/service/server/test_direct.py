"""The shortest way says what the application says."""

import gzip
import json
from urllib.parse import quote

import pytest

from embeddings.models import Model
from service.host import Settings
from service.server import create_app
from service.server.connections import Reply, Request
from service.server.direct import Direct
from service.server.wsgi import answer_by

ASKED = (
    "/api/v1/query?q=king%20-%20man%20%2B%20woman",
    "/api/v1/query?q=king+-+man+%2b+woman&k=3",
    "/api/v1/query?q=king&explain=true&model=tiny",
    "/api/v1/query?q=king,%20queen,%20bread",
    "/api/v1/query?q=king%20%3C%3E%20queen&exact=true&method=3cosmul",
    "/api/v1/query?q=New%20York&all_forms=1&restrict=5",
    "/api/v1/analogy?a=man&b=king&c=woman",
    "/api/v1/neighbours?word=king&k=3",
    "/api/v1/neighbours?word=New%20York&k=2&offset=2",
    "/api/v1/similarity?a=man&b=New+York&without=bread",
    "/api/v1/vocabulary?prefix=k&limit=3&offset=1",
    "/api/v1/vocabulary",
)
LEFT = (
    "/api/v1/query",
    "/api/v1/query?q=",
    "/api/v1/query?q=king&q=queen",
    "/api/v1/query?q=king&k=0",
    "/api/v1/query?q=king&nothing=1",
    "/api/v1/query?q=%FF",
    "/api/v1/query?q=king%20(",
    "/api/v1/query?q=nowhere",
    "/api/v1/query?q=king&model=none",
    "/api/v1/analogy?a=man&b=king",
    "/api/v1/neighbours?word=king&k=500&offset=501",
    "/api/v1/neighbours?k=3",
    "/api/v1/similarity?a=man",
    "/api/v1/similarity?a=man&b=king&k=3",
    "/api/v1/words/king",
    "/api/v1//query?q=king",
    "http://x/api/v1/query?q=king",
    "/",
)


def headers_of(reply: Reply) -> dict[str, str]:
    lines = reply.headers.decode("latin-1").split("\r\n")[:-1]
    found = dict(line.split(": ", 1) for line in lines)
    assert len(found) == len(lines)
    return found


def request(target: str, method: str = "GET", **headers: str) -> Request:
    given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request("1.2.3.4", method, target.encode(), headers=given)


@pytest.fixture
def settings(tiny_model: Model) -> Settings:
    return Settings(models=(str(tiny_model.folder),))


@pytest.mark.parametrize("accepted", ["", "gzip, br"])
@pytest.mark.parametrize("target", ASKED)
def test_what_is_answered_directly_is_what_the_application_answers(
    target: str, accepted: str, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings)
    given = {"x_request_id": "id-1"} | ({"accept_encoding": accepted} if accepted else {})
    direct = Direct(app, settings).answer(request(target, **given))
    [line] = map(json.loads, capfd.readouterr().err.splitlines())
    assert direct is not None
    usual = answer_by(app, request(target, **given), "x", 80)
    [usual_line] = map(json.loads, capfd.readouterr().err.splitlines())
    assert (direct.status, direct.body) == (usual.status, usual.body) == (200, direct.body)
    found, expected = headers_of(direct), headers_of(usual)
    if len(direct.body) < 1000 and "Content-Encoding" not in found:
        found.pop("Vary")  # said though this answer would be too short
        expected.pop("Vary", None)
    assert found == expected
    for volatile in ("time", "ms"):
        line.pop(volatile)
        usual_line.pop(volatile)
    assert line == usual_line


@pytest.mark.parametrize("target", LEFT)
def test_all_else_is_left_to_the_application(target: str, settings: Settings) -> None:
    assert Direct(create_app(settings), settings).answer(request(target)) is None


def test_conditions_other_methods_and_bodies_are_left_to_the_application(settings: Settings) -> None:
    direct = Direct(create_app(settings), settings)
    assert direct.answer(request(ASKED[0])) is not None
    for method in ("HEAD", "POST", "OPTIONS"):
        assert direct.answer(request(ASKED[0], method)) is None
    assert direct.answer(request(ASKED[0], if_none_match="*")) is None
    with_body = request(ASKED[0])
    with_body.body = b"{}"
    assert direct.answer(with_body) is None


@pytest.mark.parametrize("more", [{"rate_limit_address": "1/minute"}, {"cors_origins": ("*",)}, {"trusted_proxies": 1}])
def test_nothing_is_answered_directly_where_limits_and_their_like_apply(
    more: dict[str, object], tiny_model: Model
) -> None:
    settings = Settings(models=(str(tiny_model.folder),), **more)  # type: ignore[arg-type]
    assert Direct(create_app(settings), settings).answer(request(ASKED[0])) is None


def test_long_answers_are_compressed_for_whoever_takes_it(settings: Settings) -> None:
    client = create_app(settings).test_client()
    query = f"/api/v1/query?q={quote('king, queen, man, woman, bread, New York')}"
    plain = client.get(query)
    assert len(plain.data) > 1000
    packed = client.get(query, headers={"Accept-Encoding": "br;q=1.0, gzip;q=0.8"})
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) == packed.content_length < len(plain.data) / 2
    for response in (plain, packed):
        assert response.headers["Vary"] == "Accept-Encoding"
        assert response.get_etag()[0] == plain.get_etag()[0]
    assert packed.get_etag()[1], "weak: the bytes are others"
    again = client.get(query, headers={"If-None-Match": packed.headers["ETag"], "Accept-Encoding": "gzip"})
    assert (again.status_code, again.data) == (304, b"")
    for refused in ("", "identity", "gzip;q=0", "br", "*;q=0"):
        assert "Content-Encoding" not in client.get(query, headers={"Accept-Encoding": refused}).headers
    for path in ("/", "/search/king", "/openapi.json", "/about", "/map"):
        packed = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers.get("Content-Encoding") == "gzip", path
        assert gzip.decompress(packed.data)
