"""The production server: gunicorn, whose processes share the models that were opened before they were forked.

SIGTERM and SIGINT drain, SIGHUP reloads the models (not the processes: no connection is touched), a process that dies
is replaced, and a client that is too slow is cut off.
"""

import gc
import os
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from typing import Any

import orjson
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.workers.gthread import ThreadWorker

from embeddings.errors import ModelError
from service.logs import JsonFormatter, log, log_exception
from service.settings import Settings, SettingsError

_BACKLOG = 2048


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
    """A new folder in which processes keep their figures; to be made before `service.metrics` is imported."""
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

    def handle(self, conn: Any) -> Any:
        self.busy[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self.busy.pop(conn, None)

    def murder_pending(self) -> None:
        """Called about once a second: besides idle connections, end those whose request takes too long."""
        super().murder_pending()
        before = time.monotonic() - self.app.settings.request_seconds
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
        slug = title.lower().replace(" ", "-")
        body = orjson.dumps({"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail})
        log("warning", "request refused", status=status, reason=repr(exc), address=addr[0] if addr else None)
        head = f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        head += f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
        with suppress(OSError):
            client.sendall(head.encode() + body)


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
    """In each new process: one thread a request, and a first answer."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1)
    worker.app.flask.extensions["thisplusthat"].warm()


def _tidy(_arbiter: Any, worker: Any) -> None:
    """Take the gauges of a process that ended out of the figures."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _clean(_arbiter: Any) -> None:
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(folder, ignore_errors=True)
