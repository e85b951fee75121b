"""How things are measured: in turn, in milliseconds, in processes of their own."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
OURS, EXACT, GENSIM, NUMPY = "this project", "this project, exact", "gensim", "numpy, brute force"
K = 10
TURN = 50
REST = 0.2
"""Seconds until the threads of a library sleep that wait for work with their eyes open: OpenBLAS's do for 0.1."""
Result = TypeVar("Result")


def milliseconds(work: Callable[..., Any], *inputs: Any) -> float:
    started = time.perf_counter()
    work(*inputs)
    return (time.perf_counter() - started) * 1000


def seconds(work: Callable[[], Result]) -> tuple[float, Result]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def time_in_turn(peers: dict[str, Callable[[Any], Any]], inputs: Sequence[Any]) -> dict[str, list[float]]:
    """Milliseconds that each peer takes for each input.

    They take turns of fifty, so that what else the machine does troubles all alike, with a rest before each, so that
    the threads of one library do not trouble the next. The inputs of the turn before come first and are not counted:
    so each finds the caches as one does who asks query after query, and not as the peer before it left them.
    """
    times: dict[str, list[float]] = {name: [] for name in peers}
    for start in range(0, len(inputs), TURN):
        for name, work in peers.items():
            time.sleep(REST)
            for each in inputs[start - TURN : start] if start else inputs[-TURN:]:
                work(each)
            times[name] += [milliseconds(work, each) for each in inputs[start : start + TURN]]
    return times


def summary(times: Iterable[float]) -> dict[str, float]:
    some = list(times)
    return {"p50_ms": round(float(np.median(some)), 4), "p99_ms": round(float(np.percentile(some, 99)), 4)}


def run_python(*arguments: str | Path, environment: dict[str, str] | None = None) -> str:
    """What a Python process of its own prints. Raises RuntimeError with what it says on standard error if it fails."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=variables)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} failed: {done.stderr[-2000:]}")
    return done.stdout


def last_json(printed: str) -> Any:
    """The last line of what a process printed; libraries print above it what they like."""
    return json.loads(printed.strip().splitlines()[-1])


def private_mb() -> float:
    """Memory that one more process would take again, in MB: pages that were written. Those of a mapped file that were
    only read can be shared, whether another process happens to map it just now or not.
    """
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty")) / 1000, 1)


def resident_mb() -> float:
    """Memory resident (RSS), pages of mapped files that others share included, in MB."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return round(sum(int(line.split()[1]) for line in lines if line.startswith("Rss")) / 1000, 1)


def package_version(name: str) -> str | None:
    """None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    packages = ("numpy", "faiss-cpu", "gensim", "annoy", "usearch", "voyager", "vicinity", "pymagnitude-light")
    return {
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        **{package: package_version(package) or "not installed" for package in packages},
    }
