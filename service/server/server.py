"""The production server: gunicorn, whose processes share the models that were opened before they were forked.

SIGTERM and SIGINT drain, SIGHUP reloads the models (not the processes: no connection is touched), a process that dies
is replaced, and a client that is too slow is cut off.
"""

import ctypes
import gc
import os
import re
import selectors
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from functools import partial
from typing import Any

import orjson
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import ThreadWorker

from embeddings.errors import ModelError
from service.host import JsonFormatter, Settings, SettingsError, log, log_exception

_BACKLOG = 2048
_LOOKED_AT = 1 << 15
"""Bytes of a request that have to be there before a thread takes it: the head, and what there is of a body."""
_GATHERED = 1 << 16
"""Bytes of an answer that are sent in one piece."""
_STOPPING_SECONDS = 2
"""Time for a client that is connected, but has not asked, when the service stops."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""Of malloc.h."""
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n")


def serve(settings: Settings, listener: socket.socket, app: Flask) -> None:
    """Serve ``app`` at ``listener`` until a signal ends it."""
    _Server(settings, listener, app).run()


def listen(settings: Settings) -> socket.socket:
    """The socket of host and port. Raises `SettingsError` if they cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"Nothing can listen at {settings.host} port {settings.port}: {os.strerror(error.errno or 0)}. "
            "Choose others by --host and --port."
        ) from error


def share_metrics() -> str:
    """A new folder in which processes keep their figures; to be made before `service.host` is imported."""
    folder = tempfile.mkdtemp(prefix="thisplusthat-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    return folder


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings."""

    def __init__(self, settings: Settings, listener: socket.socket, app: Flask) -> None:
        self.settings, self.listener, self.flask = settings, listener, app
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        wanted: dict[str, Any] = {
            "bind": f"fd://{self.listener.detach()}",  # gunicorn copies and closes it
            "backlog": _BACKLOG,
            "workers": settings.workers,
            "threads": settings.threads,
            "worker_class": _Worker,
            "worker_connections": 1000,
            "preload_app": True,
            "timeout": max(60, 2 * settings.request_seconds),
            "graceful_timeout": settings.drain_seconds,
            "keepalive": settings.keep_alive_seconds,
            "limit_request_line": 8190,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            "logger_class": _JsonLogger,
            "loglevel": "warning",
            "proc_name": "thisplusthat",
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
            "post_worker_init": _prepare,
            "child_exit": _tidy,
            "on_exit": _clean,
            "pre_fork": _freeze,
        }
        for name, value in wanted.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.flask

    def run(self) -> None:
        _Arbiter(self).run()


class _Arbiter(Arbiter):  # type: ignore[misc]
    """The parent process. It checks and exchanges the models; its children follow through shared memory."""

    def handle_hup(self) -> None:
        serving = self.app.flask.extensions["thisplusthat"]
        try:
            log("info", "models reloaded", changed=serving.reload())
        except ModelError as error:
            log("error", "reload refused", reason=str(error))


