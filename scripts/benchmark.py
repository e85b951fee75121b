"""Measure this project against gensim, brute-force numpy and FAISS's flat index, on the same vectors in one run.

    python scripts/benchmark.py            everything, a few minutes
    python scripts/benchmark.py search     one part: search, build, open, evaluate or cli
    python scripts/benchmark.py train --corpus TEXT     each stage of a training, twenty minutes
    python scripts/benchmark.py http                    the service under load, five minutes

Queries go to the peers in turn, fifty at a time, so that what else the machine does troubles all alike and the threads
of one library have come to rest before the next is timed. Prints tables and writes JSON.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import faiss
import numpy as np
from gensim.models import KeyedVectors
from rich.console import Console
from rich.progress import track
from rich.table import Table

from embeddings import Method, Model, Options, ask, load_model
from embeddings.catalog import DEFAULT_MODEL
from embeddings.evaluation import AnalogyReport, find_dataset
from embeddings.evaluation import evaluate as score
from embeddings.index import IndexParameters, Matrix, analogy_targets, build_index, nearest_but_inputs, unit
from embeddings.model_writer import save_model

OURS = "this project"
CONSOLE = Console(highlight=False, soft_wrap=True)
K = 10
TURN, WARM_UP = 50, 3


@dataclass
class Peers:
    """The same vectors in everything that is measured."""

    model: Model
    gensim: KeyedVectors
    flat: faiss.Index
    row_of: dict[str, int]

    def brute_force(self, positive: Sequence[str], negative: Sequence[str]) -> list[tuple[str, float]]:
        """Plain numpy: one product with every row, then the largest."""
        rows = [self.row_of[word] for word in (*positive, *negative)]
        vectors = self.model.vectors
        target = unit(vectors[rows[: len(positive)]].sum(axis=0) - vectors[rows[len(positive) :]].sum(axis=0))
        scores = vectors @ target
        best = np.argpartition(-scores, K + len(rows))[: K + len(rows)]
        order = best[np.argsort(-scores[best])]
        return [(self.model.vocabulary.word(row), float(scores[row])) for row in order if row not in rows][:K]


def open_peers(model: Model) -> Peers:
    words = list(model.vocabulary)
    vectors = KeyedVectors(model.dimension)
    vectors.add_vectors(words, np.array(model.vectors))
    vectors.fill_norms()
    flat = faiss.IndexFlatIP(model.dimension)
    flat.add(model.vectors)
    return Peers(model, vectors, flat, {word: row for row, word in enumerate(words)})


def questions(model: Model, number: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Half of them from Google's set, half of three frequent words at random."""
    rng = np.random.default_rng(seed)
    lines = find_dataset("google").read_text(encoding="utf-8").lower().splitlines()
    real = [line.split()[:3] for line in lines if not line.startswith(":")]
    known = [words for words in real if all(word in model.vocabulary for word in words)]
    chosen = [known[place] for place in rng.choice(len(known), number // 2, replace=False)] if known else []
    plain = [row for row in range(min(20_000, len(model))) if model.vocabulary.word(row).isalpha()]
    chosen += [model.vocabulary.words(rng.choice(plain, 3, replace=False)) for _ in range(number - len(chosen))]
    return [(a, b, c) for a, b, c in chosen]


def milliseconds(work: Callable[..., Any], *inputs: Any) -> float:
    started = time.perf_counter()
    work(*inputs)
    return (time.perf_counter() - started) * 1000


def time_in_turn(peers: dict[str, Callable[[Any], Any]], inputs: list[Any], what: str) -> dict[str, list[float]]:
    """Milliseconds that each peer takes for each input; the first few of every turn are not counted."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for start in track(range(0, len(inputs), TURN), what, transient=True):
        for name, work in peers.items():
            for each in inputs[start : start + WARM_UP]:
                work(each)
            times[name] += [milliseconds(work, each) for each in inputs[start : start + TURN]]
    return times


def summary(times: list[float]) -> dict[str, float]:
    return {"p50_ms": round(float(np.median(times)), 4), "p99_ms": round(float(np.percentile(times, 99)), 4)}


# ---- Parts


def measure_search(peers: Peers, number: int) -> dict[str, Any]:
    """Whole queries (text to answer) and searches alone, one at a time; recall@10 on other targets than the index's."""
    model = peers.model
    asked = questions(model, number)
    exact, through = Options(exact=True), Options()
    whole: dict[str, Callable[[tuple[str, str, str]], Any]] = {
        "gensim most_similar": lambda abc: peers.gensim.most_similar(positive=abc[1:], negative=abc[:1], topn=K),
        "numpy, brute force": lambda abc: peers.brute_force(abc[1:], abc[:1]),
        f"{OURS}, exact": lambda abc: ask(model, "{1} - {0} + {2}".format(*abc), exact),
        OURS: lambda abc: ask(model, "{1} - {0} + {2}".format(*abc), through),
    }
    targets, inputs = analogy_targets(model.vectors, number, seed=1)
    alone: dict[str, Callable[[Matrix], Any]] = {
        "numpy, brute force": lambda target: np.argpartition(-(model.vectors @ target[0]), K)[:K],
        "FAISS Flat": lambda target: peers.flat.search(target, K),
        f"{OURS}, exact": lambda target: model.index.search(target, K, exact=True),
        OURS: lambda target: model.index.search(target, K),
    }
    times = time_in_turn(whole, asked, "queries")
    alone_times = time_in_turn(alone, [targets[place : place + 1] for place in range(len(targets))], "searches")
    truth = nearest_but_inputs(model.vectors, targets, inputs, K)
    found = model.index.search(targets, K + 3)[1]
    recall = np.mean(
        [
            len(set(true) & set([row for row in rows if row not in given][:K])) / K
            for true, rows, given in zip(truth.tolist(), found.tolist(), inputs.tolist(), strict=True)
        ]
    )
    return {
        "queries": number,
        "whole query": {name: summary(some) for name, some in times.items()},
        "search alone": {name: summary(some) for name, some in alone_times.items()},
        "for an unknown word": {"up to five suggestions": summary(_suggestion_times(model, max(20, number // 5)))},
        "recall@10": round(float(recall), 5),
        "3cosmul recall@10": round(_cosmul_recall(model, asked[: max(10, number // 10)]), 5),
        "candidates": model.manifest.index.candidates,
        "ratio": _ratio(times, "gensim most_similar"),
    }


def _suggestion_times(model: Model, number: int) -> list[float]:
    """Milliseconds for words of which one letter was taken away or swapped with the next."""
    rng = np.random.default_rng(0)
    times: list[float] = []
    while len(times) < number:
        word = model.vocabulary.word(int(rng.integers(min(20_000, len(model)))))
        place = int(rng.integers(len(word)))
        one, two, rest = word[:place], word[place : place + 2], word[place + 2 :]
        wrong = one + (two[1:] if rng.random() < 0.5 else two[::-1]) + rest
        if len(word) > 3 and wrong not in model.vocabulary:
            times.append(milliseconds(model.vocabulary.suggest, wrong))
    return times


def _cosmul_recall(model: Model, asked: list[tuple[str, str, str]]) -> float:
    shares = []
    for a, b, c in asked:
        text = f"{a} : {b} :: {c} : ?"
        found = ask(model, text, Options(method=Method.MULTIPLY, all_forms=True)).results
        true = ask(model, text, Options(method=Method.MULTIPLY, all_forms=True, exact=True)).results
        shares.append(len({result.word for result in found} & {result.word for result in true}) / len(true))
    return float(np.mean(shares))


def _ratio(times: dict[str, list[float]], peer: str) -> float:
    return round(float(np.median(times[peer]) / np.median(times[OURS])), 2)


def measure_build(peers: Peers) -> dict[str, Any]:
    """The index built anew, three times; its measuring of recall is part of it."""
    with tempfile.TemporaryDirectory() as folder:
        reports = [build_index(peers.model.vectors, IndexParameters(), Path(folder) / "index.faiss") for _ in range(3)]
    best = min(reports, key=lambda report: report.build_seconds)
    return {
        "seconds": [report.build_seconds for report in reports],
        "factory": best.factory or "exact",
        "candidates": best.candidates,
        "recall@10 when built": round(best.recall, 5),
    }


def measure_evaluate(peers: Peers, restrict: int | None) -> dict[str, Any]:
    """Google's analogy set from the file to the accuracy."""
    path = str(find_dataset("google"))
    size = restrict or len(peers.model)
    started = time.perf_counter()
    ours = score(peers.model, restrict=restrict)
    our_seconds = time.perf_counter() - started
    exact = score(peers.model, exact=True, restrict=restrict)
    with CONSOLE.status("gensim's evaluate_word_analogies"):
        started = time.perf_counter()
        theirs, _ = peers.gensim.evaluate_word_analogies(path, restrict_vocab=size)
        their_seconds = time.perf_counter() - started
    assert isinstance(ours, AnalogyReport)
    assert isinstance(exact, AnalogyReport)
    return {
        "questions": ours.total.questions,
        "seconds": {"gensim": round(their_seconds, 2), OURS: round(our_seconds, 2)},
        "accuracy %": {
            "gensim": round(100 * theirs, 3),
            f"{OURS}, exact": round(100 * exact.total.accuracy, 3),
            OURS: round(100 * ours.total.accuracy, 3),
        },
        "ratio": round(their_seconds / our_seconds, 2),
    }


_OPEN = {
    "gensim, load": "kv = KeyedVectors.load({path!r})",
    "gensim, load with mmap": "kv = KeyedVectors.load({path!r}, mmap='r')",
    OURS: "model = load_model({folder!r}); model.index",
}
_ASK = {
    "gensim, load": "kv.most_similar(positive=['king', 'woman'], negative=['man'])",
    "gensim, load with mmap": "kv.most_similar(positive=['king', 'woman'], negative=['man'])",
    OURS: "ask(model, 'king - man + woman')",
}
_IMPORTS = {OURS: "from embeddings import ask, load_model"}
_MEASURED = """
import json, time
{imports}
def memory():
    rollup = open('/proc/self/smaps_rollup').read().split('\\n')
    return sum(int(line.split()[1]) for line in rollup if line.startswith('Private')) / 1000
before = memory()
started = time.perf_counter()
{opening}
seconds = time.perf_counter() - started
{asking}
status = open('/proc/self/status').read()
print(json.dumps([seconds, memory() - before, int(status.split('VmHWM:')[1].split()[0]) / 1000]))
"""


def measure_open(peers: Peers) -> dict[str, Any]:
    """Opening a model that is there (index included), and memory after one query, each in a process of its own.

    ``private`` is what every further process would take again; pages of a file that is mapped are shared.
    """
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "vectors.kv"
        peers.gensim.save(str(saved))
        for name, opening in _OPEN.items():
            script = _MEASURED.format(
                imports=_IMPORTS.get(name, "from gensim.models import KeyedVectors"),
                opening=opening.format(path=str(saved), folder=str(peers.model.folder)),
                asking=_ASK[name],
            )
            runs = [json.loads(_python("-W", "ignore", "-c", script)) for _ in range(5)]
            seconds, private, peak = np.median(np.array(runs), axis=0)
            found[name] = {
                "open_ms": round(float(seconds) * 1000, 2),
                "private_mb": round(float(private), 1),
                "peak_mb": round(float(peak), 1),
            }
    return found


def measure_cli(peers: Peers) -> dict[str, Any]:
    """A query as a whole process, once the model is prepared."""
    command = ["-m", "service.cli", "--model", str(peers.model.folder), "king - man + woman"]
    _python(*command)
    times = [milliseconds(lambda: _python(*command)) for _ in range(10)]
    bare = [milliseconds(lambda: _python("-c", "import numpy, faiss")) for _ in range(10)]
    return {"thisplusthat": summary(times), "python with numpy and faiss alone": summary(bare)}


def _python(*arguments: str) -> str:
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, env=environment)
    return done.stdout


# ---- Output


def machine() -> dict[str, Any]:
    packages = ("numpy", "faiss-cpu", "gensim")
    return {
        "processors": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "faiss_threads": faiss.omp_get_max_threads(),
        **{package: version(package) for package in packages},
    }


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def show(part: str, found: dict[str, Any]) -> None:
    CONSOLE.print(f"\n[bold]{part}[/bold]")
    tables = {name: value for name, value in found.items() if isinstance(value, dict)}
    if all(not isinstance(entry, dict) for table in tables.values() for entry in table.values()):
        tables = {"": tables}
    for name, rows in tables.items():
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column(name)
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        for column in columns:
            table.add_column(column, justify="right")
        for row, entries in rows.items():
            table.add_row(row, *(_cell(entries.get(column, "")) for column in columns))
        if rows:
            CONSOLE.print(table)
    for name, value in found.items():
        if not isinstance(value, dict):
            CONSOLE.print(f"{name}: {value}")


PARTS = ("search", "build", "open", "cli", "evaluate")
TRAIN, HTTP = "train", "http"


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS, TRAIN, HTTP, "all"]))
@click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model to measure with.")
@click.option(
    "--rows", type=click.IntRange(1), metavar="N", help="Only the N most frequent words, as a model of its own."
)
@click.option("--queries", type=click.IntRange(20), default=1000, show_default=True, help="Queries to each peer.")
@click.option(
    "--corpus",
    type=click.Path(exists=True, path_type=Path),
    help="Text to train on. [default: gensim's slice of a dump]",
)
@click.option(
    "--words", type=click.IntRange(1), default=12_000_000, show_default=True, help="First words of it to take."
)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Seeds for the whole training.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Of load on each server (http).")
@click.option("--seconds", type=float, default=5.0, show_default=True, help="Of load in a round (http).")
@click.option("--output", type=click.Path(path_type=Path), default=Path("benchmark.json"), show_default=True)
def main(
    parts: tuple[str, ...],
    model: str,
    rows: int | None,
    queries: int,
    corpus: Path | None,
    words: int,
    seeds: int,
    rounds: int,
    seconds: float,
    output: Path,
) -> None:
    """Measure PARTS: search, build, open, cli, evaluate (all of these by default), train and http."""
    chosen = PARTS if not parts or "all" in parts else tuple(part for part in parts if part in PARTS)
    results: dict[str, Any] = {"machine": machine()}
    if chosen:
        results |= _measure_model(chosen, model, rows, queries)
    if TRAIN in parts:
        from training_benchmark import measure_training

        dump = find_dataset("google").parent / "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
        CONSOLE.print(results["machine"])
        results[TRAIN] = measure_training(corpus or dump, dump, words, seeds)
        show(TRAIN, results[TRAIN])
    if HTTP in parts:
        from http_benchmark import measure_http

        CONSOLE.print(results["machine"])
        results[HTTP] = measure_http(load_model(model), rounds, seconds)
        show(HTTP, results[HTTP])
    output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    CONSOLE.print(f"\nwritten to {output}")


def _measure_model(chosen: Sequence[str], model: str, rows: int | None, queries: int) -> dict[str, Any]:
    opened = load_model(model)
    with tempfile.TemporaryDirectory() as folder:
        if rows is not None:
            few = opened.vectors[:rows] * opened.norms[:rows, None]
            words = opened.vocabulary.words(range(min(rows, len(opened))))
            save_model(Path(folder) / "few", words, few, opened.manifest.card)
            opened = load_model(Path(folder) / "few")
        peers = open_peers(opened)
        results: dict[str, Any] = {"model": opened.name, "rows": len(opened)}
        CONSOLE.print(f"{opened.name}: {len(opened):,} × {opened.dimension}; {machine()}")
        work: dict[str, Callable[[], dict[str, Any]]] = {
            "search": lambda: measure_search(peers, queries),
            "build": lambda: measure_build(peers),
            "open": lambda: measure_open(peers),
            "cli": lambda: measure_cli(peers),
            "evaluate": lambda: measure_evaluate(peers, rows),
        }
        for part in chosen:
            results[part] = work[part]()
            show(part, results[part])
    return results


if __name__ == "__main__":
    main()
