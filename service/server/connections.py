"""One connection of a client: bytes in → requests, answers → bytes out. Nothing here waits or knows the application.

Requests are read by llhttp (of Node.js, through httptools), which refuses what is ambiguous: a length beside chunks,
unknown codings, bare line feeds.
"""

import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

import httptools
import orjson

from service.host import request_id

LONGEST_LINE = 8190
"""Bytes of an address, and of one header."""
MOST_HEADERS = 64
_LONGEST_HEAD = 1 << 16
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


@dataclass(slots=True, eq=False)
class Request:
    """One request. Of a body that is longer than it may be, no more than the beginning is there."""

    address: str
    """Of the client."""
    method: str = ""
    target: bytes = b""
    version: str = "1.1"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Names in lower case."""
    body: bytes = b""
    keeps_alive: bool = True
    is_chunked: bool = False
    is_cut: bool = False
    """Whether there is more of the body than was read."""
    began: float = 0.0

    def header(self, name: bytes) -> bytes:
        """The first header of this name, in lower case; empty where there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return b""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response. ``headers`` are whole lines, without those of the connection and without the length."""

    status: int
    headers: bytes
    body: bytes
    length: int | None = None
    """Of the body that a HEAD request does not get; else that of ``body``."""


class RefusedRequest(Exception):
    """Bytes that cannot be read as a request, or are too long."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        self.status, self.title, self.detail = status, title, detail
        self.slug = title.lower().replace(" ", "-")
        self.request_id = request_id(None)
        super().__init__(detail)


