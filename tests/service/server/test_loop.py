"""One loop and its connections: order, turns, time limits, clients that go away, the end."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from service.host import metrics
from service.server.connections import Reply, Request
from service.server.loop import Limits, Loop

GET = b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """A loop in a thread. ``/slow`` waits in a lane until it is let go; all else is answered at once."""

    def __init__(self, limits: Limits, listener: socket.socket | None = None) -> None:
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.idle = threading.Event()
        self.alive, self.answered = True, []
        self.loop = Loop([self.listener], self._answer, self._lane, {"lane": 1}, limits)
        self.thread = threading.Thread(
            target=self.loop.run, args=(lambda: self.alive, lambda: None, self.idle.set), daemon=True
        )
        self.thread.start()

    def _lane(self, request: Request) -> tuple[str, str] | None:
        return ("lane", request.header(b"x-client").decode()) if request.target.startswith(b"/slow") else None

    def _answer(self, request: Request) -> Reply:
        if request.target.startswith(b"/slow"):
            self.begun.set()
            assert self.let_go.wait(30)
        if request.target == b"/defect":
            raise RuntimeError
        self.answered.append(request.target)
        return Reply(200, b"", request.target * (1 << 20 if request.target == b"/long" else 1))

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=30)


@contextmanager
def served(listener: socket.socket | None = None, **limits: float) -> Iterator[Served]:
    all_limits = {"request_seconds": 30, "keep_alive_seconds": 30, "max_body_bytes": 1000} | limits
    found = Served(Limits(**all_limits), listener)
    try:
        yield found
    finally:
        found.alive = False
        found.let_go.set()
        found.thread.join(30)
        assert not found.thread.is_alive()


def read(connection: socket.socket, until: bytes) -> bytes:
    received = b""
    while not received.endswith(until):
        part = connection.recv(1 << 16)
        assert part, received
        received += part
    return received


def rest(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def test_requests_sent_together_are_answered_in_their_order_those_that_wait_included() -> None:
    with served() as server, server.connect() as connection:
        connection.sendall(GET % b"a" + GET % b"slow" + GET % b"b")
        read(connection, b"/a")
        server.let_go.set()
        assert read(connection, b"/b").count(b"200 OK") == 2
        assert server.answered == [b"/a", b"/slow", b"/b"]


def test_loops_of_one_address_take_turns_to_accept() -> None:
    with served() as one, served(one.listener.dup()) as other:
        for _ in range(6):
            with one.connect() as connection:
                connection.sendall(GET % b"a")
                read(connection, b"/a")
            for each in (one, other):
                each.idle.clear()
                assert each.idle.wait(30)  # by then it waits, and would be woken first
        assert min(len(one.answered), len(other.answered)) >= 2


def test_others_are_answered_while_some_wait_and_clients_take_turns() -> None:
    with served() as server, server.connect() as quick:
        waiting = []
        for number, client in enumerate((b"one", b"one", b"one", b"two")):
            connection = server.connect()
            connection.sendall(b"GET /slow%d HTTP/1.1\r\nHost: x\r\nX-Client: %s\r\n\r\n" % (number, client))
            waiting.append(connection)
            assert server.begun.wait(30)
            quick.sendall(GET % b"quick")
            read(quick, b"/quick")
        while sum(map(len, server.loop._lanes["lane"]._waiting.values())) < 3:
            quick.sendall(GET % b"quick")
            read(quick, b"/quick")
        server.let_go.set()
        for number, connection in enumerate(waiting):
            read(connection, b"/slow%d" % number)
            connection.close()
        slow = [target for target in server.answered if target != b"/quick"]
        assert slow == [b"/slow0", b"/slow1", b"/slow3", b"/slow2"]


def test_a_defect_is_a_500_and_the_connection_goes_on() -> None:
    with served() as server, server.connect() as connection:
        connection.sendall(GET % b"defect" + GET % b"a")
        assert read(connection, b"/a").startswith(b"HTTP/1.1 500 ")


def test_a_request_that_does_not_come_whole_is_ended_and_an_idle_connection_closed() -> None:
    limited = served(request_seconds=0.3, keep_alive_seconds=0.3)
    with limited as server, server.connect() as trickling, server.connect() as idle:
        trickling.sendall(b"GET / HT")
        idle.sendall(GET % b"a")
        assert rest(trickling).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert rest(idle).endswith(b"/a")


def test_a_request_that_waits_too_long_is_told_so_and_is_in_the_log_and_the_figures(
    capfd: pytest.CaptureFixture[str],
) -> None:
    metrics.share(1)
    with served(request_seconds=0.3) as server, server.connect() as first, server.connect() as second:
        first.sendall(GET % b"slow")
        second.sendall(GET % b"slow?q=secret")
        assert rest(second).startswith(b"HTTP/1.1 503 ")
        assert rest(first).startswith(b"HTTP/1.1 503 ")
        server.let_go.set()
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["status"], line["path"], line["level"]) for line in lines] == [(503, "/slow", "warning")] * 2
    figures = metrics.exposition(()).decode().splitlines()
    assert 'thisplusthat_requests_total{method="GET",route="none",status="503"} 2.0' in figures
    assert 'thisplusthat_errors_total{type="service-unavailable"} 2.0' in figures


def test_a_client_that_does_not_read_holds_nobody_up_and_is_cut_off() -> None:
    with served(request_seconds=1) as server, server.connect() as lazy, server.connect() as quick:
        lazy.sendall((GET % b"long") * 8)
        for _ in range(20):
            quick.sendall(GET % b"a")
            read(quick, b"/a")
        with pytest.raises(AssertionError):
            while True:
                read(lazy, b"never")


def test_a_client_that_does_not_read_has_no_more_answered_than_it_may_leave_unread() -> None:
    with served() as server, server.connect() as lazy, server.connect() as quick:
        lazy.sendall((GET % b"long") * 8)
        for _ in range(20):
            quick.sendall(GET % b"a")
            read(quick, b"/a")
        assert server.answered.count(b"/long") < 3
        received = 0
        while received < 8 * len("/long") << 20:
            received += len(lazy.recv(1 << 16))
        assert server.answered.count(b"/long") == 8


def test_answers_that_nobody_reads_are_held_within_bounds() -> None:
    with served(unread_bytes=1 << 18) as server, server.connect() as quick:
        lazy = [server.connect() for _ in range(6)]
        for connection in lazy:
            connection.sendall(GET % b"long")
        while server.answered.count(b"/long") < len(lazy):
            quick.sendall(GET % b"a")
            read(quick, b"/a")
        for _ in lazy:  # and a turn later
            quick.sendall(GET % b"a")
            read(quick, b"/a")
        assert len(server.loop._connections) == 1, "none of the others could send all, and all are cut off"
        for connection in lazy:
            connection.close()


def test_a_client_that_has_said_all_gets_its_answer_and_one_that_is_gone_none() -> None:
    with served() as server, server.connect() as done:
        gone = server.connect()
        gone.sendall(GET % b"slow0")
        done.sendall(GET % b"slow1")
        done.shutdown(socket.SHUT_WR)
        gone.close()
        server.let_go.set()
        assert rest(done).endswith(b"/slow1")


def test_more_connections_than_may_be_end_the_one_idle_for_longest() -> None:
    with served(connections=2) as server:
        held = []
        for _ in range(4):
            connection = server.connect()
            connection.sendall(GET % b"a")
            read(connection, b"/a")
            held.append(connection)
        assert rest(held[0]) == b""
        assert rest(held[1]) == b""
        for connection in held:
            connection.close()


def test_at_the_end_whoever_has_asked_is_answered() -> None:
    with served() as server, server.connect() as waits, server.connect() as asks:
        waits.sendall(GET % b"slow")
        asks.sendall(GET % b"a")
        read(asks, b"/a")
        server.alive = False
        asks.sendall(GET % b"b")
        assert rest(asks).endswith(b"/b")
        server.let_go.set()
        assert b"Connection: close" in rest(waits)


def test_a_loop_at_work_takes_connections_that_no_other_takes() -> None:
    with served() as server, server.connect() as slow:
        slow.sendall(GET % b"slow")
        assert server.begun.wait(30)
        with server.connect() as first, server.connect() as second:
            for connection in (first, second):
                connection.sendall(GET % b"a")
            for connection in (first, second):
                read(connection, b"/a")
        assert server.answered == [b"/a", b"/a"]
