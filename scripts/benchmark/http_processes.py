"""Servers and load as processes of their own: started, watched and ended by the benchmark and the endurance test."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
Request = tuple[str, str, str | None]
"""Method, path and body."""


class Server:
    """A gunicorn server with its workers."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.url = f"http://{HOST}:{port}"

    def get(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=30) as response:
            return bytes(response.read())

    def workers(self) -> list[int]:
        """The process ids of the workers that are there now."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def memory(self) -> dict[int, dict[str, float]]:
        """Megabytes of each worker: private, anonymous, proportional, resident."""
        return {pid: found for pid in self.workers() if (found := memory_of(pid)) is not None}


def memory_of(pid: int) -> dict[str, float] | None:
    """Megabytes of a process; None if it is gone. Anonymous is what belongs to no file: where a leak shows."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return None
    kb = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    private = kb["Private_Clean"] + kb["Private_Dirty"]
    return {
        "private_mb": round(private / 1024, 1),
        "anonymous_mb": round(kb["Anonymous"] / 1024, 1),
        "proportional_mb": round(kb["Pss"] / 1024, 1),
        "resident_mb": round(kb["Rss"] / 1024, 1),
    }


def free_port() -> int:
    with socket.create_server((HOST, 0)) as free:
        return int(free.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    """Look again until ``condition`` is true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come about within {seconds:g} seconds")
        time.sleep(0.02)


@contextmanager
def running(
    command: Sequence[str | Path], port: int, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The server that ``command`` starts, from when it answers at the path ``ready``; it is ended in the end."""
    variables = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}", **(environment or {})}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=out, env=variables)
        server = Server(process, port, log)

        def answers() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
            try:
                server.get(ready)
            except (URLError, ConnectionError, TimeoutError):
                return False
            return True

        try:
            wait_for(answers, f"an answer of {command[0]}")
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                for pid in [*server.workers(), process.pid]:
                    os.kill(pid, signal.SIGKILL)
                process.wait()


def thisplusthat(port: int, model: str, workers: int, threads: int) -> list[str]:
    """The command of the service itself."""
    options = {"host": HOST, "port": port, "model": model, "workers": workers, "threads": threads}
    given = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "service.cli", "serve", *given]


@contextmanager
def loading(
    server: Server, requests: Sequence[Request], connections: int, seconds: float, *options: str
) -> Iterator[Callable[[], dict[str, Any]]]:
    """Load by http_load.py; what is yielded waits for its end and gives its figures."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps(request) + "\n" for request in requests)
        file.flush()
        command = [
            sys.executable,
            ROOT / "scripts" / "benchmark" / "http_load.py",
            HOST,
            str(server.port),
            file.name,
            *options,
        ]
        command += ["--connections", str(connections), "--seconds", str(seconds)]
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE) as process:

            def result() -> dict[str, Any]:
                out, _ = process.communicate(timeout=seconds + 120)
                found: dict[str, Any] = json.loads(out)
                return found

            try:
                yield result
            finally:
                process.kill()


def load(
    server: Server, requests: Sequence[Request], connections: int, seconds: float, *options: str
) -> dict[str, Any]:
    """The figures of a load from its beginning to its end."""
    with loading(server, requests, connections, seconds, *options) as result:
        return result()
