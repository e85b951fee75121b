"""The part ``cli`` of scripts/benchmark: a query as a whole process, from its start to the printed answer."""

import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Model
from scripts.benchmark.measurement import GENSIM, OURS, ROOT, last_json, milliseconds, run_python, summary
from scripts.benchmark.peers import keyed_vectors

QUERY = "king - man + woman"
IMPORTED = "this project, without interpreter and imports"
_AGAIN = """
import time
from contextlib import suppress
from service.cli import main
for _ in range(2):
    started = time.perf_counter()
    with suppress(SystemExit):
        main({arguments!r})
    took = time.perf_counter() - started
print(1000 * took)
"""
_GENSIM = """
from gensim.models import KeyedVectors
model = KeyedVectors.load({file!r}, mmap='r')
for word, score in model.most_similar(positive=['king', 'woman'], negative=['man']):
    print(word, score)
"""


def measure_cli(model: Model, runs: int = 10) -> dict[str, Any]:
    """Each kind of process in turn, once the model is prepared and everything is in the page cache.

    What a process does besides starting and importing is what it does when asked once more: it opens the model anew.
    """
    ours = ("-m", "service.cli", "--model", str(model.folder), QUERY)
    run_python(*ours)
    imported = import_times(ours)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.kv"
        keyed_vectors(list(model.vocabulary), model.vectors).save(str(file))
        commands: dict[str, tuple[str, ...]] = {
            OURS: ours,
            "its interpreter alone": ("-c", "pass"),
            "python with numpy and faiss alone": ("-c", "import numpy, faiss"),
            "python with gensim alone": ("-W", "ignore", "-c", "import gensim"),
            f"{GENSIM}, the same answer": ("-W", "ignore", "-c", _GENSIM.format(file=str(file))),
        }
        times: dict[str, list[float]] = {name: [] for name in (*commands, IMPORTED)}
        for run in range(runs + 1):
            for name, command in commands.items():
                took = milliseconds(lambda command=command: run_python(*command))
                if run:
                    times[name].append(took)
            again = float(last_json(run_python("-c", _AGAIN.format(arguments=list(ours[2:])))))
            if run:
                times[IMPORTED].append(again)
    medians = {name: float(np.median(of)) for name, of in times.items()}
    packages = Counter[str]()
    for module, took in imported.items():
        packages[module.partition(".")[0]] += round(1000 * took)
    return {
        "a whole process": {name: summary(of) for name, of in times.items()},
        "imports by package, with what -X importtime adds": {
            name: {"ms": took / 1000} for name, took in packages.most_common(8)
        },
        "ratios": {
            "command line, times faster than gensim": round(medians[f"{GENSIM}, the same answer"] / medians[OURS], 2),
        },
    }


def import_times(command: tuple[str, ...]) -> dict[str, float]:
    """Milliseconds that each module takes itself, by ``-X importtime``, in the order in which they are there."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return parse_import_times(done.stderr)


def parse_import_times(text: str) -> dict[str, float]:
    lines = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", text, re.MULTILINE)
    return {module: int(own) / 1000 for own, module in lines}
