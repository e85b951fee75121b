"""Bytes → requests, answers → bytes: pieces of any size, limits, what is no HTTP."""

import json
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.server.connections import Connection, RefusedRequest, Reply, Request, lines

POST = b"POST /api?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-A: one\r\n\r\nhello"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
GET = b"GET /b HTTP/1.0\r\n\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, Connection]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield theirs, Connection(ours, "1.2.3.4", 100, 0)


@given(st.lists(st.integers(1, 40), min_size=1))
def test_requests_are_the_same_however_their_bytes_are_cut(sizes: list[int]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection, content, number = Connection(ours, "", 100, 0), POST + CHUNKED + POST + GET, 0
        while content:
            size = sizes[number % len(sizes)]
            connection.feed(content[:size])
            content, number = content[size:], number + 1
    found = [(request.method, request.target, request.body, request.keeps_alive) for request in connection.requests]
    post = ("POST", b"/api?q=1", b"hello", True)
    assert found == [post, ("POST", b"/", b"abcde", True), post, ("GET", b"/b", b"", False)]
    assert connection.requests[0].header(b"x-a") == b"one"
    assert not connection.is_reading


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 65 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: what\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc", 400),
    ],
)
def test_what_cannot_be_read_or_is_too_long_is_refused(
    content: bytes, status: int, pair: tuple[socket.socket, Connection]
) -> None:
    with pytest.raises(RefusedRequest) as refused:
        pair[1].feed(content)
    assert refused.value.status == status
    client, connection = pair
    connection.refuse(refused.value)
    assert connection.send()
    problem = json.loads(client.recv(1000).split(b"\r\n\r\n", 1)[1])
    assert problem.keys() == {"type", "title", "status", "detail", "instance"}, "as the document says"
    assert problem["instance"] == refused.value.request_id


def test_a_header_that_never_ends_is_refused_before_it_fills_memory(pair: tuple[socket.socket, Connection]) -> None:
    pair[1].feed(b"GET / HTTP/1.1\r\nX: ")
    with pytest.raises(RefusedRequest):
        for _ in range(100):
            pair[1].feed(b"a" * 1000)


def test_a_body_that_is_too_long_is_handed_on_cut_and_nothing_after_it_is_a_request(
    pair: tuple[socket.socket, Connection],
) -> None:
    connection = pair[1]
    connection.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"40\r\n" + b" " * 64 + b"\r\n")
    assert not connection.requests
    connection.feed(b"40\r\n" + b" " * 64 + b"\r\n0\r\n\r\n" + GET)
    [request] = connection.requests
    assert (request.is_cut, len(request.body), connection.lingers) == (True, 128, True)


def test_an_offer_of_http_2_is_declined(pair: tuple[socket.socket, Connection]) -> None:
    pair[1].feed(b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
    [request] = pair[1].requests
    assert (request.target, request.keeps_alive) == (b"/a", False)


def test_an_answer_is_one_piece_with_its_length_and_none_of_its_body_for_head(
    pair: tuple[socket.socket, Connection],
) -> None:
    client, connection = pair
    connection.working = Request("", "HEAD")
    connection.write(Reply(200, b"A: b\r\n", b"", 7), closes=False)
    connection.working = Request("", "GET")
    connection.write(Reply(200, b"", b"whole"), closes=True)
    assert connection.send()
    head, whole = client.recv(1000).split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200 OK\r\nA: b\r\nDate: ")
    assert head.endswith(b"\r\nContent-Length: 7")
    assert whole.endswith(b"\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole")


def test_no_header_makes_two_lines() -> None:
    assert lines([("A", "b"), ("C", "é")]) == "A: b\r\nC: é\r\n".encode("latin-1")
    with pytest.raises(ValueError):
        lines([("A", "b\r\nSet-Cookie: x")])
