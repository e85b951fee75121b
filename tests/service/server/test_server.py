"""The real server on a free port: processes, signals, slow and broken clients; short forms of scripts/endurance.py."""

import http.client
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from embeddings.models.model import Card, Model
from embeddings.models.writer import save_model
from service.server.server import refuse_connections

TOKEN = "a-token-for-the-tests"


@dataclass
class Server:
    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path
    log: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def workers(self) -> set[int]:
        pid = self.process.pid
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}

    def send(self, content: bytes) -> bytes:
        """All that comes for raw bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(content)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received


def wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def answers(server: Server, path: str) -> bool:
    try:
        return server.ask(path)[0] == 200
    except OSError:
        return False


@pytest.fixture(params=["--request-seconds=3"])
def server(tiny_model: Model, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    folder = Path(shutil.copytree(tiny_model.folder, tmp_path / "tiny"))
    with serving(folder, tmp_path / "log", "--admin-token", TOKEN, request.param) as started:
        yield started


@contextmanager
def serving(folder: Path, log: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service.cli", "serve", "--model", str(folder), "--port", str(port)]
    with log.open("wb") as errors:
        process = subprocess.Popen([*command, *options], stderr=errors, env={**os.environ, **(environment or {})})
        started = Server(process, port, folder, log)
        try:
            wait(lambda: process.poll() is not None or answers(started, "/readyz"), "the server does not start")
            assert process.poll() is None, log.read_text()
            yield started
        finally:
            process.terminate()
            process.wait(30)


class Load:
    """Requests without a pause on kept connections; what fails is kept. A closed idle connection is opened again."""

    def __init__(self, server: Server, connections: int = 6) -> None:
        self.server, self.failures, self.done, self.ended = server, [], 0, False
        self.threads = [threading.Thread(target=self._run) for _ in range(connections)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        wait(lambda: self.done > 50, "no load")
        return self

    def __exit__(self, *_: object) -> None:
        self.ended = True
        for thread in self.threads:
            thread.join()

    def more(self, number: int = 100) -> None:
        reached = self.done + number
        wait(lambda: self.done >= reached or bool(self.failures), "the load stands still")

    def _run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while not self.ended:
            try:
                connection.request("GET", "/api/v1/query?q=king%20-%20man%20%2B%20woman")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200 or b'"results"' not in body:
                    self.failures.append(f"{response.status} {body!r}")
                self.done += 1
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if self.server.process.poll() is not None or isinstance(error, ConnectionRefusedError):
                    return
                self.failures.append(repr(error))
        connection.close()


def test_reloads_under_load_fail_no_request_and_a_damaged_model_is_refused(server: Server) -> None:
    status, body = server.ask("/admin/reload", "POST", Authorization="Bearer wrong")
    assert status == 403
    with Load(server) as load:
        shutil.rmtree(server.folder)
        words = ["king", "man", "woman", "new"]
        save_model(server.folder, words, np.eye(4, dtype=np.float32) + 0.1, Card("tiny"))
        status, body = server.ask("/admin/reload", "POST", Authorization=f"Bearer {TOKEN}")
        assert (status, json.loads(body)["changed"]) == (200, ["tiny"])
        for _ in range(10):  # in every process, from now on
            assert server.ask("/api/v1/query?q=new")[0] == 200
        beside = server.folder / "damaged"
        beside.write_bytes((server.folder / "norms.npy").read_bytes()[:-1] + b"x")
        beside.replace(server.folder / "norms.npy")
        status, body = server.ask("/admin/reload", "POST", Authorization=f"Bearer {TOKEN}")
        assert status == 409
        assert "norms.npy is damaged" in json.loads(body)["detail"]
        os.kill(server.process.pid, signal.SIGHUP)
        wait(lambda: server.log.read_text().count("reload refused") == 2, "SIGHUP does nothing")
        load.more()
    assert not load.failures


def test_a_process_that_is_killed_is_replaced_while_the_other_answers(server: Server) -> None:
    wait(lambda: len(server.workers()) == 2, "there are not two processes")
    victim = min(server.workers())
    os.kill(victim, signal.SIGKILL)
    wait(lambda: len(server.workers() - {victim}) == 2, "the process is not replaced")
    for _ in range(10):
        assert answers(server, "/api/v1/query?q=king")
    assert b'thisplusthat_requests_total{method="GET",route="/api/v1/query",status="200"}' in server.ask("/metrics")[1]


def test_an_answer_leaves_in_one_piece_so_that_a_proxy_gets_all_of_it_or_nothing(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for path in (b"/api/v1/query?q=king", b"/problem", b"/healthz"):
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            head, _, body = connection.recv(1 << 20).partition(b"\r\n\r\n")
            [length] = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            assert len(body) == int(length.split()[1])
        connection.sendall(b"GET /static/vendor/d3-map.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        script = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")[2]
    assert script == (Path(__file__).parents[3] / "service/page/static/vendor/d3-map.js").read_bytes()


def test_at_the_end_whoever_has_connected_is_accepted_and_nobody_connects_who_would_be_cut_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as early:
            refuse_connections(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.2)
            early.sendall(b"here")
            with listener.accept()[0] as accepted:
                assert accepted.recv(4) == b"here"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=30)


def test_no_request_under_way_is_cut_off_by_sigterm(server: Server) -> None:
    with Load(server) as load:
        server.process.terminate()
        server.process.wait(30)
    assert server.process.returncode == 0
    assert not load.failures, "whoever was connected is answered; whoever comes later is refused"


def test_slow_and_broken_clients_end_and_others_are_answered(server: Server) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(40)]
    for connection in slow:
        connection.sendall(
            b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"
        )
    for _ in range(5):
        assert answers(server, "/api/v1/query?q=king")
    for connection in slow:
        received = b"".join(iter(lambda: connection.recv(65536), b""))  # noqa: B023  # until the server ends it
        assert received.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        connection.close()
    for content, status in (
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: what\r\n\r\n", b"400"),
    ):
        received = server.send(content)
        assert received.startswith(b"HTTP/1.1 " + status), received
        assert b"application/problem+json" in received
    huge = server.send(
        b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99999999999\r\n\r\n"
    )
    assert huge.startswith(b"HTTP/1.1 413")
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    chunked = server.send(
        b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 9 + b"0\r\n\r\n"
    )
    assert chunked.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("server", ["--drain-seconds=30"], indirect=True)  # all as it is by default
def test_two_hundred_slow_readers_and_writers_hold_nobody_up(server: Server) -> None:
    def seconds(number: int) -> float:
        started = time.monotonic()
        for _ in range(number):
            assert server.ask("/api/v1/query?q=king%20-%20man%20%2B%20woman")[0] == 200
        return time.monotonic() - started

    alone = seconds(50)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(200)]
    body = json.dumps({"queries": ["king - man + woman"] * 1000}).encode()
    whole = b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    for number, connection in enumerate(slow):
        if number % 10 == 0:  # asks for much, and never reads
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(whole % len(body) + body)
        else:
            connection.sendall(b"GET /api/v1/que" if number % 2 else whole % 5000)
    for place in range(3):
        for number, connection in enumerate(slow):
            if number % 10:
                connection.sendall(b"ry?"[place : place + 1] if number % 2 else b" ")
        assert seconds(50) < 5 * alone + 2
    for connection in slow:
        connection.close()


@pytest.fixture
def big_model(tmp_path: Path) -> Path:
    """Large enough for the costliest requests to take seconds."""
    rng = np.random.default_rng(1)
    words = [f"w{number}" for number in range(20_000)]
    save_model(tmp_path / "big", words, rng.standard_normal((20_000, 50), np.float32), Card("big"))
    return tmp_path / "big"


def test_who_asks_for_much_does_not_keep_others_from_their_answers(big_model: Path, tmp_path: Path) -> None:
    mixed = [" - ".join(f"w{number + place}" for place in range(64)) for number in range(50)]
    few = quote(" - ".join(f"w{place}" for place in range(16)))
    costly = [
        ("POST", "/api/v1/query", json.dumps({"queries": mixed, "k": 1000})),
        ("GET", f"/api/v1/query?k=1000&method=3cosmul&exact=true&q={few}", None),
        ("GET", f"/search/{quote(mixed[0])}?k=1000", None),
        ("GET", f"/picture.svg?k=1000&q={quote(mixed[0])}", None),
    ]  # fmt: skip
    with serving(big_model, tmp_path / "log", "--cache-answers=0") as server:

        def times(number: int) -> list[float]:
            """The seconds that ordinary queries take, sorted."""
            taken = []
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for place in range(number):
                started = time.monotonic()
                connection.request("GET", f"/api/v1/query?q=w{place}%20-%20w7%20%2B%20w{place + 30}")
                assert connection.getresponse().read().startswith(b'{"query"')
                taken.append(time.monotonic() - started)
            connection.close()
            return sorted(taken)

        def ask_for_much(first: int) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
            for place in itertools.count(first):
                method, path, body = costly[place % len(costly)]
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                assert connection.getresponse().read()
                under_way.set()
                if ended.is_set():
                    break
            connection.close()

        under_way, ended = threading.Event(), threading.Event()
        ended.set()
        started = time.monotonic()
        ask_for_much(0)
        batch = time.monotonic() - started
        under_way.clear()
        ended.clear()
        alone = times(200)[-2]
        threads = [threading.Thread(target=ask_for_much, args=(first,)) for first in range(8)]
        for thread in threads:
            thread.start()
        assert under_way.wait(60)
        try:
            meanwhile = times(200)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        # Who waits in one line with batches waits for longer. The goal for the 99th percentile is the benchmark's.
        assert meanwhile[100] < 10 * max(alone, times(200)[-2])
        assert meanwhile[-2] < batch


def test_nothing_is_left_in_the_temporary_folder_by_a_server_that_is_killed_or_does_not_start(
    tiny_model: Model, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    with serving(tiny_model.folder, tmp_path / "log", environment=environment) as server:
        workers = server.workers()
        command = [sys.executable, "-m", "service.cli", "serve", "--model", str(tiny_model.folder)]
        for options in (["--port", str(server.port)], ["--port", "0", "--api-keys", str(tmp_path / "nowhere")]):
            done = subprocess.run(
                [*command, *options], check=False, capture_output=True, env={**os.environ, **environment}
            )
            assert done.returncode == 1
        server.process.kill()
        server.process.wait(30)
        wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers go on")
    assert list(temporary.iterdir()) == []


def test_a_port_that_is_taken_and_a_model_that_is_not_there_are_said_before_anything_starts(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, said in (
            (["--port", port], f"Nothing can listen at 127.0.0.1 port {port}: Address already in use."),
            (["--port", "0", "--model", "nowhere"], "There is no model 'nowhere'"),
        ):
            command = [sys.executable, "-m", "service.cli", "serve", *arguments]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            assert done.returncode == 1
            assert said in done.stderr
            assert "Traceback" not in done.stderr
