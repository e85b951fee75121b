"""A request of a connection → the WSGI application → a reply."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from service.server.connections import Reply, Request, lines

_OF_CONNECTION = frozenset(("connection", "content-length", "date", "keep-alive", "transfer-encoding"))
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def environ_of(request: Request, host: str, port: int) -> dict[str, Any]:
    """The request as a WSGI environment (PEP 3333)."""
    target = request.target
    if not target.startswith(b"/"):  # http://host/path, as proxies are sent; or *
        target = b"/" + target.partition(b"://")[2].partition(b"/")[2]
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "RAW_URI": target.decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": request.address,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": request.is_chunked,
    }
    for name, value in request.headers:
        text = value.decode("latin-1")
        if name in (b"content-type", b"content-length"):
            environ[name.decode().upper().replace("-", "_")] = text
        elif b"_" not in name:  # in a WSGI environment it could not be told from a name with a dash
            key = f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{text}" if key in environ else text
    if request.is_chunked:
        environ.pop("CONTENT_LENGTH", None)
    return environ


def answer_by(application: Application, request: Request, host: str, port: int) -> Reply:
    """The whole answer of ``application``."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        if exc_info is not None and started:
            raise exc_info[1].with_traceback(exc_info[2])
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    result = application(environ_of(request, host, port), start_response)
    try:
        written += result
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    status, headers = started
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_CONNECTION]
    length = None
    if request.method == "HEAD":
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), None)
    return Reply(int(status[:3]), lines(kept), b"".join(written), length)
