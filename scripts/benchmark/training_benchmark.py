"""The part ``train`` of scripts/benchmark: each stage of a training against the usual way with gensim.

That way is an iterable that splits each line with a regular expression and joins phrases anew in every epoch, and
`WikiCorpus` for a dump. Both sides get the same text, the same parameters and the same number of threads.
"""

import re
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.text import (
    CorpusParameters,
    FileReader,
    PhraseParameters,
    Scoring,
    TokenParameters,
    clean,
    find_texts,
    texts_of,
)
from embeddings.training import Job, TrainingInput, Workspace, available_processors, prepare, train
from scripts.benchmark.corpus_benchmark import TokenisedLines
from scripts.benchmark.learning_benchmark import measure_learning, scores_of, spread
from scripts.benchmark.learning_benchmark import scores as of_words
from scripts.benchmark.measurement import GENSIM, OURS, seconds

if TYPE_CHECKING:
    from gensim.models import Word2Vec
    from gensim.models.phrases import FrozenPhrases

WORD = re.compile(r"\w+")
TRAINING = {"vector_size": 100, "window": 5, "negative": 5, "sample": 1e-4, "min_count": 5, "epochs": 5}
PHRASES = PhraseParameters(phrases=1, phrase_scoring=Scoring.NPMI, phrase_threshold=0.5, phrase_min_count=10)
PARTS = ("stages", "learning", "job")


def measure_training(corpus: Path, dump: Path, words: int, seeds: int, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """The chosen parts on the first ``words`` words of ``corpus``; learning and the whole job with so many seeds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, total = _first_words(corpus, words, folder / "text.txt")
        found: dict[str, Any] = {"words": total}
        if "stages" in parts:
            stages = _stages(text, total)
            found["a dump, words/s"] = _dump(dump, folder)
            found["cleaning and phrases, words/s"] = stages
            found["ratio, cleaning and phrases"] = round(stages[OURS]["together"] / stages[GENSIM]["together"], 2)
        if "learning" in parts:
            found |= measure_learning(_prepared(text, folder)[1], TRAINING, seeds)
        if "job" in parts:
            whole, scores = _whole_job(text, seeds, folder)
            found["whole job over five epochs, seconds"] = whole
            found[f"scores over {seeds} seeds, mean and standard deviation"] = scores
            found["ratio, whole job"] = round(whole[GENSIM]["mean"] / whole[OURS]["mean"], 2)
        return found


def _first_words(corpus: Path, words: int, path: Path) -> tuple[Path, int]:
    """A file with the first lines of ``corpus`` that have so many words together, and how many they are."""
    reading, total = CorpusParameters(), 0
    [source] = find_texts([corpus], reading)
    with path.open("w", encoding="utf-8") as file:
        for block in FileReader(source, reading).blocks():
            for line in texts_of(block, reading).text.splitlines():
                file.write(f"{line}\n")
                total += len(WORD.findall(line))
                if total >= words:
                    return path, total
    return path, total


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
    job = Job((str(text),), phrases=PHRASES, training=TRAINING)
    space = Workspace(folder / "prepared")
    with space.opened(job, resume=False):
        return seconds(lambda: prepare(job, [], [], space, lambda _: None))


def _stages(text: Path, words: int) -> dict[str, dict[str, int]]:
    from gensim.models import Word2Vec

    learning, phrases = seconds(lambda: _gensim_phrases(text))
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


def _gensim_phrases(text: Path) -> "FrozenPhrases":
    from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases

    return Phrases(
        TokenisedLines(text),
        min_count=PHRASES.phrase_min_count,
        threshold=PHRASES.threshold,
        scoring=PHRASES.phrase_scoring.value,
        connector_words=ENGLISH_CONNECTOR_WORDS,
    ).freeze()


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
        job = Job((str(text),), phrases=PHRASES, training={**TRAINING, "seed": seed}, evaluate=False)
        took, ours = seconds(partial(train, job, folder / f"ours-{seed}"))
        times[OURS].append(took)
        scores[OURS].append(scores_of(ours))
    taken = {name: {"mean": round(float(np.mean(of)), 1), "fastest": round(min(of), 1)} for name, of in times.items()}
    return taken, {name: spread(of) for name, of in scores.items()}


def _gensim_job(text: Path, path: Path, seed: int) -> "Word2Vec":
    from gensim.models import Word2Vec

    model = Word2Vec(TokenisedLines(text, _gensim_phrases(text)), **_gensim_parameters(seed))
    model.wv.save(str(path))
    return model
