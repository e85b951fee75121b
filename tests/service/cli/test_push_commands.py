"""``push``, and commands that ask a model in Milvus."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from embeddings import ModelError
from embeddings.models.model import Model
from service.cli.command import cli


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, [*arguments], catch_exceptions=False)


def test_a_model_is_pushed_and_asked_from_the_command_line(milvus: Any, tiny_model: Model) -> None:
    address = milvus.address("by_command")
    pushed = run("push", str(tiny_model.folder), address)
    assert pushed.stdout.startswith(f"tiny is at {address}: 12 words (23 entities inserted) in ")
    assert "recall@10 1.0000 with 1 of 1 cells" in pushed.stdout
    asked = ["query", "king - man + woman", "-k", "3", "--json", "--model"]
    local, remote = (json.loads(run(*asked, model).stdout) for model in (str(tiny_model.folder), address))
    assert remote["results"] == local["results"]
    with pytest.raises(ModelError, match="is in Milvus, and this needs the folder of a model"):
        run("export", address, "tiny.txt")


def test_a_file_of_milvus_lite_is_asked_but_not_served(tiny_model: Model, tmp_path: Path) -> None:
    address = f"milvus://{tmp_path}/lite.db/tiny"
    script = "import sys\nfrom service.cli import main\nfor part in sys.argv[1:]:\n    main(part.split('|'))\n"
    for arguments, said in (
        (["push", str(tiny_model.folder), address], "12 words"),
        (["query", "king - man + woman", "--model", address], "1  queen"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", script, "|".join(arguments)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said in done.stdout, done.stderr
    with pytest.raises(Exception, match="is a file of milvus-lite, which one process can open"):
        run("serve", "--model", address)


def request(port: int, path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def wait(until: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def is_ready(port: int) -> bool:
    try:
        return request(port, "/readyz")[0] == 200
    except OSError:
        return False


def test_a_service_says_that_milvus_is_away_and_goes_on_when_it_is_back(
    milvus: Any, tiny_in_milvus: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path / "log"
    command = [sys.executable, "-m", "service.cli", "serve", "--model", tiny_in_milvus, "--port", str(port)]
    environment = {**os.environ, "THISPLUSTHAT_CACHE_ANSWERS": "0"}
    with log.open("wb") as errors:
        process = subprocess.Popen([*command, "--workers", "2"], stderr=errors, env=environment)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        wait(lambda: process.poll() is not None or is_ready(port), "the service does not start")
        query = "/api/v1/query?q=king+-+man+%2B+woman&k=1"
        status, answer = request(port, query)
        assert (status, answer["results"][0]["word"]) == (200, "queen")
        milvus.kill()
        try:
            for _ in range(6):
                status, problem = request(port, query)
                assert (status, problem["title"]) == (503, "The model cannot answer just now")
                assert "does not answer" in problem["detail"]
            before = set(children.read_text().split())
            os.kill(int(min(before)), signal.SIGKILL)  # a process that starts now finds no Milvus
            wait(lambda: len(set(children.read_text().split()) - before) == 1, "no new process")
            assert request(port, "/healthz")[0] == 200
        finally:
            milvus.start()
        wait(lambda: all(request(port, query)[0] == 200 for _ in range(6)), log.read_text())
        assert all(is_ready(port) for _ in range(6))
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(30)
