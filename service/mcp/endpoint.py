"""``POST /mcp``: MCP's streamable HTTP without sessions, each request answered by one JSON.

The official package answers; it is an ASGI application, so one thread of a process runs its event loop, and requests of
this WSGI application are handed to it.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request

from service.host import InvalidRequest, served_models_of_app
from service.mcp.tools import tool_server

if TYPE_CHECKING:
    from starlette.applications import Starlette

_PATH = "/mcp"
_STARTING_SECONDS = 30
_LOCAL = ("localhost", "127.0.0.1", "[::1]")
Message = MutableMapping[str, Any]

mcp_endpoint = Blueprint("mcp", __name__)


class EventLoop:
    """A thread that runs an ASGI application for all threads of a process."""

    def __init__(self, application: "Starlette") -> None:
        self._application = application
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        threading.Thread(target=self._run, name="mcp", daemon=True).start()
        if not self._started.wait(_STARTING_SECONDS):
            raise TimeoutError("the event loop of /mcp did not start")

    def answer(self, scope: dict[str, Any], body: bytes, seconds: float) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body of the response. Raises TimeoutError if there is none in time."""
        asked = asyncio.run_coroutine_threadsafe(
            asyncio.wait_for(_response_of(self._application, scope, body), seconds), self._loop
        )
        return asked.result()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._live())

    async def _live(self) -> None:
        async with self._application.router.lifespan_context(self._application):
            self._started.set()
            await asyncio.Event().wait()


async def _response_of(
    application: Callable[..., Awaitable[None]], scope: dict[str, Any], body: bytes
) -> tuple[int, list[tuple[str, str]], bytes]:
    gone = asyncio.Event()
    received = [{"type": "http.request", "body": body, "more_body": False}]
    start: Message = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        if received:
            return received.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            parts.append(message.get("body", b""))

    await application(scope, receive, send)
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
    return start["status"], headers, b"".join(parts)


def import_ahead() -> None:
    """Import what answers, if it is installed: half a second that no request should take, and memory that processes
    share which are forked afterwards.
    """
    if find_spec("mcp"):
        for module in ("mcp.server", "mcp.server.transport_security", "mcp.server.streamable_http_manager"):
            import_module(module)


_starting = threading.Lock()


def _loop_of_app() -> EventLoop:
    """The loop of this process, started by the first request: threads do not survive a fork."""
    extensions = current_app.extensions
    with _starting:
        if "thisplusthat-mcp" not in extensions:
            from mcp.server.transport_security import TransportSecuritySettings

            models = served_models_of_app()
            application = tool_server(models).streamable_http_app(
                streamable_http_path=_PATH,
                json_response=True,
                stateless_http=True,
                max_request_body_size=models.settings.max_body_bytes,
                transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # see below
            )
            extensions["thisplusthat-mcp"] = EventLoop(application)
        found: EventLoop = extensions["thisplusthat-mcp"]
    return found


@mcp_endpoint.post(_PATH)
def answer_message() -> Response:
    """One message of a client, and the answer to it."""
    settings = served_models_of_app().settings
    _check_origin(settings.cors_origins)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": request.scheme,
        "path": _PATH,
        "raw_path": _PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "client": (request.remote_addr or "", 0),
        "server": (request.host, None),
    }
    status, headers, body = _loop_of_app().answer(scope, request.get_data(), settings.request_seconds)
    return Response(body, status, headers)


def _check_origin(allowed: tuple[str, ...]) -> None:
    """Refuse pages of other origins, as the protocol demands: a page must not reach a service on its reader's machine
    by giving it a name of its own.
    """
    origin = request.headers.get("Origin")
    if origin is None or "*" in allowed or origin in allowed:
        return
    host = origin.partition("://")[2]
    own = host == request.host and (host.rpartition(":")[0] or host) in _LOCAL
    if not own:
        detail = f"Pages of {origin[:200]} may not ask here. The setting cors_origins names those that may."
        raise InvalidRequest.of("Origin", detail)
