"""A session on a cluster of Apache Spark's: checked before it is begun, its actions watched, stopped and explained.

What can be known to be wrong is said at once and not after Spark's own minutes of waiting: no Java, no pyspark, nobody
at the master's address, no worker with a processor to spare, workers without this package.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from embeddings.errors import CorpusError, EmbeddingsError, EngineError
from embeddings.training import Note, Status, Watcher

JAVA = 17
LOG_FILE = "spark.log"
_CONNECT_SECONDS = 5.0
_WORKER_SECONDS = 60.0
"""How long to wait for a first worker to take the job."""
_POLL_SECONDS = 0.25
_OWN_ERROR = re.compile(r"^embeddings\.errors\.(\w+): (.+)$", re.MULTILINE)
_CAUSE = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): (.+)$", re.MULTILINE)

Result = TypeVar("Result")


class Cluster:
    """An open session; ``run`` is how its actions are run."""

    def __init__(self, session: Any, watcher: Watcher, log: Path) -> None:
        self.session = session
        self.log = log
        self._watcher = watcher
        self._executors = 0
        self._actions = 0

    @property
    def processors(self) -> int:
        """Tasks that the cluster runs at once."""
        return max(int(self.session.sparkContext.defaultParallelism), 1)

    def run(self, stage: str, action: Callable[[], Result], words: int = 0, jobs: int = 0) -> Result:
        """Run ``action`` and show how many of its tasks are done: of all its jobs so far, or of ``jobs`` whole ones.

        ``words`` is how many the whole of it goes over. An error of the watcher stops the action and is raised; an
        error of Spark's becomes a `CorpusError` or an `EngineError`.
        """
        context = self.session.sparkContext
        self._actions += 1
        group = f"{stage} {self._actions}"
        result: Future[Result] = Future()

        def act() -> None:
            context.setJobGroup(group, stage, interruptOnCancel=True)
            try:
                result.set_result(action())
            except Exception as error:  # noqa: BLE001  # it is raised below, in the thread that asked
                result.set_exception(error)

        thread = threading.Thread(target=act, daemon=True)
        start = time.monotonic()
        self._show(stage, group, start, words, jobs)
        thread.start()
        try:
            while True:
                try:
                    return result.result(timeout=_POLL_SECONDS)
                except NotYet:
                    self._show(stage, group, start, words, jobs)
        except EmbeddingsError:
            if not result.done():  # the watcher asked to stop
                context.cancelJobGroup(group)
                thread.join(timeout=10)
            raise
        except Exception as error:
            raise self.explained(error) from error

    def _show(self, stage: str, group: str, start: float, words: int, jobs: int) -> None:
        tracker = self.session.sparkContext.statusTracker()
        shares: list[tuple[int, int]] = []
        for number in tracker.getJobIdsForGroup(group):
            job = tracker.getJobInfo(number)
            stages = [tracker.getStageInfo(of_job) for of_job in job.stageIds] if job else []
            known = [one for one in stages if one]
            shares.append((sum(one.numCompletedTasks for one in known), sum(one.numTasks for one in known)))
        if jobs:
            done: float = sum(finished / max(tasks, 1) for finished, tasks in shares)
            total: float = max(jobs, len(shares))
        else:
            done, total = sum(finished for finished, _ in shares), sum(tasks for _, tasks in shares)
        share = done / total if total else 0.0
        seconds = max(time.monotonic() - start, 1e-6)
        gone_over = int(words * share)
        self._watcher(Status(stage, done, total, gone_over, gone_over / seconds if gone_over else None))
        self._count_executors()

    def _count_executors(self) -> None:
        executors = self.executors()
        if executors < self._executors:
            lost = self._executors - executors
            left = f"{executors} of {self._executors} executors are left"
            text = f"{lost} executor{'s' * (lost > 1)} of the cluster went away: {left}, and do its work again."
            self._watcher(Note(text, {"executors": executors}))
        self._executors = executors

    def executors(self) -> int:
        """How many executors there are; a cluster within this process counts as one."""
        infos = self.session.sparkContext._jsc.sc().statusTracker().getExecutorInfos()
        local = self.session.sparkContext.master.startswith("local")
        return 1 if local else len(infos) - 1

    def explained(self, error: BaseException) -> EmbeddingsError:
        """What went wrong, for the person who reads it: an error of this library's own, or the root of Spark's."""
        text = str(error)
        if own := _OWN_ERROR.search(text):
            return (CorpusError if own[1] == "CorpusError" else EngineError)(own[2])
        if stopped := "SparkContext was shut down" in text or "stopped SparkContext" in text:
            reason = "the cluster ended the job (is its master gone?)"
        else:
            causes = _CAUSE.findall(text) or [text.strip().split("\n")[0]]
            reason = causes[-1]
        remedy = "Start it again" if stopped else "Mend that"
        return EngineError(f"Spark gave up: {reason}. {remedy}, and resume. All that it said is in {self.log}.")

    # ---- Files, wherever Hadoop finds them

    def file_system(self, place: str) -> tuple[Any, Any]:
        """Hadoop's file system for ``place``, and its path there. Raises `CorpusError` for a scheme without one."""
        from py4j.protocol import Py4JJavaError

        jvm = self.session._jvm
        try:
            path = jvm.org.apache.hadoop.fs.Path(place)
            system = path.getFileSystem(self.session._jsc.hadoopConfiguration())
        except Py4JJavaError as error:
            raise CorpusError(
                f"{place} cannot be reached: {_java_message(error)}. For s3a:// and others, name their package as "
                "spark.jars.packages in spark-defaults.conf."
            ) from error
        return system, system.makeQualified(path)

    @contextmanager
    def reaching(self, place: str) -> Iterator[tuple[Any, Any]]:
        """`file_system`; what goes wrong there is a `CorpusError` that names ``place``."""
        from py4j.protocol import Py4JJavaError

        system, path = self.file_system(place)
        try:
            yield system, path
        except Py4JJavaError as error:
            raise CorpusError(f"{place} cannot be read or written: {_java_message(error)}.") from error

    def exists(self, place: str) -> bool:
        with self.reaching(place) as (system, path):
            return bool(system.exists(path))

    def read_bytes(self, place: str, most: int) -> bytes:
        """The first bytes of a file."""
        with self.reaching(place) as (system, path):
            stream = system.open(path)
            try:
                return bytes(stream.readNBytes(most))
            finally:
                stream.close()

    def write_bytes(self, place: str, content: bytes) -> None:
        with self.reaching(place) as (system, path):
            stream = system.create(path, True)
            try:
                stream.write(content)
            finally:
                stream.close()

    def remove(self, place: str) -> None:
        with self.reaching(place) as (system, path):
            system.delete(path, True)

    def fetch(self, place: str, names: Sequence[str], folder: Path) -> Path:
        """The folder ``place`` on this machine: itself if it is here, otherwise a copy of ``names`` in ``folder``."""
        hadoop_path = self.session._jvm.org.apache.hadoop.fs.Path
        with self.reaching(place) as (system, path):
            if path.toUri().getScheme() == "file":
                return Path(path.toUri().getPath())
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                target = hadoop_path(f"file://{(folder / name).absolute()}")
                system.copyToLocalFile(False, hadoop_path(path, name), target, True)
            return folder