class Connection:
    """A socket, what is read from it and what is still to be sent."""

    __slots__ = (
        "_body", "_body_size", "_head_size", "_in_head", "_longest_body", "_parser", "_reading", "address", "closes",
        "continues", "deadline", "gone", "lingers", "out", "requests", "sock", "unsent", "watched", "working",
    )  # fmt: skip

    def __init__(self, sock: socket.socket, address: str, longest_body: int, deadline: float) -> None:
        self.sock, self.address, self.deadline = sock, address, deadline
        self.requests: deque[Request] = deque()
        """Read, and not answered yet."""
        self.out: deque[memoryview] = deque()
        """What is still to be sent, piece by piece: a long answer is not copied each time that a part of it goes."""
        self.unsent = 0
        """Bytes of it."""
        self.working: Request | None = None
        self.watched = -1
        self.closes = self.lingers = self.gone = False
        self.continues = False
        """Whether the client waits for "100 Continue"."""
        self._longest_body = longest_body
        self._parser = httptools.HttpRequestParser(self)
        self._reading: Request | None = None
        self._body: list[bytes] = []
        self._head_size = self._body_size = 0
        self._in_head = True

    @property
    def is_reading(self) -> bool:
        """Whether a part of a request is there."""
        return self._reading is not None

    @property
    def held(self) -> int:
        """Bytes of a body that is not whole yet."""
        return self._body_size

    def feed(self, data: bytes) -> None:
        """Parse the bytes that arrived. Raises `RefusedRequest`."""
        if self._reading is None:
            self._begin()
        if self._in_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._decline_upgrade()
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, RefusedRequest):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError:
            raise RefusedRequest(400, "Bad Request", "The request cannot be read as HTTP.") from None
        if self._in_head and self._head_size > _LONGEST_HEAD:
            raise RefusedRequest(431, "Request Header Fields Too Large", "The head of the request is too long.")

    def _decline_upgrade(self) -> None:
        """Some clients offer HTTP/2 with their first request: it is answered in HTTP/1.1, and the connection ends.

        The parser reads no further after such a request.
        """
        if self.requests:
            self.requests[-1].keeps_alive = False
            self.lingers = True
            if not self.requests[-1].header(b"content-length").strip(b"0"):
                return
            self.requests.pop()
        raise RefusedRequest(400, "Bad Request", "This service speaks only HTTP/1.1.")

    def _begin(self) -> None:
        self._reading = Request(self.address, began=time.monotonic())
        self._in_head, self._head_size, self._body, self._body_size = True, 0, [], 0

    # ---- Called by the parser

    def on_url(self, part: bytes) -> None:
        if self._reading is None:
            self._begin()
        assert self._reading is not None
        self._reading.target += part
        if len(self._reading.target) > LONGEST_LINE:
            raise RefusedRequest(414, "URI Too Long", f"The address is longer than {LONGEST_LINE:,} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self._reading is not None
        headers = self._reading.headers
        if len(headers) == MOST_HEADERS or len(name) + len(value) > LONGEST_LINE:
            detail = f"There can be {MOST_HEADERS} headers of {LONGEST_LINE:,} bytes each."
            raise RefusedRequest(431, "Request Header Fields Too Large", detail)
        headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        request, parser = self._reading, self._parser
        assert request is not None
        self._in_head = False
        request.method = parser.get_method().decode("ascii")
        request.version = parser.get_http_version()
        request.keeps_alive = parser.should_keep_alive()
        request.is_chunked = b"chunked" in request.header(b"transfer-encoding").lower()
        length = request.header(b"content-length")
        if length and int(length) > self._longest_body:
            self._cut()
        elif request.header(b"expect").lower() == b"100-continue":
            self.continues = True

    def on_body(self, part: bytes) -> None:
        if self._reading is None or self._reading.is_cut:
            return
        self._body.append(part)
        self._body_size += len(part)
        if self._body_size > self._longest_body:
            self._cut()

    def on_message_complete(self) -> None:
        request = self._reading
        if request is None or request.is_cut:
            return
        request.body = b"".join(self._body)
        self.requests.append(request)
        self.continues = False
        self._reading, self._body, self._body_size = None, [], 0

    def _cut(self) -> None:
        """Hand the request on as it is: the application refuses it. Nothing that follows is read as a request."""
        request = self._reading
        assert request is not None
        request.body, request.is_cut, request.keeps_alive = b"".join(self._body), True, False
        self._body, self._body_size = [], 0
        self.requests.append(request)
        self.lingers = True

    # ---- Answering

    def write(self, reply: Reply, *, closes: bool) -> None:
        """Put an answer in line to be sent, head and body in one piece: a proxy before a process that is killed has all
        of it or nothing, and asks another process.
        """
        self.closes = self.closes or closes
        request = self.working
        line = _STATUS_LINES.get(reply.status) or b"HTTP/1.1 %d Unknown\r\n" % reply.status
        ending = b"Connection: close\r\n\r\n" if self.closes else b"\r\n"
        if not self.closes and request is not None and request.version == "1.0":
            ending = b"Connection: keep-alive\r\n\r\n"
        length = (
            b""
            if reply.status in (204, 304)
            else b"Content-Length: %d\r\n" % (len(reply.body) if reply.length is None else reply.length)
        )
        body = b"" if request is not None and request.method == "HEAD" else reply.body
        self.put(b"".join((line, reply.headers, _date(), length, ending, body)))

    def refuse(self, refused: RefusedRequest) -> None:
        """Answer what does not reach the application; the connection ends with it."""
        content = {"type": f"/problems/{refused.slug}", "title": refused.title, "status": refused.status}
        headers = b"Content-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\n"
        headers += b"Cache-Control: no-store\r\n"
        headers += b"Retry-After: 1\r\n" if refused.status == 503 else b""
        content |= {"detail": refused.detail, "instance": refused.request_id}
        self.write(Reply(refused.status, headers, orjson.dumps(content)), closes=True)
        self.lingers = True

    def put(self, content: bytes) -> None:
        self.out.append(memoryview(content))
        self.unsent += len(content)

    def send(self) -> bool:
        """Send as much as the socket takes; whether nothing is left. Raises OSError when the client is gone."""
        while self.out:
            try:
                sent = self.sock.send(self.out[0])
            except BlockingIOError:
                return False
            self.unsent -= sent
            if sent == len(self.out[0]):
                self.out.popleft()
            else:
                self.out[0] = self.out[0][sent:]
        return True


_dates: dict[int, bytes] = {}


def _date() -> bytes:
    second = int(time.time())
    found = _dates.get(second)
    if found is None:
        _dates.clear()
        found = _dates[second] = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
    return found


def lines(headers: Sequence[tuple[str, str]]) -> bytes:
    """Headers as they go over the wire. Raises ValueError for one that would make more than one line."""
    text = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if text.count("\n") != len(headers) or text.count("\r") != len(headers):
        raise ValueError("a header has a line end in it")
    return text.encode("latin-1")
