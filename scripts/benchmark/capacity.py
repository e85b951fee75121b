"""What a replica of the service needs for a vocabulary of any size: memory, time to build, queries a second.

    python -m scripts.benchmark.capacity                        the table, and from which size on to search elsewhere
    python -m scripts.benchmark.capacity --measure 1000000x300  measures that size once more, for capacity.json

Measured are models of synthetic vectors (`synthetic.py`), written as an import writes them and asked ``a - b + c`` by
one process with one thread, without a cache. Other sizes are computed: a file has so many bytes a word; a query takes
``t0 + t1 × words`` (reading it and ranking, and a scan over all codes), and building ``b0 + b1 × words``. The four
numbers are fitted to the measured points, a relative error counting the same at each.
"""

import json
import resource
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

from embeddings import ask, load_model
from embeddings.models import VECTORS_FILE, Card, ModelWriter, open_model
from embeddings.search import search_by_one_thread
from scripts.benchmark.measurement import ROOT, milliseconds
from scripts.benchmark.synthetic import Synthetic, parse_size, words

MEASURED = ROOT / "benchmarks" / "capacity.json"
SIZES = (100_000, 400_000, 1_000_000, 10_000_000, 100_000_000)
QUERIES, WARM_UP = 400, 40
PROCESSORS, WORKER_MB = 2, 50
"""Of the replica in the table: a worker for each processor, and what each has for itself (docs/how-to/deploy.md)."""
LONGEST_MS = 50
"""A query that takes one process longer is better shared by several machines."""

Point = dict[str, Any]


def measure(count: int, dimension: int) -> Point:
    """Write a model of that size and ask it."""
    real = load_model()
    names = list(words(real.vocabulary.words(range(len(real))), count))
    with tempfile.TemporaryDirectory() as folder:
        path, milliseconds_to_build, start = Path(folder) / "model", 0.0, 0
        with ModelWriter(path, dimension, expected_rows=count) as writer:
            for block in Synthetic(count, dimension).blocks():
                milliseconds_to_build += milliseconds(writer.append, names[start : start + len(block)], block)
                start += len(block)
            milliseconds_to_build += milliseconds(writer.finish, Card("capacity"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        size = {file.name: file.stat().st_size for file in path.iterdir()}
        search_by_one_thread()  # as a service does
        model = open_model(path)
        rng = np.random.default_rng(1)
        frequent = [name for name in names[:30_000] if name.isalpha()]
        asked = [rng.choice(frequent, 3, replace=False).tolist() for _ in range(WARM_UP + QUERIES)]
        times = [milliseconds(ask, model, f'"{a}" - "{b}" + "{c}"') for a, b, c in asked][WARM_UP:]
    return {
        "words": count,
        "dimension": dimension,
        "files_mb": round(sum(size.values()) / 1e6, 1),
        "without_vectors_mb": round((sum(size.values()) - size[VECTORS_FILE]) / 1e6, 1),
        "build_seconds": round(milliseconds_to_build / 1000, 1),
        "build_peak_mb": round(peak / 1e6),
        "query_ms": round(float(np.mean(times)), 3),
        "query_p99_ms": round(float(np.percentile(times, 99)), 3),
        "index": model.manifest.index.kind,
        "candidates": model.manifest.index.candidates,
        "recall": round(model.manifest.index.recall, 4),
    }


def line(points: list[Point], what: str) -> tuple[float, float]:
    """``a`` and ``b`` of ``a + b × words``, neither below zero, that fit the measured points best relatively."""
    from scipy.optimize import nnls

    values = np.array([point[what] for point in points])
    counts = np.array([point["words"] for point in points], float)
    factors, _ = nnls(np.stack([1 / values, counts / values], axis=1), np.ones(len(points)))
    return float(factors[0]), float(factors[1])


def estimate(points: list[Point], count: int) -> Point:
    """The point that was measured at that size, or what is computed from the others."""
    for point in points:
        if point["words"] == count:
            return point
    largest = points[-1]
    computed: Point = {"words": count}
    for what in ("files_mb", "without_vectors_mb"):
        computed[what] = largest[what] / largest["words"] * count
    for what in ("build_seconds", "query_ms"):
        constant, each = line(points, what)
        computed[what] = constant + each * count
    return computed


def largest_in_process(points: list[Point]) -> int:
    """The number of words up to which a query takes `LONGEST_MS` at most."""
    constant, each = line(points, "query_ms")
    return int((LONGEST_MS - constant) / each)


def table(points: list[Point]) -> str:
    """The manual's table, in Markdown."""
    rows = [
        "| words × 300 | | memory at least | memory for all | build | a query | queries/s per replica |",
        "|---" * 7 + "|",
    ]
    for count in SIZES:
        of = estimate(points, count)
        own = PROCESSORS * WORKER_MB
        cells = [
            f"{count:,}",
            "measured" if of in points else "computed",
            _megabytes(of["without_vectors_mb"] + own),
            _megabytes(of["files_mb"] + own),
            _seconds(of["build_seconds"]),
            f"{_figures(of['query_ms'])} ms",
            _figures(PROCESSORS * 1000 / of["query_ms"]),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def model_text(points: list[Point]) -> str:
    """The formulas with their numbers."""
    (t0, t1), (b0, b1) = line(points, "query_ms"), line(points, "build_seconds")
    each = points[-1]["files_mb"] * 1e6 / points[-1]["words"]
    hot = points[-1]["without_vectors_mb"] * 1e6 / points[-1]["words"]
    return (
        f"files = {each:,.0f} bytes × words, of which all but the vectors {hot:,.0f}; "
        f"a query = {t0:.2f} ms + {t1 * 1e6:.2f} ms × millions of words; "
        f"build = {b0:.1f} s + {b1 * 1e6:.1f} s × millions of words"
    )


def _figures(value: float) -> str:
    """Two figures that count."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _megabytes(value: float) -> str:
    return f"{_figures(value)} MB" if value < 1000 else f"{_figures(value / 1000)} GB"


def _seconds(value: float) -> str:
    return f"{_figures(value)} s" if value < 120 else f"{_figures(value / 60)} min"


@click.command()
@click.option("--measure", "size", metavar="SIZE", help="Measure a size, such as 400000x300, and keep it.")
def main(size: str | None) -> None:
    """Print what a replica needs for a vocabulary of any size, from measured points."""
    points: list[Point] = json.loads(MEASURED.read_text()) if MEASURED.exists() else []
    if size:
        point = measure(*parse_size(size))
        points = sorted([*(other for other in points if other["words"] != point["words"]), point], key=_words)
        MEASURED.write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")
        click.echo(json.dumps(point))
    else:
        click.echo(f"{table(points)}\n\n{model_text(points)}")
        most = _figures(largest_in_process(points))
        click.echo(f"\nA query takes {LONGEST_MS} ms at {most} words: search elsewhere from there.")


def _words(point: Point) -> int:
    return int(point["words"])


if __name__ == "__main__":
    main()