def literal(path: str) -> str:
    """``path`` as Spark's readers take it for a name and not for a pattern."""
    return re.sub(r"[*?\[\]{}\\]", r"\\\g<0>", path)


def check_engine(master: str) -> None:
    """Raises `EngineError` if Java or pyspark is missing, or nobody is at the address of ``master``."""
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise EngineError('Spark is not installed. Install it: pip install "thisplusthat[spark]"') from error
    found = java_version()
    if found is None:
        raise EngineError(
            f"Spark needs Java {JAVA} or newer, and there is no java. Install it (Debian, Ubuntu: apt install "
            f"openjdk-{JAVA}-jre-headless), or set JAVA_HOME to where it is."
        )
    if found < JAVA:
        raise EngineError(f"Spark needs Java {JAVA} or newer, and this is Java {found}. Set JAVA_HOME to a newer one.")
    if not re.match(r"local(\[.+\])?$|yarn$|k8s://|spark://", master):
        raise EngineError(f"'{master}' is no address of a cluster. Try --master spark://HOST:7077, or local[*].")
    if master.startswith("spark://"):
        _check_reachable(master)


def java_version() -> int | None:
    """The version of the Java that Spark will run; None if there is none."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if java is None or not os.access(java, os.X_OK):
        return None
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found[1]) if found else None


def _check_reachable(master: str) -> None:
    reasons = []
    for address in master.removeprefix("spark://").split(","):
        parts = urlsplit(f"//{address}")
        try:
            with socket.create_connection((parts.hostname or "", parts.port or 7077), timeout=_CONNECT_SECONDS):
                return
        except (OSError, ValueError) as error:
            reasons.append(f"{address}: {error}")
    raise EngineError(f"No master of Spark's answers at {master} ({'; '.join(reasons)}). Is it running there?")


@contextmanager
def open_cluster(master: str, shared: str, log_folder: Path, watcher: Watcher) -> Iterator[Cluster]:
    """A session on ``master`` whose workers run this package and see the folder ``shared``. Raises `EngineError`.

    Settings of Spark's, keys of an object store among them, are taken from its own spark-defaults.conf.
    """
    check_engine(master)
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    # Spark takes these from its environment only where its spark-defaults.conf says nothing.
    half_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 21
    os.environ.setdefault("SPARK_DRIVER_MEMORY", f"{max(half_mb, 1024)}m")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    log_folder.mkdir(parents=True, exist_ok=True)
    log = log_folder / LOG_FILE
    conf = SparkConf().setMaster(master).setAppName("thisplusthat").setAll(list(_SETTINGS.items()))
    watcher(Status("starting Spark", 0, 1))
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with log.open("ab") as said:
        try:
            gateway = launch_gateway(conf, {"stdout": said, "stderr": said, "start_new_session": True})  # type: ignore[no-untyped-call]
        except PySparkRuntimeError as error:
            raise EngineError(f"Spark did not start. What it said is in {log}.") from error
    try:
        try:
            session = SparkSession(SparkContext(conf=conf, gateway=gateway))
        except Py4JJavaError as error:
            reason = _java_message(error)
            raise EngineError(f"Spark did not start at {master}: {reason}. What it said is in {log}.") from error
        if threading.current_thread() is threading.main_thread():
            for number, handler in signals.items():  # Spark takes Ctrl-C for itself; here a stop leaves what is done
                signal.signal(number, handler)
        cluster = Cluster(session, watcher, log)
        try:
            _wait_for_worker(cluster, master)
            _probe(cluster, shared)
            yield cluster
        finally:
            with suppress(Py4JError, OSError):  # Java may be gone, and that is not what went wrong first
                session.stop()
    finally:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait()
        SparkContext._gateway = SparkContext._jvm = None


_SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.execution.arrow.maxBytesPerBatch": str(16 << 20),
}


def _wait_for_worker(cluster: Cluster, master: str) -> None:
    start = time.monotonic()
    while not cluster.executors():
        if time.monotonic() - start > _WORKER_SECONDS:
            raise EngineError(
                f"{master} answers, but no worker took the job within {_WORKER_SECONDS:.0f} s. Are there workers, and "
                "have they processors and memory (spark.executor.memory) to spare?"
            )
        cluster._watcher(Status("waiting for a worker", 0, 1))
        time.sleep(_POLL_SECONDS)


def _probe(cluster: Cluster, shared: str) -> None:
    """Let every processor write a little to ``shared``, and see whether it is there. Raises `EngineError`."""
    place = f"{shared}/probe"
    rows = 2 * cluster.processors
    own = (version("thisplusthat"), _python())

    def write() -> int:
        frame = cluster.session.range(0, rows, 1, rows).mapInArrow(_of_worker, "package string, python string")
        frame.write.mode("overwrite").parquet(place)
        schema = "package string, python string"
        return int(cluster.session.read.schema(schema).parquet(literal(place)).count())

    try:
        seen = cluster.run("looking at the workers", write)
    except EngineError as error:
        if "No module named" in str(error.__cause__):
            raise EngineError(
                "The workers' Python lacks this package: install thisplusthat[spark] on each of them, and set "
                f"PYSPARK_PYTHON to its Python if it is not {os.environ['PYSPARK_PYTHON']}."
            ) from error
        raise
    if seen != rows:
        raise EngineError(
            f"What the workers write to {shared} is not seen here: give --prepared a folder that all of them share "
            "(s3a://, hdfs://, a network disk)."
        )
    row = cluster.session.read.parquet(literal(place)).first()
    cluster.remove(place)
    if (row.package, row.python) != own:
        raise EngineError(
            f"The workers have thisplusthat {row.package} on Python {row.python}, and here it is {own[0]} on Python "
            f"{own[1]}. Install the same on all."
        )


def _of_worker(batches: Iterator[Any]) -> Iterator[Any]:
    import pyarrow

    for batch in batches:
        names = {"package": version("thisplusthat"), "python": _python()}
        yield pyarrow.RecordBatch.from_pydict({name: [value] * len(batch) for name, value in names.items()})


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _java_message(error: Any) -> str:
    exception = error.java_exception
    while exception.getCause() is not None:
        exception = exception.getCause()
    return f"{exception.getClass().getSimpleName()}: {exception.getMessage()}".split("\n")[0]
