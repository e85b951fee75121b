"""The production server: gunicorn, whose processes share the models that were opened before they were forked.

SIGTERM and SIGINT drain, SIGHUP reloads the models (not the processes: no connection is touched), a process that dies
is replaced, and a client that is too slow is cut off.
"""

import ctypes
import gc
import os
import socket
import struct
import sys
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from embeddings.errors import ModelError
from service.host import JsonFormatter, Settings, SettingsError, flush, hold, log, metrics, served_models_of_app
from service.server.admission import Admission
from service.server.direct import Direct
from service.server.loop import Limits, Loop
from service.server.wsgi import answer_by

_BACKLOG = 2048
_SWITCH_SECONDS = 0.0005
"""After this time a thread that computes lets the one that holds the connections go on."""
_COLLECTIONS = 20_000, 10, 100
"""New objects before a collection of garbage, and collections before a thorough one, for which all threads wait: 10 ms
after a batch."""
_SPARE = 64
"""Processes that can be added to a running server (SIGTTIN)."""
_M_ARENA_MAX, _M_MMAP_THRESHOLD = -8, -3
"""Of malloc.h."""
_SO_ATTACH_FILTER = 26
_DROPS_SYN = (
    (0x30, 0, 0, 13),  # takes the flags of TCP's header
    (0x45, 0, 1, 2),  # goes over the next without SYN
    (0x06, 0, 0, 0),  # drops
    (0x06, 0, 0, 0xFFFFFFFF),  # keeps
)
"""A program of Linux's socket filters: codes, jumps and numbers of linux/bpf_common.h."""


def serve(settings: Settings, listener: socket.socket, app: Flask) -> None:
    """Serve ``app`` on ``listener`` until a signal ends it."""
    metrics.share(settings.workers + _SPARE)
    _Server(settings, listener, app).run()


def listen(settings: Settings) -> socket.socket:
    """A socket that listens on host and port. Raises `SettingsError` if that fails."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise SettingsError(
            f"Nothing can listen at {settings.host} port {settings.port}: {os.strerror(error.errno or 0)}. "
            "Choose others by --host and --port."
        ) from error


def refuse_connections(listener: socket.socket) -> None:
    """Let nobody connect any more, in any process that has the socket; whoever has connected is still there to be
    accepted. Who comes between the last `accept` and the end of the socket would be connected and cut off: now
    such a client tries again a second later, and is refused by then.
    """
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _DROPS_SYN))
    about = struct.pack("@HP", len(_DROPS_SYN), ctypes.addressof(program))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, about)
    except OSError as error:
        log("warning", "connections of the last moment may be cut off", reason=str(error))


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings."""

    def __init__(self, settings: Settings, listener: socket.socket, app: Flask) -> None:
        self.settings, self.listener, self.flask = settings, listener, app
        self.address: tuple[str, int] = listener.getsockname()[:2]
        super().__init__()

    def load_config(self) -> None:
        settings = self.settings
        wanted: dict[str, Any] = {
            "bind": f"fd://{self.listener.detach()}",  # gunicorn copies and closes it
            "backlog": _BACKLOG,
            "workers": settings.workers,
            "worker_class": _Worker,
            "preload_app": True,
            "timeout": max(60, 2 * settings.request_seconds),
            "graceful_timeout": settings.drain_seconds,
            "logger_class": _JsonLogger,
            "loglevel": "warning",
            "proc_name": "thisplusthat",
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
            "post_worker_init": _prepare,
            "child_exit": _tidy,
            "pre_fork": _before_fork,
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
        serving = served_models_of_app(self.app.flask)
        try:
            log("info", "models reloaded", changed=serving.reload())
        except ModelError as error:
            log("error", "reload refused", reason=str(error))

    def stop(self, graceful: bool = True) -> None:
        for listener in self.LISTENERS:
            refuse_connections(listener.sock)
        super().stop(graceful)


class _Worker(Worker):  # type: ignore[misc]
    """A process: one loop for all of its connections, and a few threads for what may take long."""

    def run(self) -> None:
        settings: Settings = self.app.settings
        flask = self.app.flask
        host, port = self.app.address
        limits = Limits(settings.request_seconds, settings.keep_alive_seconds, settings.max_body_bytes)
        admission = Admission(settings, served_models_of_app(flask))
        direct = Direct(flask, settings)
        loop = Loop(
            [listener.sock for listener in self.sockets],
            lambda request: direct.answer(request) or answer_by(flask, request, host, port),
            admission.lane_of,
            admission.lanes,
            limits,
        )
        sys.setswitchinterval(_SWITCH_SECONDS)
        gc.set_threshold(*_COLLECTIONS)
        hold()
        loop.run(self._goes_on, self.notify, flush)

    def _goes_on(self) -> bool:
        return bool(self.alive) and os.getppid() == self.ppid


class _JsonLogger(Logger):  # type: ignore[misc]
    """gunicorn's own lines as JSON."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())


def _before_fork(arbiter: Any, worker: Any) -> None:
    """Give the new process a page of the counters, and keep its garbage collector from writing to, and thereby copying,
    memory that all share.
    """
    taken = {each.page for each in arbiter.WORKERS.values()}
    worker.page = next(page for page in range(1, len(taken) + 2) if page not in taken)
    gc.collect()
    gc.freeze()


def _prepare(worker: Any) -> None:
    """In each new process: counters of its own, one thread a request, memory that is given back, and a first answer."""
    from threadpoolctl import threadpool_limits

    metrics.turn_to(worker.page)
    threadpool_limits(limits=1)
    _give_memory_back()
    try:
        served_models_of_app(worker.app.flask).warm()
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
    """What a process that ended had in its cache is in no cache any more."""
    metrics.forget(worker.page)
