"""One thread that holds all connections of a process. It reads requests, has them answered and sends the replies, and
never waits for a client.

What takes a moment is answered at once; what may take longer goes to a thread of its lane (`service.server.admission`),
where clients take turns. So a client that trickles holds a connection and no more, and one that asks for much waits for
itself.
"""

import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from service.host import Record, log, log_exception
from service.server.connections import Connection, RefusedRequest, Reply, Request
from service.server.lanes import Lane

_AT_ONCE = 1 << 16
_STOPPING_SECONDS = 2.0
"""Time for a client that is connected, but has not asked, when the service stops."""
_LINGERING_SECONDS = 5.0
"""Time for a client that is refused to stop sending: closing sooner could destroy the answer before it is read."""
_TICK = 0.25
_PAUSE, _PAUSE_AT_WORK = 0.001, 0.004
"""How long a process leaves new connections to others: after it took one, and while its lanes are at work."""
_BODIES = 16
"""Longest bodies that a process holds together."""
_UNREAD = 1 << 16
"""Bytes of its answers that a client may leave unread and have its next request answered."""
_READ, _WRITE = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT
_ACCEPT = select.EPOLLIN | select.EPOLLEXCLUSIVE


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may take."""

    request_seconds: float
    keep_alive_seconds: float
    max_body_bytes: int
    connections: int = 4000
    unread_bytes: int = 1 << 28
    """Of all answers that clients are slow to read."""


class Loop:
    """All connections of one process."""

    def __init__(
        self,
        listeners: list[socket.socket],
        answer: Callable[[Request], Reply],
        lane_of: Callable[[Request], tuple[str, str] | None],
        lanes: Mapping[str, int],
        limits: Limits,
    ) -> None:
        """``lane_of`` names the lane and the client of a request, or None if it is to be answered at once.

        ``lanes`` has the number of threads of each.
        """
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._answer, self._lane_of, self._limits = answer, lane_of, limits
        self._lanes = {name: Lane(threads, self._work) for name, threads in lanes.items()}
        self._connections: dict[int, Connection] = {}
        self._poll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._done: deque[tuple[Connection, Request, Reply]] = deque()
        self._again: dict[Connection, None] = {}
        """Those that have sent several requests at once: one of them is answered in each turn."""
        self._listens = False
        self._left_at = 0.0
        """When new connections were left to other processes."""
        self._stopping = False

    def run(self, is_alive: Callable[[], bool], on_tick: Callable[[], None], on_idle: Callable[[], None]) -> None:
        """Until ``is_alive`` is false and all requests that were sent have their answers."""
        self._poll.register(self._bell, select.EPOLLIN)
        for listener in self._listeners.values():
            listener.setblocking(False)
        self._listen()
        next_tick = 0.0
        while not self._stopping or self._connections:
            listened = self._listens
            events = self._poll.poll(0)
            if not events and not self._again:
                on_idle()
                pause = _PAUSE_AT_WORK if self._is_at_work else _PAUSE
                events = self._poll.poll(_TICK if listened or self._stopping else pause)
            again, self._again = self._again, {}
            for connection in again:
                self._go_on(connection)
            for descriptor, event in events:
                self._handle(descriptor, event)
            now = time.monotonic()
            if not listened and (not self._is_at_work or now >= self._left_at + _PAUSE_AT_WORK):
                self._listen()
            if now >= next_tick:
                next_tick = now + _TICK
                on_tick()
                self._end_late(now)
                if not self._stopping and not is_alive():
                    self._stop()
        for lane in self._lanes.values():
            lane.end()
        on_idle()

    # ---- Connections

    def _handle(self, descriptor: int, event: int) -> None:
        if descriptor in self._listeners:
            self._accept_in_turn(self._listeners[descriptor])
        elif descriptor == self._bell:
            self._take_done()
        elif (connection := self._connections.get(descriptor)) is not None:
            self._attend(connection, event)

    def _listen(self) -> None:
        if not self._listens and not self._stopping:
            for descriptor in self._listeners:
                self._poll.register(descriptor, _ACCEPT)
            self._listens = True

    def _leave_to_others(self) -> None:
        """Take no connection for a moment, and then stand behind other processes: Linux wakes the first that waits, and
        that one would take all that come while another is still waking up.
        """
        if self._listens:
            for descriptor in self._listeners:
                self._poll.unregister(descriptor)
            self._listens, self._left_at = False, time.monotonic()

    @property
    def _is_at_work(self) -> bool:
        return any(lane.at_work for lane in self._lanes.values())

    def _accept_in_turn(self, listener: socket.socket) -> None:
        """Take one connection, or all that came while no process was idle."""
        taken = self._accept(listener)
        while taken and self._is_at_work and self._accept(listener):
            pass
        if taken:
            self._leave_to_others()

    def _accept(self, listener: socket.socket) -> bool:
        """Take one connection; others are left to other processes."""
        try:
            sock, address = listener.accept()
        except OSError:  # another process has it, or the client is gone, or there are too many files
            return False
        sock.setblocking(False)
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = address[0] if isinstance(address, tuple) else ""
        deadline = time.monotonic() + (_STOPPING_SECONDS if self._stopping else self._limits.request_seconds)
        connection = Connection(sock, client, self._limits.max_body_bytes, deadline)
        connection.watched = _READ
        self._connections[sock.fileno()] = connection
        self._poll.register(sock, _READ)
        if len(self._connections) > self._limits.connections:
            self._end_longest_idle()
        return True

    def _attend(self, connection: Connection, event: int) -> None:
        if event & _WRITE:
            self._send(connection)
        elif event & (select.EPOLLERR | select.EPOLLHUP) and not event & select.EPOLLIN:
            self._close(connection)
        elif event & _READ:
            self._receive(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end_of_client(connection)
        elif connection.closes or connection.lingers:
            return  # what is sent after a refusal is dropped
        else:
            self._read(connection, data)

    def _end_of_client(self, connection: Connection) -> None:
        """The client sends no more. It may still wait for the answer of what it sent."""
        if connection.working is None and not connection.requests and not connection.out:
            self._close(connection)
        else:
            connection.closes = True
            self._watch(connection, 0)

    def _read(self, connection: Connection, data: bytes) -> None:
        was_reading = connection.is_reading
        try:
            connection.feed(data)
        except RefusedRequest as refused:
            self._refuse(connection, refused)
        if connection.is_reading and not was_reading and not self._stopping:
            connection.deadline = time.monotonic() + self._limits.request_seconds
        if connection.held and self._held_too_much():
            detail = "Too many long bodies are being received. Try again later."
            self._refuse(connection, RefusedRequest(503, "Service Unavailable", detail))
        if connection.continues:
            connection.continues = False
            connection.put(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._go_on(connection)

    def _held_too_much(self) -> bool:
        return sum(each.held for each in self._connections.values()) > _BODIES * self._limits.max_body_bytes

    # ---- Requests

    def _go_on(self, connection: Connection) -> None:
        """Answer one request that is there, send what there is."""
        is_free = connection.working is None and not connection.gone and connection.unsent <= _UNREAD
        if is_free and connection.requests:
            request = connection.working = connection.requests.popleft()
            connection.deadline = request.began + self._limits.request_seconds
            chosen = self._lane_of(request)
            if chosen is None:
                self._finish(connection, self._reply_to(request))
            else:
                self._watch(connection, _READ if connection.lingers else select.EPOLLRDHUP)
                self._lanes[chosen[0]].put(chosen[1], connection, request)
                self._leave_to_others()
        self._send(connection)

    def _reply_to(self, request: Request) -> Reply:
        try:
            return self._answer(request)
        except Exception as error:  # noqa: BLE001  # whatever it is, one request fails, not the process
            log_exception("a request failed in the server", error)
            return Reply(
                500, b"Content-Type: application/problem+json\r\n", b'{"type":"/problems/defect","status":500}'
            )

    def _finish(self, connection: Connection, reply: Reply) -> None:
        request = connection.working
        assert request is not None
        connection.write(reply, closes=self._stopping or not request.keeps_alive)
        connection.working = None

    def _work(self, connection: Connection, request: Request) -> None:
        """In a thread of a lane."""
        self._done.append((connection, request, self._reply_to(request)))
        with suppress(BlockingIOError):
            os.eventfd_write(self._bell, 1)

    def _take_done(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        while self._done:
            connection, request, reply = self._done.popleft()
            if connection.working is request:
                self._finish(connection, reply)
                self._send(connection)

    def _refuse(self, connection: Connection, refused: RefusedRequest) -> None:
        """Answer what the application does not answer, log it and count it."""
        request = connection.working or Request(connection.address, began=time.monotonic())
        path = request.target.partition(b"?")[0].decode("latin-1")
        said = {"status": refused.status, "reason": refused.detail, "request_id": refused.request_id}
        log("warning", "request refused", address=connection.address, **said, **({"path": path} if path else {}))
        started = time.perf_counter() - (time.monotonic() - request.began)
        record = Record(started, refused.request_id, request.method, path, connection.address)
        record.status, record.error = refused.status, refused.slug
        record.count()
        connection.refuse(refused)

    # ---- Sending and ending

    def _send(self, connection: Connection) -> None:
        if connection.gone:
            return
        try:
            done = connection.send()
        except OSError:
            self._close(connection)
            return
        if not done:
            self._watch(connection, _WRITE)
            self._end_slow_readers()
            if connection.unsent > _UNREAD:
                return
        if connection.requests and connection.working is None and not connection.closes:
            self._again[connection] = None
        elif done and connection.working is None and not connection.requests:
            if connection.closes:
                self._hang_up(connection)
                return
            self._watch(connection, _READ)
            if not connection.is_reading:
                seconds = _STOPPING_SECONDS if self._stopping else self._limits.keep_alive_seconds
                connection.deadline = time.monotonic() + seconds

    def _hang_up(self, connection: Connection) -> None:
        """Close after the last answer: at once, or when a client that is still sending has had time to read it."""
        if not connection.lingers:
            self._close(connection)
            return
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_WR)
        connection.deadline = time.monotonic() + _LINGERING_SECONDS
        self._watch(connection, select.EPOLLIN)

    def _watch(self, connection: Connection, events: int) -> None:
        if not connection.gone and connection.watched != events:
            connection.watched = events
            self._poll.modify(connection.sock, events)

    def _close(self, connection: Connection) -> None:
        if connection.gone:
            return
        connection.gone = True
        self._connections.pop(connection.sock.fileno(), None)
        with suppress(OSError):
            self._poll.unregister(connection.sock)
        connection.sock.close()

    def _end_late(self, now: float) -> None:
        """End connections whose time is over: one that has sent something gets an answer, an idle one none."""
        for connection in [each for each in self._connections.values() if each.deadline < now]:
            if connection.closes or connection.out:
                self._close(connection)
            elif connection.working is not None:
                detail = "The service is too busy to answer in time. Try again later."
                self._refuse(connection, RefusedRequest(503, "Service Unavailable", detail))
                connection.working = None
                self._send(connection)
            elif connection.is_reading:
                detail = "The request did not arrive completely in time."
                self._refuse(connection, RefusedRequest(408, "Request Timeout", detail))
                self._send(connection)
            else:
                self._close(connection)

    def _end_slow_readers(self) -> None:
        """Keep what waits to be read within bounds: end those that have had most time to read it."""
        waiting = sum(each.unsent for each in self._connections.values())
        if waiting > (most := self._limits.unread_bytes):
            slow = [each for each in self._connections.values() if each.unsent > _UNREAD]
            for connection in sorted(slow, key=lambda each: each.deadline):
                waiting -= connection.unsent
                log("warning", "an answer was not read in time", unsent=connection.unsent, address=connection.address)
                self._close(connection)
                if waiting <= most:
                    return

    def _end_longest_idle(self) -> None:
        """Make room for others: end the connection that has done nothing for longest."""
        idle = [each for each in self._connections.values() if each.working is None and not each.out]
        if idle:
            self._close(min(idle, key=lambda each: each.deadline))

    def _stop(self) -> None:
        """Take whoever has connected already, and answer whoever asks in the next moments, for the last time."""
        self._stopping = True
        self._leave_to_others()
        for listener in self._listeners.values():
            while self._accept(listener):
                pass
            listener.close()
        latest = time.monotonic() + _STOPPING_SECONDS
        for connection in self._connections.values():
            if connection.working is None and not connection.out and not connection.is_reading:
                connection.deadline = min(connection.deadline, latest)
