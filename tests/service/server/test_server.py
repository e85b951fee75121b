"""The real server on a free port: processes, signals, slow and broken clients; short forms of scripts/endurance.py."""

import http.client
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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from embeddings.models.model import Card, Model
from embeddings.models.writer import save_model

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
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log"
    command = [sys.executable, "-m", "service.cli", "serve", "--model", str(folder), "--port", str(port)]
    with log.open("wb") as errors:
        process = subprocess.Popen([*command, "--admin-token", TOKEN, request.param], stderr=errors)
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
