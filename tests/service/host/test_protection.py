"""Keys, limits, CORS, proxies and headers."""

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from embeddings.models.model import Model
from service.host.protection import KeyFile
from service.host.settings import Settings, SettingsError
from service.server.app import create_app


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyFile]:
    yield KeyFile(tmp_path / "keys")


def client(model: Model, **settings: object) -> FlaskClient:
    return create_app(Settings(models=(str(model.folder),), log_requests=False, **settings)).test_client()  # type: ignore[arg-type]


def test_several_machines_count_in_one_redis_and_go_on_without_it(
    tiny_model: Model, redis: tuple[str, "subprocess.Popen[bytes]"]
) -> None:
    address, server = redis
    one, other = (client(tiny_model, rate_limit_address="4/minute", rate_limit_storage=address) for _ in range(2))
    statuses = [asked.get("/api/v1/query?q=king").status_code for asked in (one, other) * 3]
    assert statuses == [200, 200, 200, 200, 429, 429]
    server.kill()
    server.wait()
    assert one.get("/api/v1/query?q=king").status_code == 200, "each counts for itself while Redis is away"


def test_a_key_is_kept_as_a_hash_that_only_its_owner_can_read(keys: KeyFile) -> None:
    key = keys.add("ann")
    assert key not in keys.path.read_text()
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert keys.owner(key) == "ann"
    assert keys.owner(key + "x") is None
    assert key != keys.add("bob")
    with pytest.raises(SettingsError, match="There is a key 'ann' already"):
        keys.add("ann")
    with pytest.raises(SettingsError, match="cannot be the name"):
        keys.add("a\nb")
    with pytest.raises(SettingsError, match="There are: ann, bob"):
        keys.revoke("eve")
    keys.revoke("ann")
    assert keys.owner(key) is None
    keys.path.write_text("what")
    with pytest.raises(SettingsError, match="not a SHA-256"):
        keys.read()


def test_with_keys_every_address_wants_one_until_it_is_revoked(tiny_model: Model, keys: KeyFile) -> None:
    key = keys.add("ann")
    asked = client(tiny_model, api_keys=str(keys.path))
    for path in ("/api/v1/query?q=king", "/v1/embeddings", "/metrics", "/"):
        missing = asked.get(path)
        assert missing.status_code == 401
        assert "Bearer" in missing.headers["WWW-Authenticate"]
        wrong = asked.get(path, headers={"X-API-Key": "wrong"})
        assert wrong.status_code == (401 if path.startswith("/v1/") else 403)  # as with OpenAI there
    for path in ("/healthz", "/docs", "/openapi.json"):
        assert asked.get(path).status_code == 200
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        answer = asked.get("/api/v1/query?q=king", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"].startswith("private")
    assert asked.get("/api/v1/query?q=king", auth=("anybody", key)).status_code == 200
    keys.revoke("ann")
    assert asked.get("/api/v1/query?q=king", headers={"X-API-Key": key}).status_code == 403


def test_more_requests_than_an_address_may_send_are_told_when_to_come_again(tiny_model: Model) -> None:
    asked = client(tiny_model, rate_limit_address="3/minute", trusted_proxies=1)
    first = {"X-Forwarded-For": "1.2.3.4, 10.0.0.1"}
    statuses = [asked.get("/api/v1/query?q=king", headers=first).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = asked.get("/api/v1/models", headers=first)
    assert refused.status_code == 429
    assert refused.content_type == "application/problem+json"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert asked.get("/healthz", headers=first).status_code == 200
    assert asked.get("/api/v1/query?q=king", headers={"X-Forwarded-For": "10.0.0.2"}).status_code == 200


def test_each_key_has_a_limit_of_its_own(tiny_model: Model, keys: KeyFile) -> None:
    ann, bob = keys.add("ann"), keys.add("bob")
    asked = client(tiny_model, api_keys=str(keys.path), rate_limit_key="2/minute")
    assert [asked.get("/api/v1/models", headers={"X-API-Key": ann}).status_code for _ in range(3)] == [200, 200, 429]
    assert asked.get("/api/v1/models", headers={"X-API-Key": bob}).status_code == 200


def test_only_listed_origins_may_call_from_their_pages(tiny_model: Model, keys: KeyFile) -> None:
    keys.add("ann")
    asked = client(tiny_model, cors_origins=("https://a.example",), api_keys=str(keys.path))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = asked.options("/api/v1/query", headers={"Origin": "https://a.example", **preflight})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert asked.get("/api/v1/models", headers={"Origin": "https://a.example"}).headers["Access-Control-Allow-Origin"]
    exposed = asked.get("/api/v1/models", headers={"Origin": "https://a.example"}).headers[
        "Access-Control-Expose-Headers"
    ]
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After"} <= set(
        exposed.split(", ")
    )
    stainless = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-stainless-os"}
    browser = asked.options("/v1/embeddings", headers={"Origin": "https://a.example", **stainless})
    assert browser.headers["Access-Control-Allow-Headers"].lower() == "x-stainless-os"
    for origin in ("https://b.example", "https://a.example.evil"):
        assert "Access-Control-Allow-Origin" not in asked.options("/api/v1/query", headers={"Origin": origin}).headers
    plain = client(tiny_model).get("/api/v1/models", headers={"Origin": "https://a.example"})
    assert "Access-Control-Allow-Origin" not in plain.headers


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rate_limit_address": "often"}, "a limit is like"),
        ({"rate_limit_address": "1/day", "rate_limit_storage": "nowhere://"}, "cannot be used"),
        ({"rate_limit_address": "1/day", "rate_limit_storage": "redis://127.0.0.1:1"}, "nothing answers there"),
        ({"api_keys": "/nowhere/keys"}, "cannot be read"),
    ],
)
def test_protection_that_cannot_work_is_said_before_anything_starts(
    tiny_model: Model, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        client(tiny_model, **settings)


@pytest.mark.parametrize("by", ["address", "key"])
def test_completing_words_has_a_limit_of_its_own(by: str, tiny_model: Model, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys")
    headers = {"X-API-Key": keys.add("me")}
    more = {"api_keys": str(keys.path), "rate_limit_key": "2/minute; 100/day"}
    asked = client(tiny_model, **(more if by == "key" else {"rate_limit_address": "2/minute"}))
    for prefix in "abcdefghijklmnopqrst":
        assert asked.get(f"/api/v1/vocabulary?prefix={prefix}", headers=headers).status_code == 200
    assert asked.get("/api/v1/vocabulary?prefix=u", headers=headers).status_code == 429
    assert [asked.get("/api/v1/query?q=king", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
