"""A running service, asked over HTTP with retries and short, clear errors."""

import json
import re
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Self

from embeddings.errors import EmbeddingsError

if TYPE_CHECKING:
    import httpx  # loaded where a service is asked, since most programs ask none

_MOST_BYTES = 1 << 28
_TRY_AGAIN = (429, 503)
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a service, in seconds, and how often to try again."""

    connect: float = 5
    answer: float = 60
    pauses: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6)
    """Pauses before each retry: when nobody listens, the connection breaks, or the service is busy (429, 503)."""
    longest_pause: float = 10
    """The longest Retry-After that is obeyed. If the service asks for more, there is no retry."""


class Client:
    """A running service. Everything that goes wrong raises an `EmbeddingsError`."""

    def __init__(self, url: str, key: str | None = None, patience: Patience | None = None) -> None:
        import httpx

        self.patience = patience or Patience()
        address = _read_url(url)
        if key and not (key.isascii() and key.isprintable()):
            raise EmbeddingsError("The API key is not one: it has characters that no key has.")
        self.url = str(address.copy_with(username=None, password=None)).rstrip("/")
        self._http = httpx.Client(
            base_url=address,
            headers={"Accept": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})},
            timeout=httpx.Timeout(self.patience.answer, connect=self.patience.connect),
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def models(self) -> dict[str, Mapping[str, Any]]:
        """The card of each model that the service has, by name."""
        content = self.call("GET", "/api/v1/models")
        try:
            return {str(card["name"]): card for card in content["models"]}
        except (KeyError, TypeError) as error:
            self.refuse(error)

    def names(self) -> list[str]:
        """The names of its models, the default one first."""
        return list(self.models())

    def call(self, method: str, path: str, *, body: object = None, **parameters: str | int) -> Any:
        """The JSON that the service answers with. Retries a few times if that may help. A ``body`` that is not
        bytes is sent as JSON.
        """
        import httpx

        if body is None:
            request = self._http.build_request(method, path, params=parameters)
        elif isinstance(body, bytes):
            request = self._http.build_request(method, path, params=parameters, content=body)
        else:
            request = self._http.build_request(method, path, params=parameters, json=body)
        for pause in (*self.patience.pauses, None):
            try:
                response = self._send(request)
            except httpx.TransportError as error:
                if pause is None or not isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
                    reason = _ERRNO.sub("", str(error))
                    raise EmbeddingsError(f"{self.url} cannot be reached: {reason}.") from error
                time.sleep(pause)
                continue
            asked = _retry_after(response)
            if response.status_code not in _TRY_AGAIN or pause is None or asked > self.patience.longest_pause:
                return self._read(response)
            time.sleep(max(pause, asked))
        raise AssertionError("the last try returns or raises")

    def _send(self, request: "httpx.Request") -> "httpx.Response":
        """The whole response. A service that never stops sending is given up, even in the middle of a body."""
        import httpx

        deadline = time.monotonic() + self.patience.answer
        try:
            with closing(self._http.send(request, stream=True)) as response:
                received = bytearray()
                for chunk in response.iter_bytes():
                    received += chunk
                    if len(received) > _MOST_BYTES:
                        raise EmbeddingsError(f"{self.url} sends more than {_MOST_BYTES >> 20} MB for one request.")
                    if time.monotonic() > deadline:
                        raise httpx.ReadTimeout("the body does not end")
                kept = {name: value for name, value in response.headers.items() if name != "content-encoding"}
                return httpx.Response(response.status_code, headers=kept, content=bytes(received))
        except httpx.ConnectTimeout as error:
            raise EmbeddingsError(f"{self.url} cannot be reached within {self.patience.connect:g} seconds.") from error
        except httpx.TimeoutException as error:
            raise EmbeddingsError(f"{self.url} did not answer within {self.patience.answer:g} seconds.") from error
        except httpx.DecodingError as error:
            self.refuse(error)

    def _read(self, response: "httpx.Response") -> Any:
        if response.is_redirect:
            place = response.headers.get("location", "another address")
            raise EmbeddingsError(f"{self.url} sends on to {place}. Give the address of the service itself.")
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind not in ("application/json", "application/problem+json"):
            self.refuse(f"status {response.status_code}, {kind or 'no content type'}")
        try:
            content = json.loads(response.content)
        except ValueError as error:
            self.refuse(error)
        if response.is_success:
            return content
        raise self._problem(response, content)

    def _problem(self, response: "httpx.Response", content: Any) -> EmbeddingsError:
        """The problem in its own words (RFC 9457)."""
        if not isinstance(content, dict) or not (detail := content.get("detail") or content.get("title")):
            self.refuse(f"status {response.status_code} without a reason")
        asked = _retry_after(response)
        hint = f" Try again in {asked:.0f} seconds." if asked else ""
        return EmbeddingsError(f"{detail}{hint}")

    def refuse(self, reason: object) -> NoReturn:
        """Raise the error for a response that no service of ours sends."""
        cause = reason if isinstance(reason, Exception) else None
        shown = repr(reason) if cause else reason
        raise EmbeddingsError(f"{self.url} does not answer as a ThisPlusThat service does ({shown}).") from cause


def _read_url(url: str) -> "httpx.URL":
    import httpx

    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise EmbeddingsError(f"'{url}' is no address of a service: {error}. Try: http://localhost:8000") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise EmbeddingsError(f"'{url}' is no address of a service. Try: http://localhost:8000")
    return address.copy_with(query=None, fragment=None)


def _retry_after(response: "httpx.Response") -> float:
    """The seconds that the service asks to wait, 0 if it does not say."""
    value = response.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0
