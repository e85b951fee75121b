"""Threads for requests that may take long, and the order in which these come to them."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from service.server.connections import Connection, Request


class Lane:
    """Requests of one kind that wait for its threads; clients take turns, whoever sends how many.

    The threads are as nice as any: one that stood back would be put off while it holds the interpreter, and with it
    everybody who asks for little.
    """

    def __init__(self, threads: int, work: Callable[[Connection, Request], None]) -> None:
        self._waiting: OrderedDict[str, deque[tuple[Connection, Request]]] = OrderedDict()
        self._there = threading.Condition()
        self._work = work
        self._ended = False
        self.at_work = 0
        """Requests that wait or are being answered."""
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def put(self, client: str, connection: Connection, request: Request) -> None:
        with self._there:
            self._waiting.setdefault(client, deque()).append((connection, request))
            self.at_work += 1
            self._there.notify()

    def end(self) -> None:
        with self._there:
            self._ended = True
            self._there.notify_all()

    def _run(self) -> None:
        while True:
            with self._there:
                self._there.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                client, queue = self._waiting.popitem(last=False)
                connection, request = queue.popleft()
                if queue:
                    self._waiting[client] = queue  # behind the others
            if connection.working is request:  # else its client is gone, or its time is over
                self._work(connection, request)
            with self._there:
                self.at_work -= 1
