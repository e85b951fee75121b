"""The part ``open`` of scripts/benchmark: from a file that is there to the first answer, and what memory it takes.

Each run is a process of its own, with the files in the page cache, since they are read once before.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Model
from scripts.benchmark.measurement import GENSIM, OURS, last_json, run_python
from scripts.benchmark.peers import keyed_vectors

_MAPPED = f"{GENSIM}, load with mmap"
_IMPORT_GENSIM = "from gensim.models import KeyedVectors"
_MOST_SIMILAR = "model.most_similar(positive=[{1!r}, {2!r}], negative=[{0!r}])"
_WAYS = {
    GENSIM: (_IMPORT_GENSIM, "model = KeyedVectors.load({file!r})", _MOST_SIMILAR),
    _MAPPED: (_IMPORT_GENSIM, "model = KeyedVectors.load({file!r}, mmap='r')", _MOST_SIMILAR),
    OURS: (
        "from embeddings import ask, load_model",
        "model = load_model({folder!r}); model.index",
        "ask(model, '{1} - {0} + {2}')",
    ),
}
_SCRIPT = """
import json, time
began = time.perf_counter()
from scripts.benchmark.measurement import private_mb, resident_mb
{importing}
imported, before = time.perf_counter(), (private_mb(), resident_mb())
{opening}
opened = time.perf_counter()
{first}
answered = time.perf_counter()
{rest}
found = dict(import_ms=imported - began, open_ms=opened - imported, first_answer_ms=answered - opened)
found = {{name: round(1000 * value, 2) for name, value in found.items()}}
found["private_mb"], found["resident_mb"] = private_mb() - before[0], resident_mb() - before[1]
found["peak_mb"] = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1000
print(json.dumps(found))
"""


def measure_open(model: Model, runs: int = 5, queries: int = 50) -> dict[str, Any]:
    """Opening a model (index included), its first answer, and its memory after ``queries`` different ones.

    ``private`` is what every further process would take again; ``resident`` has pages of mapped files too, which
    processes share. Both are without what the libraries themselves take.
    """
    frequent = [word for word in model.vocabulary.words(range(min(20_000, len(model)))) if word.isalpha()]
    asked = np.random.default_rng(2).choice(frequent, (queries, 3))
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "vectors.kv"
        keyed_vectors(list(model.vocabulary), model.vectors).save(str(file))
        for way, (importing, opening, asking) in _WAYS.items():
            each = [asking.format(*words) for words in asked.tolist()]
            script = _SCRIPT.format(
                importing=importing,
                opening=opening.format(file=str(file), folder=str(model.folder)),
                first=each[0],
                rest="\n".join(each[1:]),
            )
            figures = [last_json(run_python("-W", "ignore", "-c", script)) for _ in range(runs + 1)][1:]
            found[way] = {key: round(float(np.median([of[key] for of in figures])), 2) for key in figures[0]}
    ours, theirs = found[OURS], found[GENSIM]
    return {
        "opening": found,
        "ratios": {
            "open, times faster than gensim": round(theirs["open_ms"] / ours["open_ms"], 1),
            "private memory, gensim's over ours": round(theirs["private_mb"] / max(ours["private_mb"], 0.1), 1),
            "resident memory, gensim's over ours": round(theirs["resident_mb"] / max(ours["resident_mb"], 0.1), 2),
        },
    }
