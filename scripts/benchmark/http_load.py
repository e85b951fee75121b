"""Load on an HTTP server: keep-alive connections in one epoll loop, which costs little beside the server it measures.

    python -m scripts.benchmark.http_load 127.0.0.1 8000 requests.jsonl --connections 32 --seconds 10

A line of requests.jsonl is ``[method, path, body or null]``; each is sent once, in turn, or with ``--again`` for ever.
Prints JSON. A request that gets no whole answer is ``cut off``, or ``closed before`` if the connection had been used
before and no byte came back: then the server may have closed it before the request was there, and what HTTP clients do
is to send it again. ``refused`` are connections that could not be made.
"""

import json
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import click
import numpy as np

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PATIENCE = 30.0
_PAUSE = 0.02


@dataclass
class LoadConnection:
    """A connection, and the request that is on its way."""

    socket: socket.socket
    served: int = 0
    sent: float = 0.0
    received: bytes = b""


@dataclass
class LoadResult:
    """What came of it."""

    milliseconds: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def as_dict(self, started: float, ended: float, cpu: float) -> dict[str, Any]:
        seconds = ended - started
        times = np.array(self.milliseconds or [float("nan")])
        gaps = np.diff([started, *self.finished, ended])
        return {
            "requests": len(self.milliseconds),
            "seconds": round(seconds, 4),
            "requests/s": round(len(self.milliseconds) / seconds, 1),
            "p50_ms": round(float(np.median(times)), 3),
            "p99_ms": round(float(np.percentile(times, 99)), 3),
            "max_ms": round(float(times.max()), 1),
            "longest_gap_ms": round(float(gaps.max()) * 1000, 1),
            "load_cpu_us": round(cpu * 1e6 / max(len(self.milliseconds), 1), 1),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            **{kind: self.failures[kind] for kind in ("refused", "cut off", "closed before", "too late")},
        }


class Load:
    """Some connections, each of which sends one request after the other."""

    def __init__(
        self, address: tuple[str, int], requests: Iterator[bytes], seconds: float, warm_up: float, *, fresh: bool
    ) -> None:
        self.found = LoadResult()
        self._address, self._requests, self._fresh = address, requests, fresh
        self._counted_from = time.perf_counter() + warm_up
        self._end = self._counted_from + seconds
        self._over = False
        self._poll = select.epoll()
        self._open: dict[int, LoadConnection] = {}

    def run(self, connections: int) -> dict[str, Any]:
        """Until the requests or the time are over and all that was sent has its answer."""
        next_try, cpu = 0.0, time.process_time()
        while self._open or not self._over:
            now = time.perf_counter()
            self._over = self._over or now >= self._end
            if len(self._open) < connections and not self._over and now >= next_try:
                next_try = now + _PAUSE
                while len(self._open) < connections and not self._over and self._connect():
                    pass
            for descriptor, _ in self._poll.poll(_PAUSE):
                self._receive(self._open[descriptor])
            for connection in [each for each in self._open.values() if now - each.sent > _PATIENCE]:
                self._fail(connection, "too late")
        done = self.found.finished[-1] if self.found.finished else self._end
        return self.found.as_dict(self._counted_from, done, time.process_time() - cpu)

    def _connect(self) -> bool:
        opened = _connect(self._address)
        if opened is None:
            self.found.failures["refused"] += 1
            return False
        connection = LoadConnection(opened)
        self._poll.register(opened, select.EPOLLIN)
        self._open[opened.fileno()] = connection
        self._send(connection)
        return True

    def _send(self, connection: LoadConnection) -> None:
        request = None if self._over or time.perf_counter() >= self._end else next(self._requests, None)
        if request is None:
            self._over = True
            self._close(connection)
            return
        connection.received, connection.sent = b"", time.perf_counter()
        try:
            connection.socket.sendall(request)
        except OSError:
            self._fail(connection, "closed before" if connection.served else "cut off")

    def _receive(self, connection: LoadConnection) -> None:
        try:
            part = connection.socket.recv(1 << 18)
        except OSError:
            part = b""
        connection.received += part
        status, whole, closes = _read(connection.received, ended=not part)
        if whole:
            now = time.perf_counter()
            if now >= self._counted_from:
                self.found.milliseconds.append((now - connection.sent) * 1000)
                self.found.finished.append(now)
                self.found.statuses[status] += 1
            connection.served += 1
            if closes or self._fresh:
                self._close(connection)
            else:
                self._send(connection)
        elif not part:
            self._fail(connection, "closed before" if connection.served and not connection.received else "cut off")

    def _fail(self, connection: LoadConnection, how: str) -> None:
        self.found.failures[how] += 1
        self._close(connection)

    def _close(self, connection: LoadConnection) -> None:
        self._poll.unregister(connection.socket)
        del self._open[connection.socket.fileno()]
        connection.socket.close()


def _connect(address: tuple[str, int]) -> socket.socket | None:
    try:
        connection = socket.create_connection(address, timeout=5)
    except OSError:
        return None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _read(received: bytes, *, ended: bool) -> tuple[int, bool, bool]:
    """The status, whether the answer is whole, and whether the server closes the connection after it."""
    split = received.find(b"\r\n\r\n")
    if split < 0:
        return 0, False, True
    head = received[: split + 2].lower()
    status = int(received[9:12])
    closes = b"\r\nconnection: close\r\n" in head
    length = _LENGTH.search(head)
    if length is not None:
        return status, len(received) >= split + 4 + int(length[1]), closes
    if b"\r\ntransfer-encoding: chunked" in head:
        return status, received.endswith(b"0\r\n\r\n"), closes
    return status, ended or status in (204, 304), closes


def encode(host: str, method: str, path: str, body: str | None, *, fresh: bool, key: str | None = None) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Accept: application/json"]
    lines += ["Connection: close"] if fresh else []
    lines += [f"Authorization: Bearer {key}"] if key else []
    content = (body or "").encode()
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@click.command()
@click.argument("host")
@click.argument("port", type=int)
@click.argument("requests", type=click.Path(exists=True, path_type=Path))
@click.option("--connections", type=click.IntRange(1), default=32, show_default=True)
@click.option("--seconds", type=float, default=10.0, show_default=True)
@click.option("--warm-up", type=float, default=0.0, show_default=True, help="Seconds before that are not counted.")
@click.option("--again", is_flag=True, help="Send the requests again from the first when they are over.")
@click.option("--fresh", is_flag=True, help="A connection for each request.")
def main(host: str, port: int, requests: Path, connections: int, again: bool, **options: Any) -> None:
    """Put load on the server at HOST:PORT."""
    lines = [json.loads(line) for line in requests.read_text(encoding="utf-8").splitlines()]
    wires = [encode(f"{host}:{port}", *line, fresh=options["fresh"]) for line in lines]
    load = Load((host, port), cycle(wires) if again else iter(wires), **options)
    print(json.dumps(load.run(connections)))


if __name__ == "__main__":
    main()
