"""Who may ask, how often, how much, and from which pages; the headers that protect browsers."""

import hashlib
import hmac
import re
import secrets
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable
from pathlib import Path

from flask import Flask, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from embeddings.files import file_in_place, lock_place, place_of
from service.host.problems import KeyMissing, KeyRefused
from service.host.settings import Settings, SettingsError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
_RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_OPEN = re.compile(
    r"/(healthz|readyz|admin/(reload|uploads(/.*)?)|openapi\.json|docs(/.*)?|problems(/.*)?|static/.*|favicon\.ico|robots\.txt)"
)
_UNLIMITED = ("/healthz", "/readyz", "/metrics")
_COMPLETION, _COMPLETIONS = "/api/v1/vocabulary", 10
"""Completion sends a request for every letter typed, so its limit is this many times higher."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeyFile:
    """A file of API keys, one per line: SHA-256 and name.

    A key is 256 random bits, so nobody can guess it. A plain hash is enough; a slow one, as for passwords, would only
    slow down each request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int] | None = None
        self._hashes: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        """The hash of each name. The file is read again whenever it has changed. Raises `SettingsError`."""
        try:
            state = self.path.stat()
            seen = (state.st_mtime_ns, state.st_ino)
            if seen != self._seen:
                hashes = {}
                for line in self.path.read_text(encoding="utf-8").splitlines():
                    digest, _, name = line.partition("  ")
                    if not re.fullmatch("[0-9a-f]{64}", digest) or not _NAME.fullmatch(name):
                        raise SettingsError(f"{self.path} has a line that is not a SHA-256 and a name: '{line[:20]}…'.")
                    hashes[name] = digest
                self._hashes, self._seen = hashes, seen
        except (OSError, UnicodeError) as error:
            raise SettingsError(
                f"The API keys {self.path} cannot be read: {error}. Make one: thisplusthat keys add NAME"
            ) from error
        return self._hashes

    def add(self, name: str) -> str:
        """Make a key, keep its hash, and return the key, which cannot be shown again."""
        if not _NAME.fullmatch(name):
            raise SettingsError(f"'{name}' cannot be the name of a key: letters, digits, '.', '_' and '-', up to 64.")
        with lock_place(place_of(self.path)):
            hashes = dict(self.read()) if self.path.exists() else {}
            if name in hashes:
                raise SettingsError(f"There is a key '{name}' already. Revoke it first, or choose another name.")
            key = "tpt_" + secrets.token_urlsafe(32)
            self._write(hashes | {name: _hash(key)})
        return key

    def revoke(self, name: str) -> None:
        with lock_place(place_of(self.path)):
            hashes = dict(self.read())
            if hashes.pop(name, None) is None:
                raise SettingsError(f"There is no key '{name}'. There are: {', '.join(hashes) or 'none'}.")
            self._write(hashes)

    def owner(self, key: str) -> str | None:
        """The name of a key. Every hash is compared, so that the time reveals nothing."""
        asked, owner = _hash(key), None
        for name, digest in self.read().items():
            if hmac.compare_digest(digest, asked):
                owner = name
        return owner

    def _write(self, hashes: dict[str, str]) -> None:
        """Replace the file in one step: a server reads the old one or the new one. Call it with the lock held."""
        text = "".join(f"{digest}  {name}\n" for name, digest in hashes.items())
        with file_in_place(place_of(self.path), mode=0o600) as new:
            new.write_text(text, encoding="utf-8")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def protect(app: Flask, settings: Settings) -> None:
    """Give ``app`` its limits and, if set, keys, rates, CORS and proxies."""
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_body_bytes
    if settings.trusted_proxies:
        number = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=number, x_proto=number, x_host=number, x_prefix=number)  # type: ignore[method-assign]
    if settings.api_keys:
        keys = KeyFile(Path(settings.api_keys).expanduser())
        keys.read()
        app.before_request(lambda: _ask_for_key(keys))
    if settings.rate_limit_key or settings.rate_limit_address:
        _limit_rates(app, settings)
    if settings.cors_origins:
        from flask_cors import CORS

        CORS(
            app,
            origins=list(settings.cors_origins),
            methods=["GET", "HEAD", "POST", "OPTIONS"],
            allow_headers=[
                *("Authorization", "Content-Type", "X-API-Key", "X-Request-ID", "If-None-Match"),
                *("X-Stainless-.*", "Mcp-.*"),  # what clients of OpenAI's API and of MCP say of themselves
            ],
            expose_headers=["ETag", "Retry-After", "Server-Timing", "X-Failures", "X-Request-ID", *_RATE_HEADERS],
            max_age=3600,
        )


