"""A cluster of Apache Spark's on this machine, a model trained on it, a query: ``make demo-spark``."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

HOST = "127.0.0.1"
NEWS = "test/test_data/lee_background.cor"
"""Three hundred short news articles that come with gensim: little text, for a model is not what takes the time."""
START_SECONDS = 120.0
QUICK_JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""Six Javas that live for a minute: compiling quickly, not well, makes that 96 seconds instead of 132."""
_REGISTERED = "Successfully registered with master"


@dataclass(frozen=True)
class StandaloneCluster:
    """A master and its workers, each a process of its own."""

    master: str
    workers: Sequence["subprocess.Popen[bytes]"]

    def kill_worker(self, number: int) -> None:
        """SIGKILL to a worker and to the executors that it has started."""
        os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()


@contextmanager
def standalone(folder: Path, workers: int = 2, memory: str = "1g") -> Iterator[StandaloneCluster]:
    """A standalone cluster on the loopback address whose workers have a processor each; it is stopped at the end."""
    port = _free_port()
    master = f"spark://{HOST}:{port}"
    started = [_start(folder, "master.Master", "--host", HOST, "--port", str(port), "--webui-port", "0")]
    try:
        _wait_for(f"The master did not start, see {folder}.", lambda: _answers(port), started)
        for number in range(workers):
            arguments = ("--host", HOST, "--cores", "1", "--memory", memory, "--webui-port", "0")
            work = folder / f"worker-{number}"
            started.append(_start(work, "worker.Worker", *arguments, "--work-dir", str(work / "work"), master))
        for number in range(workers):
            log = folder / f"worker-{number}" / "log.txt"
            _wait_for(f"A worker did not start, see {log}.", lambda log=log: _REGISTERED in log.read_text(), started)
        yield StandaloneCluster(master, started[1:])
    finally:
        for process in reversed(started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()


def _start(folder: Path, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
    import pyspark

    folder.mkdir(parents=True, exist_ok=True)
    spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
    environment = {**QUICK_JAVA, **os.environ, "SPARK_LOCAL_IP": HOST, "PYSPARK_PYTHON": sys.executable}
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(
            [str(spark_class), f"org.apache.spark.deploy.{name}", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for(failure: str, condition, processes) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > end or any(process.poll() is not None for process in processes):
            raise SystemExit(failure)
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        tried.settimeout(1)
        return tried.connect_ex((HOST, port)) == 0


def main(options: Sequence[str]) -> None:
    """Start a cluster, train on the news that come with gensim, ask the model, stop the cluster.

    ``options`` are more options for ``thisplusthat train``.
    """
    folder = Path(tempfile.mkdtemp(prefix="demo-spark-"))
    model = folder / "news"
    environment = {**QUICK_JAVA, **os.environ, "SPARK_LOCAL_IP": HOST}
    command = [sys.executable, "-m", "service.cli"]
    try:
        with standalone(folder / "cluster") as cluster:
            print(f"A master at {cluster.master} and {len(cluster.workers)} workers.", flush=True)
            train = ["train", str(files("gensim") / NEWS), "--engine", "spark", "--master", cluster.master]
            subprocess.run([*command, *train, *options, "--out", str(model)], env=environment, check=True)
        subprocess.run([*command, "--model", str(model), "australia", "-k", "5"], env=environment, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(error.returncode) from error
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(sys.argv[1:] or ["--vector-size", "25", "--epochs", "3"])
