"""Every setting of the service, declared once: the fields feed the file, the environment and ``serve``."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from embeddings.catalogue import DEFAULT_MODEL
from embeddings.errors import EmbeddingsError

PREFIX = "THISPLUSTHAT_"


class SettingsError(EmbeddingsError):
    """An invalid setting: which, where it came from, and what is allowed."""


def _setting(default: Any, text: str, *, least: float | None = None, most: float | None = None) -> Any:
    return field(default=default, metadata={"help": text, "least": least, "most": most})


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service runs. Later sources override earlier ones: default, file, environment, options of serve."""

    models: tuple[str, ...] = _setting(
        (DEFAULT_MODEL,), "Models to serve, by name, folder, URL or address in Milvus; the first is the default."
    )
    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for all.")
    port: int = _setting(8000, "Port to listen on; 0 picks a free one.", least=0, most=65535)
    workers: int = _setting(2, "Processes, which share one copy of each model; about one per core.", least=1, most=512)
    threads: int = _setting(8, "Requests that a process handles at the same time.", least=1, most=512)
    request_seconds: int = _setting(30, "Time for one request, from its first byte to its last.", least=1, most=3600)
    drain_seconds: int = _setting(30, "Time that a stopping process gives to requests under way.", least=1, most=3600)
    keep_alive_seconds: int = _setting(15, "Time that an idle connection is kept open.", least=0, most=3600)
    max_body_bytes: int = _setting(8 << 20, "Longest body of a request.", least=1024, most=1 << 30)
    cache_answers: int = _setting(
        2_000,
        "Answers of ten words that each process keeps, or fewer longer ones; 0 keeps none.",
        least=0,
        most=10_000_000,
    )
    cache_seconds: int = _setting(
        3600, "Time that browsers and proxies may keep an answer (Cache-Control).", least=0, most=31_536_000
    )
    admin_token: str = _setting("", "Token for POST /admin/reload; without one, that address does not exist.")
    uploads: bool = _setting(False, "Accept models at /admin/uploads from whoever has the admin_token.")
    upload_bytes: int = _setting(1 << 30, "Longest file that is accepted.", least=1, most=1 << 40)
    upload_seconds: int = _setting(3600, "Time to import a file or to train on it.", least=1, most=604_800)
    api_keys: str = _setting("", "File of hashed API keys (thisplusthat keys); with one, requests need a key.")
    rate_limit_key: str = _setting(
        "", 'Limit for each API key, such as "600/minute" or "10/second; 5000/day"; completion has ten times as much.'
    )
    rate_limit_address: str = _setting(
        "", 'Limit for each client address, such as "60/minute"; completion has ten times as much.'
    )
    rate_limit_storage: str = _setting(
        "memory://", "Where requests are counted: memory:// (in each process) or redis://HOST:PORT."
    )
    cors_origins: tuple[str, ...] = _setting((), "Origins whose pages may call the API, such as https://example.org.")
    trusted_proxies: int = _setting(
        0, "Number of proxies in front whose X-Forwarded-* headers are trusted.", least=0, most=16
    )
    log_requests: bool = _setting(True, "Log each request as a line of JSON on standard error.")

    def __post_init__(self) -> None:
        for entry in fields(self):
            value, bounds = getattr(self, entry.name), entry.metadata
            if bounds["least"] is not None and not bounds["least"] <= value <= bounds["most"]:
                raise SettingsError(f"{entry.name} is {value:,}; it can be {bounds['least']:,} to {bounds['most']:,}.")
        if not self.models:
            raise SettingsError("models is empty: name at least one.")
        if self.admin_token and len(self.admin_token) < 16:
            raise SettingsError("admin_token is shorter than 16 characters, which is too easy to guess.")
        if self.uploads and not self.admin_token:
            raise SettingsError("uploads needs admin_token: without one, everybody could send models.")
        if self.rate_limit_key and not self.api_keys:
            raise SettingsError("rate_limit_key needs api_keys: without keys there is nothing to count by.")
        for origin in self.cors_origins:
            if origin != "*" and not origin.startswith(("http://", "https://")):
                raise SettingsError(f"cors_origins has '{origin}'; an origin is like https://example.org, or *.")


def read_settings(
    file: Path | None = None, environment: Mapping[str, str] | None = None, options: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from a TOML file, the environment (``THISPLUSTHAT_PORT``) and options that are not None.

    Raises `SettingsError`.
    """
    environment = os.environ if environment is None else environment
    values = _from_file(file) if file else {}
    for entry in fields(Settings):
        if text := environment.get(PREFIX + entry.name.upper()):
            values[entry.name] = _read(entry, text, f"{PREFIX}{entry.name.upper()}")
    values |= {name: value for name, value in (options or {}).items() if value is not None}
    return replace(Settings(), **values)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SettingsError(f"{file} is not TOML: {error}.") from error
    known = {entry.name: entry for entry in fields(Settings)}
    for name in content:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known)}."
            raise SettingsError(f"{file} sets '{name}', which is not a setting. {hint}")
    return {name: _of_type(known[name], value, str(file)) for name, value in content.items()}


def _of_type(entry: "Field[Any]", value: Any, source: str) -> Any:
    """A value from TOML, checked to have the type of the default."""
    if isinstance(entry.default, tuple):
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise SettingsError(f'{source}: {entry.name} is {value!r}; it must be a list of texts, like ["one", "two"].')
    if type(value) is not type(entry.default):
        kinds = {int: "a whole number", str: "a text in quotes", bool: "true or false"}
        raise SettingsError(f"{source}: {entry.name} is {value!r}; it must be {kinds[type(entry.default)]}.")
    return value


def _read(entry: "Field[Any]", text: str, source: str) -> Any:
    """A value from the environment, where everything is text; lists are separated by commas."""
    if isinstance(entry.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if isinstance(entry.default, bool):
        if text.lower() not in ("true", "false", "1", "0"):
            raise SettingsError(f"{source} is '{text}'; it must be true or false.")
        return text.lower() in ("true", "1")
    if isinstance(entry.default, int):
        if not (text.isascii() and text.isdigit()):
            raise SettingsError(f"{source} is '{text}'; it must be a whole number.")
        return int(text)
    return text
