"""A Milvus server: its address, and calls that are retried while it is briefly away."""

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from embeddings.errors import ModelError

SCHEME = "milvus://"
PORT = 19530
SECONDS = 10.0
"""Time for a call, in which the client tries again by itself while it is refused."""

_PAUSES = (0.0, 0.1, 0.4, 1.6)
"""Seconds to wait before each attempt to connect anew."""
_PROBE_SECONDS = 2.0
_LOADING_SECONDS = 60.0
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_NOT_FOUND, _NOT_LOADED = 100, 101
# Milvus's own codes for what passes: not ready, unavailable, rate limit, still loading, channel or node not there.
_PASSING = frozenset({1, 2, 8, 103, 503, 901, 902})
_FORM = "milvus://host:19530/collection, or milvus:///folder/file.db/collection for a file of milvus-lite"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model is: a Milvus (``host`` and ``port``) or a file of milvus-lite, and a collection there."""

    collection: str
    host: str = ""
    port: int = PORT
    file: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `ModelError` for what is no such address."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port or PORT
        except ValueError as error:
            raise ModelError(f"'{text}' is no address of a Milvus: {error}. Write {_FORM}.") from error
        folder, _, collection = parts.path.rpartition("/")
        fits = _COLLECTION.fullmatch(collection) and not (parts.query or parts.fragment or parts.username)
        fits = fits and (not folder if host else folder.endswith(".db"))
        if parts.scheme != "milvus" or not fits:
            raise ModelError(
                f"'{text}' is no address of a model in Milvus. Write {_FORM}; "
                "a collection's name has letters, digits and '_' and begins with no digit."
            )
        return cls(collection, host, port) if host else cls(collection, file=Path(folder))

    @property
    def server(self) -> str:
        """Its address without the collection, for the person who reads it."""
        return f"{SCHEME}{self.host}:{self.port}" if self.file is None else f"{SCHEME}{self.file}"

    def __str__(self) -> str:
        return f"{self.server}/{self.collection}"


class MilvusConnection:
    """Calls to a Milvus, from any thread; each process has a channel of its own, also after a fork."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: Any = None
        self._process = 0
        self._away = False

    def call(self, name: str, *arguments: Any, seconds: float = SECONDS, **options: Any) -> Any:
        """The method ``name`` of pymilvus's client. Raises `ModelError` when Milvus is away, or refuses.

        Once it was away, a single attempt is made a call, so that those who ask are not kept waiting.
        """
        from grpc import RpcError
        from pymilvus.exceptions import MilvusException

        reason = ""
        for pause in _PAUSES[:1] if self._away else _PAUSES:
            time.sleep(pause)
            try:
                result = self._attempt(name, *arguments, timeout=seconds, **options)
            except (MilvusException, RpcError, OSError) as error:
                if not _passes(error):
                    raise ModelError(_refusal(self.address, error)) from error
                self._drop()
                reason = _reason(error)
            else:
                self._away = False
                return result
        self._away = True
        raise ModelError(f"The Milvus at {self.address.server} does not answer: {reason}")

    def close(self) -> None:
        """Close the channel; the next call opens a new one."""
        self._drop()

    def _attempt(self, name: str, *arguments: Any, **options: Any) -> Any:
        from pymilvus.exceptions import MilvusException

        client = self._connect()
        try:
            return getattr(client, name)(*arguments, **options)
        except MilvusException as error:
            if _code(error) != _NOT_LOADED or not arguments:
                raise
        client.load_collection(arguments[0], timeout=_LOADING_SECONDS)  # Milvus was started anew
        return getattr(client, name)(*arguments, **options)

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None or self._process != os.getpid():
                self._client = _new_client(self.address)
                self._process = os.getpid()
            return self._client

    def _drop(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._process == os.getpid():
            client.close()


def quoted(text: str) -> str:
    """``text`` as a literal of Milvus's filter expressions."""
    for character, escaped in (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t")):
        text = text.replace(character, escaped)
    return f'"{text}"'


def _new_client(address: Address) -> Any:
    pymilvus = _pymilvus(address)
    if address.file is None:
        # A refused connection is known at once here; the client would wait.
        socket.create_connection((address.host, address.port), timeout=_PROBE_SECONDS).close()
        host = f"[{address.host}]" if ":" in address.host else address.host
        uri = f"http://{host}:{address.port}"
    else:
        uri = str(address.file)
    return pymilvus.MilvusClient(uri=uri, timeout=SECONDS, dedicated=True)


def _pymilvus(address: Address) -> Any:
    try:
        import pymilvus

        if address.file is not None:
            import milvus_lite  # noqa: F401
    except ImportError as error:
        package = "milvus-lite" if error.name == "milvus_lite" else "thisplusthat[milvus]"
        raise ModelError(f'For models in Milvus run: pip install "{package}"') from error
    for name in ("pymilvus", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what is wrong is in our own errors
    return pymilvus


def _code(error: Exception) -> Any:
    return getattr(error, "code", None)


def _passes(error: Exception) -> bool:
    """Whether the error may go away by itself."""
    from grpc import RpcError, StatusCode

    code: Any = _code(error)
    if isinstance(error, RpcError):
        code = code()
        return code in (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.CANCELLED)
    return (
        isinstance(error, OSError) or code in _PASSING or isinstance(code, StatusCode) or "Retry timeout" in str(error)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.strerror or error}."
    text = getattr(error, "message", "") or str(_details(error) or error)
    return text.split(", debug=")[0].split("\n")[0].rstrip(".") + "."


def _details(error: Exception) -> str:
    details: Callable[[], str] | None = getattr(error, "details", None)
    return details() if details is not None else ""


def _refusal(address: Address, error: Exception) -> str:
    if _code(error) == _NOT_FOUND:
        return f"{address} is not there, or was replaced since it was opened. Push the model, or reload the service."
    return f"The Milvus at {address.server} refuses: {_reason(error)}"