def check_admin(settings: Settings) -> None:
    """Raise `KeyRefused` unless the request has the token of the setting admin_token."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.admin_token or not hmac.compare_digest(given.encode(), settings.admin_token.encode()):
        raise KeyRefused("The token is not the one in the setting admin_token. Send it as Authorization: Bearer TOKEN.")


def _ask_for_key(keys: KeyFile) -> None:
    if request.method == "OPTIONS" or _OPEN.fullmatch(request.path):
        return
    key = _key_given()
    if not key:
        raise KeyMissing("An API key is needed: send it as Authorization: Bearer KEY or as X-API-Key: KEY.")
    owner = keys.owner(key)
    if owner is None:
        raise KeyRefused("The API key is not known here, or has been revoked.")
    g.key_name = owner


def _key_given() -> str:
    if key := request.headers.get("X-API-Key"):
        return key.strip()
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":  # what a browser asks for, for the page: the key is the password
        try:
            return b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[2]
        except (NoBase64, UnicodeError):
            return ""
    return ""


def _is_exempt(scope: str, of_completion: bool) -> Callable[[], bool]:
    """A test of whether the limit of this scope, for completion or for everything else, ignores the request."""
    return lambda: (request.path == _COMPLETION) is not of_completion or (scope == "key" and "key_name" not in g)


def _limit_rates(app: Flask, settings: Settings) -> None:
    from flask_limiter import ApplicationLimit, Limiter
    from limits import parse_many
    from limits.errors import ConfigurationError
    from limits.storage import storage_from_string

    for name in ("rate_limit_key", "rate_limit_address"):
        try:
            parse_many(getattr(settings, name) or "1/day")
        except ValueError as error:
            raise SettingsError(f"{name} is '{getattr(settings, name)}'; a limit is like 60/minute.") from error
    where = settings.rate_limit_storage
    try:
        reached = storage_from_string(where).check()
    except (ConfigurationError, ValueError) as error:
        raise SettingsError(f"rate_limit_storage is '{where}', which cannot be used: {error}") from error
    if not reached:
        raise SettingsError(f"rate_limit_storage is '{where}', and nothing answers there.")
    address = lambda: request.remote_addr or "unknown"  # noqa: E731
    limits = []
    for limit, scope, whose in (
        (settings.rate_limit_address, "address", address),
        (settings.rate_limit_key, "key", lambda: str(g.key_name)),
    ):
        if limit:
            completing = "; ".join(
                f"{each.amount * _COMPLETIONS} per {each.multiples} {each.GRANULARITY.name}"
                for each in parse_many(limit)
            )
            limits += [
                ApplicationLimit(limit, key_function=whose, scope=scope, exempt_when=_is_exempt(scope, False)),
                ApplicationLimit(
                    completing, key_function=whose, scope=f"{scope}-completion", exempt_when=_is_exempt(scope, True)
                ),
            ]
    limiter = Limiter(
        key_func=address,
        app=app,
        application_limits=limits,  # type: ignore[arg-type]
        storage_uri=where,
        headers_enabled=True,
        in_memory_fallback=[limit for limit in (settings.rate_limit_address,) if limit],
    )
    limiter.request_filter(
        lambda: request.path in _UNLIMITED or request.path.startswith("/admin/") or request.method == "OPTIONS"
    )
