"""Learning alone, of the part ``train`` of scripts/benchmark: the same sentences, parameters and threads for gensim and
for the kernel, by processor time and by the clock, and what is learned.

gensim gets the sentences in the form that it reads fastest, a file of lines (``corpus_file``). With several threads its
learning rate is then too high, since each thread goes by its own share of the words: what is learned is best compared
with one thread.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.evaluation import AnalogyReport, evaluate
from embeddings.models import Card, Model, open_model, save_model
from embeddings.parameters import typed
from embeddings.search import IndexParameters, Matrix
from embeddings.training import (
    EVALUATED,
    EVALUATED_WORDS,
    KERNEL,
    Place,
    TrainingInput,
    TrainingParameters,
    open_learner,
    sentences_of,
)
from scripts.benchmark.measurement import GENSIM, OURS, package_version, processor_seconds

METHODS: dict[str, dict[str, Any]] = {
    "skip-gram": {},
    "CBOW": {"architecture": "cbow"},
    "fastText": {"algorithm": "fasttext"},
}
Spent = tuple[float, float]
"""Seconds by the clock, and of all processors."""
Run = tuple[Spent, dict[str, float]]
"""What a run takes, and its scores."""


@dataclass(frozen=True, slots=True)
class Trials:
    """How often and with how many threads is learned."""

    seeds: int
    threads: int = 0
    """0 is one for each processor."""
    keep: Path | None = None
    """A folder for gensim's runs, which take most of the time: those that are there are not made again."""


def spent(work: Callable[[], object]) -> Spent:
    """What ``work`` takes of this process and of the processes that it starts and waits for."""
    clock, processors = time.perf_counter(), processor_seconds()
    work()
    return time.perf_counter() - clock, processor_seconds() - processors


def measure_learning(
    prepared: TrainingInput, training: dict[str, Any], runs: Trials, methods: Sequence[str] = tuple(METHODS)
) -> dict[str, Any]:
    """Every method with so many seeds, gensim and the kernel in turn; speeds are words of all epochs in a second."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        lines = Path(name) / "lines.txt"
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(f"{' '.join(sentence)}\n" for sentence in sentences_of(prepared.sentences, prepared.words))
        for method in methods:
            given = {**training, **METHODS[method], "workers": runs.threads}
            made: dict[str, list[Run]] = {GENSIM: [], OURS: []}
            for seed in range(1, runs.seeds + 1):
                parameters = typed(TrainingParameters, {**given, "seed": seed})
                made[GENSIM].append(_kept(runs.keep, prepared, lines, parameters))
                made[OURS].append(_by_kernel(prepared, parameters))
            words = int(prepared.counts.sum()) * given["epochs"]
            found[method] = {name: _row(words, of) for name, of in made.items()}
            for what in ("CPU-second", "second"):
                theirs, ours = (found[method][name][f"words a {what}"] for name in (GENSIM, OURS))
                found[f"ratio, {method}, words a {what}"] = round(ours / theirs, 2)
    return found


def _kept(keep: Path | None, prepared: TrainingInput, lines: Path, parameters: TrainingParameters) -> Run:
    """gensim's run, or what is in ``keep`` of one with the same text and parameters."""
    if keep is None:
        return _by_gensim(prepared, lines, parameters)
    of_this = (parameters, prepared.counts.tobytes(), lines.stat().st_size, package_version("gensim"))
    path = keep / f"gensim-{blake2b(repr(of_this).encode(), digest_size=8).hexdigest()}.json"
    if not path.exists():
        keep.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_by_gensim(prepared, lines, parameters)))
    (clock, processors), scores_there = json.loads(path.read_text())
    return (clock, processors), scores_there


def _by_kernel(prepared: TrainingInput, parameters: TrainingParameters) -> Run:
    learner = open_learner(KERNEL, prepared.words, prepared.counts, parameters, None)
    place = Place()

    def learn() -> None:
        while place.epoch < parameters.epochs:
            learner.learn_piece(prepared.sentences, place, lambda _: None)

    took = spent(learn)
    return took, scores(prepared.words, learner.rows(0, EVALUATED_WORDS))


def _by_gensim(prepared: TrainingInput, lines: Path, parameters: TrainingParameters) -> Run:
    from gensim.models import FastText, Word2Vec

    shared = ("vector_size", "window", "negative", "sample", "seed", "alpha", "min_alpha", "ns_exponent")
    given = {name: getattr(parameters, name) for name in shared}
    given |= {"sg": int(parameters.architecture == "skipgram"), "workers": parameters.threads, "min_count": 1}
    if parameters.algorithm == "fasttext":
        letters = {name: getattr(parameters, name) for name in ("min_n", "max_n", "bucket")}
        model = FastText(**given, **letters)
    else:
        model = Word2Vec(**given)
    counts = dict(zip(prepared.words, map(int, prepared.counts), strict=True))
    model.build_vocab_from_freq(counts, corpus_count=prepared.about["sentences"])
    learn = partial(
        model.train,
        corpus_file=str(lines),
        total_words=sum(counts.values()),
        total_examples=model.corpus_count,
        epochs=parameters.epochs,
    )
    took = spent(learn)
    return took, scores(model.wv.index_to_key, model.wv.vectors[:EVALUATED_WORDS])


def _row(words: int, runs: Sequence[Run]) -> dict[str, Any]:
    clock, processors = (sum(took[i] for took, _ in runs) / len(runs) for i in (0, 1))
    return {
        "words a CPU-second": round(words / processors),
        "words a second": round(words / clock),
        **spread([of for _, of in runs]),
    }


def scores(words: Sequence[str], vectors: Matrix) -> dict[str, float]:
    """Per cent on each set among the most frequent words; a set of which too few are known is left out."""
    with tempfile.TemporaryDirectory() as name:
        exact, most = IndexParameters(kind="exact"), min(len(words), EVALUATED_WORDS)
        save_model(Path(name) / "model", list(words[:most]), vectors[:most], Card("model"), index=exact)
        return scores_of(open_model(Path(name) / "model"))


def scores_of(model: Model) -> dict[str, float]:
    found = {}
    for dataset in EVALUATED:
        report = evaluate(model, dataset, exact=True, restrict=EVALUATED_WORDS)
        found[dataset] = 100 * (report.total.accuracy if isinstance(report, AnalogyReport) else report.spearman)
    return found


def spread(runs: Sequence[dict[str, float]]) -> dict[str, str]:
    """Mean and standard deviation of each score."""
    return {
        dataset: f"{np.mean([of[dataset] for of in runs]):.1f} ± {np.std([of[dataset] for of in runs]):.1f}"
        for dataset in runs[0]
    }