class _Worker(ThreadWorker):  # type: ignore[misc]
    """A process with threads, which limits the time of a request and never answers with HTML."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.busy: dict[Any, float] = {}

    def set_accept_enabled(self, enabled: bool) -> None:
        """Besides: whoever has connected when the process is told to stop is answered, not reset."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listener in self.sockets:
                before = -1
                while before != self.nr_conns:  # until nobody waits to be accepted
                    before = self.nr_conns
                    self.accept(listener)
                listener.close()

    def enqueue_req(self, conn: Any) -> None:
        """Hand a request to a thread once it is there: a client that trickles takes a connection, but no thread."""
        there, wanted = _is_there(conn, self.app.settings.max_body_bytes)
        if there:
            if getattr(conn, "seen", 0):
                conn.seen = 0
                conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        if not getattr(conn, "seen", 0):
            settings = self.app.settings
            seconds = settings.request_seconds if wanted > 1 else settings.keep_alive_seconds
            conn.timeout = time.monotonic() + (seconds if self.alive else _STOPPING_SECONDS)
        conn.seen = wanted - 1
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, wanted)  # not woken for each byte
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def handle(self, conn: Any) -> Any:
        self.busy[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self.busy.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Besides: head and body leave in one piece, so that the proxy before a process that is killed has either the
        whole answer or nothing, and asks another process.
        """
        sock = conn.sock
        conn.sock = answer = _Gathering(sock)
        try:
            goes_on = super().handle_request(req, conn)
            answer.flush()
            return goes_on
        finally:
            conn.sock = sock

    def murder_pending(self) -> None:
        """Called about once a second: besides idle connections, end those whose request takes too long."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout < now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            _refuse_slow(conn)
        before = now - self.app.settings.request_seconds
        for conn, since in list(self.busy.items()):
            if since < before:
                self.busy.pop(conn, None)
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer what is no HTTP; such a request does not reach the application."""
        status, title = 400, "Bad Request"
        if isinstance(exc, LimitRequestLine):
            status, title = 414, "URI Too Long"
        elif isinstance(exc, LimitRequestHeaders):
            status, title = 431, "Request Header Fields Too Large"
        elif not isinstance(exc, ParseException):
            status, title = 500, "Internal Server Error"
            log_exception("a request failed in the server", exc)
        detail = "The request cannot be read as HTTP, or a part of its head is too long."
        log("warning", "request refused", status=status, reason=repr(exc), address=addr[0] if addr else None)
        with suppress(OSError):
            client.sendall(_problem(status, title, detail))


class _Gathering:
    """A socket that keeps what is sent until `flush`, or until it is more than a socket takes at once anyway."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._held = sock, bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def sendall(self, content: bytes) -> None:
        self._held += content
        if len(self._held) > _GATHERED:
            self.flush()

    def sendfile(self, *arguments: Any, **options: Any) -> int:
        self.flush()
        return self._sock.sendfile(*arguments, **options)

    def flush(self) -> None:
        held, self._held = self._held, bytearray()
        if held:
            self._sock.sendall(held)


def _problem(status: int, title: str, detail: str) -> bytes:
    """A response to what does not reach the application."""
    slug = title.lower().replace(" ", "-")
    body = orjson.dumps({"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail})
    head = f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    head += f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _refuse_slow(conn: Any) -> None:
    """End a connection on which no whole request came in time; one on which nothing came is merely closed."""
    with suppress(OSError):
        if conn.sock.recv(_LOOKED_AT):  # what is left unread would make of the end a reset
            conn.sock.sendall(_problem(408, "Request Timeout", "The request did not come to its end in time."))
    conn.close()


def _is_there(conn: Any, longest: int) -> tuple[bool, int]:
    """Whether a whole request (of a long one, the beginning) can be read without waiting; else, how many bytes to wait
    for. Nothing is taken from the socket.
    """
    if conn.parser is not None and conn.parser.unreader.buf.getvalue():
        return True, 1  # the parser has read a part of it already
    try:
        seen = conn.sock.recv(_LOOKED_AT, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False, 1
    except OSError:
        return True, 1  # the thread will meet the same error, and end the connection
    if not seen or len(seen) >= _LOOKED_AT or len(seen) <= getattr(conn, "seen", 0):
        return True, 1  # the other side is gone, or sends too much to look at, or has nothing more to send
    end = seen.find(b"\r\n\r\n")
    if end < 0:
        return False, len(seen) + 1
    head = seen[: end + 2].lower()
    if b"\r\nexpect:" in head:
        return True, 1
    if _CHUNKED.search(head):
        return seen.endswith(b"0\r\n\r\n"), len(seen) + 1
    length = _CONTENT_LENGTH.search(head)
    if length is None or int(length[1]) > longest:
        return True, 1
    wanted = min(end + 4 + int(length[1]), _LOOKED_AT)
    return len(seen) >= wanted, wanted


class _JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines as JSON."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


def _freeze(_arbiter: Any, _worker: Any) -> None:
    """Keep the garbage collector of the children from writing to, and thereby copying, memory that they share."""
    gc.collect()
    gc.freeze()


def _prepare(worker: Any) -> None:
    """In each new process: one thread a request, memory that is given back, and a first answer."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
    _give_memory_back()
    try:
        worker.app.flask.extensions["thisplusthat"].warm()
    except ModelError as error:  # Milvus may be away for a while: /readyz, and whoever asks, tries again
        log("warning", "not ready yet", reason=str(error))


def _give_memory_back() -> None:
    """Keep glibc from giving each thread a store of its own, in which what large answers need stays for ever: after ten
    minutes of every kind of query that was 150 MB a process, and growing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and gives back by itself
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)


def _tidy(_arbiter: Any, worker: Any) -> None:
    """Take the gauges of a process that ended out of the figures."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _clean(_arbiter: Any) -> None:
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(folder, ignore_errors=True)
