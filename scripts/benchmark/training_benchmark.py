"""The part ``train`` of scripts/benchmark: each stage of a training against the usual way with gensim.

For a dump that way is `WikiCorpus`. Both sides get the same text, the same parameters and the same number of threads.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.text import CorpusParameters, TokenParameters, clean, find_texts
from embeddings.training import Job, TrainingInput, Workspace, available_processors, prepare, train
from scripts.benchmark.gensim_way import PAIRS, TRAINING, TokenisedLines, first_words, gensim_phrases
from scripts.benchmark.learning_benchmark import Trials, measure_learning, scores_of, spread
from scripts.benchmark.learning_benchmark import scores as of_words
from scripts.benchmark.measurement import GENSIM, OURS, seconds

if TYPE_CHECKING:
    from gensim.models import Word2Vec

PARTS = ("stages", "learning", "job")


def measure_training(
    corpus: Path, dump: Path, words: int, learning: Trials, parts: Sequence[str] = PARTS
) -> dict[str, Any]:
    """The chosen parts on the first ``words`` words of ``corpus``; the whole job with as many seeds as learning."""
    seeds = learning.seeds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, total = first_words(corpus, words, folder / "text.txt")
        found: dict[str, Any] = {"words": total}
        if "stages" in parts:
            stages = _stages(text, total)
            found["a dump, words/s"] = _dump(dump, folder)
            found["cleaning and phrases, words/s"] = stages
            found["ratio, cleaning and phrases"] = round(stages[OURS]["together"] / stages[GENSIM]["together"], 2)
        if "learning" in parts:
            found |= measure_learning(_prepared(text, folder)[1], TRAINING, learning)
        if "job" in parts:
            whole, scores = _whole_job(text, seeds, folder)
            found["whole job over five epochs, seconds"] = whole
            found[f"scores over {seeds} seeds, mean and standard deviation"] = scores
            found["ratio, whole job"] = round(whole[GENSIM]["mean"] / whole[OURS]["mean"], 2)
        return found


def _dump(dump: Path, folder: Path) -> dict[str, dict[str, int]]:
    """Both read it three times, in turn; the best counts, since starting processes weighs on so short a dump."""
    from gensim.corpora.wikicorpus import WikiCorpus

    reading, tokens, threads = CorpusParameters(), TokenParameters(), available_processors()
    best: dict[str, float] = {}
    texts = find_texts([dump], reading)
    for _ in range(3):
        took, number = seconds(
            lambda: sum(map(len, WikiCorpus(str(dump), dictionary={}, processes=threads).get_texts()))
        )
        best[GENSIM] = max(best.get(GENSIM, 0), number / took)
        took, report = seconds(lambda: clean(texts, reading, tokens, folder, threads, lambda *_: None))
        best[OURS] = max(best.get(OURS, 0), report.words / took)
    return {name: {"cleaning": round(speed)} for name, speed in best.items()}


def _prepared(text: Path, folder: Path) -> tuple[float, TrainingInput]:
    """Seconds that it took, and what is learned from; it stays in ``folder``."""
    job = Job((str(text),), phrases=PAIRS, training=TRAINING)
    space = Workspace(folder / "prepared")
    with space.opened(job, resume=False):
        return seconds(lambda: prepare(job, [], [], space, lambda _: None))


def _stages(text: Path, words: int) -> dict[str, dict[str, int]]:
    from gensim.models import Word2Vec

    learning, phrases = seconds(lambda: gensim_phrases(text))
    model = Word2Vec(**_gensim_parameters(seed=1))
    joining, _ = seconds(lambda: model.build_vocab(TokenisedLines(text, phrases)))
    with tempfile.TemporaryDirectory() as folder:
        preparing, prepared = _prepared(text, Path(folder))
    theirs = {
        "finding phrases": words / learning,
        "joining them": words / joining,
        "together": words / (learning + joining),
    }
    ours = {stage["stage"]: words / max(stage["seconds"], 1e-3) for stage in prepared.about["stages"]}
    rounded = {GENSIM: theirs, OURS: {**ours, "together": words / preparing}}
    return {name: {stage: round(speed) for stage, speed in of.items()} for name, of in rounded.items()}


def _gensim_parameters(seed: int) -> dict[str, Any]:
    return {**TRAINING, "sg": 1, "seed": seed, "workers": available_processors()}


def _whole_job(text: Path, seeds: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """From text to saved vectors, in turn, without an evaluation in between; then the scores of what came of it."""
    times: dict[str, list[float]] = {GENSIM: [], OURS: []}
    scores: dict[str, list[dict[str, float]]] = {GENSIM: [], OURS: []}
    for seed in range(1, seeds + 1):
        took, theirs = seconds(partial(_gensim_job, text, folder / f"gensim-{seed}.kv", seed))
        times[GENSIM].append(took)
        scores[GENSIM].append(of_words(theirs.wv.index_to_key, theirs.wv.vectors))
        job = Job((str(text),), phrases=PAIRS, training={**TRAINING, "seed": seed}, evaluate=False)
        took, ours = seconds(partial(train, job, folder / f"ours-{seed}"))
        times[OURS].append(took)
        scores[OURS].append(scores_of(ours))
    taken = {name: {"mean": round(float(np.mean(of)), 1), "fastest": round(min(of), 1)} for name, of in times.items()}
    return taken, {name: spread(of) for name, of in scores.items()}


def _gensim_job(text: Path, path: Path, seed: int) -> "Word2Vec":
    from gensim.models import Word2Vec

    model = Word2Vec(TokenisedLines(text, gensim_phrases(text)), **_gensim_parameters(seed))
    model.wv.save(str(path))
    return model
