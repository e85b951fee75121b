"""Which requests wait."""

import pytest

from embeddings.models import Model
from service.host import ServedModels, Settings
from service.server.admission import Admission
from service.server.connections import Request


@pytest.mark.parametrize(
    ("method", "target", "lane"),
    [
        ("GET", "/api/v1/query?q=king%20-%20man%20%2B%20woman", None),
        ("GET", "/api/v1/query?q=king&k=10", None),
        ("GET", "/api/v1/query?q=king&k=1000", "some"),
        ("GET", "/api/v1/query?q=king&%6B=1000", "some"),
        ("GET", "/api/v1/query?q=king&explain=true", "some"),
        ("GET", f"/api/v1/query?q={'a' * 300}", "some"),
        ("GET", "/api/v1/vocabulary?prefix=", None),
        ("GET", "/search/king", "little"),
        ("GET", "/search/king?model=tiny&k=20", "little"),
        ("GET", "/search/king?k=1000", "some"),
        ("GET", f"/search/{'a' * 300}", "some"),
        ("GET", "/picture.svg?q=king", "some"),
        ("GET", "/metrics", "some"),
        ("POST", "/api/v1/query", "little"),
        ("POST", "/api/v1/vectors", "much"),
    ],
)
def test_what_may_take_long_waits(method: str, target: str, lane: str | None, tiny_model: Model) -> None:
    settings = Settings(models=(str(tiny_model.folder),))
    admission = Admission(settings, ServedModels(settings))
    found = admission.lane_of(Request("1.2.3.4", method, target.encode(), body=b"{}"))
    assert found == (None if lane is None else (lane, "1.2.3.4"))
    assert lane is None or lane in admission.lanes


def test_a_batch_waits_elsewhere_and_a_key_is_a_client(tiny_model: Model) -> None:
    settings = Settings(models=(str(tiny_model.folder),))
    admission = Admission(settings, ServedModels(settings))
    request = Request("1.2.3.4", "POST", b"/api/v1/query", headers=[(b"x-api-key", b"mine")], body=b" " * 10_000)
    assert admission.lane_of(request) == ("much", "mine")


@pytest.mark.parametrize(
    ("body", "lane"),
    [
        (b'{"q": "king - man + woman", "k": 20}', "little"),
        (b'{"q": "king", "k": 1000}', "some"),
        (b'{"q": "king", "\\u006b": 1000}', "some"),
        (b'{"q": "king", "exact": true}', "some"),
        (b'{"queries": ["king"]}', "some"),
        (b'{"q": "' + b"king + " * 100 + b'man"}', "some"),
        (b" " * 10_000, "much"),
    ],
)
def test_a_posted_query_waits_by_what_it_asks_for(body: bytes, lane: str, tiny_model: Model) -> None:
    settings = Settings(models=(str(tiny_model.folder),))
    admission = Admission(settings, ServedModels(settings))
    assert admission.lane_of(Request("1.2.3.4", "POST", b"/api/v1/query", body=body)) == (lane, "1.2.3.4")
    assert lane in admission.lanes
