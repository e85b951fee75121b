"""A lane: clients take turns, and it says how much it has to do."""

import socket
import threading
from collections.abc import Callable

from service.server.connections import Connection, Request
from service.server.lanes import Lane


class Work:
    """So many requests wait in it until they are let go."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.done: list[str] = []
        self.begun, self.let_go, self.all_done = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, _connection: Connection, request: Request) -> None:
        self.begun.set()
        assert self.let_go.wait(30)
        self.done.append(request.address)
        if len(self.done) == self.number:
            self.all_done.set()


def put(lane: Lane, client: str, *, is_there: bool = True) -> Callable[[], None]:
    sock, other = socket.socketpair()
    connection = Connection(sock, client, 1000, 0.0)
    request = Request(client)
    connection.working = request if is_there else None
    lane.put(client, connection, request)
    return lambda: (sock.close(), other.close())[0]


def test_clients_take_turns_and_whoever_is_gone_is_passed_over() -> None:
    work = Work(3)
    lane = Lane(1, work)
    ends = [put(lane, "a")]
    assert work.begun.wait(30)
    ends += [put(lane, "a"), put(lane, "gone", is_there=False), put(lane, "b")]
    assert lane.at_work == 4
    work.let_go.set()
    assert work.all_done.wait(30)
    assert work.done == ["a", "a", "b"]
    lane.end()
    for end in ends:
        end()


def test_of_two_clients_the_one_that_sends_less_does_not_wait_for_all_of_the_other() -> None:
    work = Work(4)
    lane = Lane(1, work)
    ends = [put(lane, "much")]
    assert work.begun.wait(30)
    ends += [put(lane, "much"), put(lane, "little"), put(lane, "much")]
    work.let_go.set()
    assert work.all_done.wait(30)
    lane.end()
    assert work.done == ["much", "much", "little", "much"]
    for end in ends:
        end()
