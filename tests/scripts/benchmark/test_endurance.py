"""The load generator counts what happens, and the endurance test runs against the real server, short."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from embeddings.models.model import Model

ROOT = Path(__file__).parents[3]
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REPLIES = [WHOLE, b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", WHOLE[:20], b"", WHOLE]


@pytest.fixture
def port() -> Iterator[int]:
    """A server that gives the next of `REPLIES` to each request, and after a broken one closes the connection."""
    replies = iter(REPLIES)

    def serve() -> None:
        for reply in replies:
            connection, _ = listening.accept()
            with connection:
                while connection.recv(65536):
                    connection.sendall(reply)
                    if reply != WHOLE:
                        break
                    reply = next(replies, b"")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join(timeout=20)


def run(*arguments: object) -> str:
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_answered_cut_off_and_closed_is_told_apart(port: int, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text('["GET", "/", null]\n' * len(REPLIES))
    found = json.loads(
        run("scripts/benchmark/http_load.py", "127.0.0.1", port, requests, "--connections", 1, "--seconds", 20)
    )
    assert found["statuses"] == {"200": 2, "404": 1}
    assert found["requests"] == 3
    assert found["cut off"] == 2  # one after half an answer, one on a new connection without any
    assert (found["closed before"], found["refused"], found["too late"]) == (0, 0, 0)


def test_mixed_load_has_an_answer_to_everything(tiny_model: Model, tmp_path: Path) -> None:
    output = tmp_path / "endurance.json"
    options = [
        "--model",
        tiny_model.folder,
        "--only",
        "mixed",
        "--minutes",
        0.05,
        "--connections",
        4,
        "--output",
        output,
    ]
    subprocess.run(
        [sys.executable, "-m", "scripts.benchmark.endurance", *map(str, options)], cwd=ROOT, check=False, timeout=200
    )
    found = json.loads(output.read_text())["mixed"]
    assert found["failed"] == 0
    assert found["requests"] > 0
    assert set(found["statuses"]) <= {"200", "400", "404"}
    assert found["anonymous_mb_last"] > 0
