"""The part ``train`` of scripts/benchmark: each stage of a training against the usual way with gensim.

That way is an iterable that splits each line with a regular expression and joins phrases anew in every epoch, and
`WikiCorpus` for a dump. Both sides get the same text, the same parameters and the same number of threads.
"""

import re
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from embeddings.evaluation import AnalogyReport, evaluate
from embeddings.models import Card, Model, open_model, save_model
from embeddings.search import IndexParameters
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
from embeddings.training import (
    EVALUATED,
    EVALUATED_WORDS,
    Job,
    Learner,
    Place,
    TrainingInput,
    TrainingParameters,
    Workspace,
    available_processors,
    prepare,
    train,
)

if TYPE_CHECKING:
    from gensim.models import Word2Vec
    from gensim.models.phrases import FrozenPhrases

GENSIM, OURS = "gensim", "this project"
WORD = re.compile(r"\w+")
TRAINING = {"vector_size": 100, "window": 5, "negative": 5, "sample": 1e-4, "min_count": 5, "epochs": 5}
PHRASES = PhraseParameters(phrases=1, phrase_scoring=Scoring.NPMI, phrase_threshold=0.5, phrase_min_count=10)
Result = TypeVar("Result")


class TokenisedLines:
    """The usual iterable: a file of text, tokenised and joined again whenever it is gone through."""

    def __init__(self, path: Path, phrases: "FrozenPhrases | None" = None) -> None:
        self.path = path
        self.phrases = phrases

    def __iter__(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                words = WORD.findall(line.lower())
                yield words if self.phrases is None else self.phrases[words]


def seconds(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def measure_training(corpus: Path, dump: Path, words: int, seeds: int) -> dict[str, Any]:
    """Every stage on the first ``words`` words of ``corpus``; the whole job with so many seeds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text, total = _first_words(corpus, words, folder / "text.txt")
        prepared, stages = _stages(text, total, folder)
        whole, scores = _whole_job(text, seeds, folder)
        return {
            "words": total,
            "a dump, words/s": _dump(dump, folder),
            "cleaning and phrases, words/s": stages,
            "training alone, words/s": _training_alone(prepared),
            "whole job over five epochs, seconds": whole,
            f"scores over {seeds} seeds, mean and standard deviation": scores,
            "ratio, cleaning and phrases": round(stages[OURS]["together"] / stages[GENSIM]["together"], 2),
            "ratio, whole job": round(whole[GENSIM]["mean"] / whole[OURS]["mean"], 2),
        }


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


def _stages(text: Path, words: int, folder: Path) -> tuple[TrainingInput, dict[str, dict[str, int]]]:
    from gensim.models import Word2Vec

    learning, phrases = seconds(lambda: _gensim_phrases(text))
    model = Word2Vec(**_gensim_parameters(seed=1))
    joining, _ = seconds(lambda: model.build_vocab(TokenisedLines(text, phrases)))
    job = Job((str(text),), phrases=PHRASES, training=TRAINING)
    space = Workspace(folder / "prepared")
    with space.opened(job, resume=False):
        preparing, prepared = seconds(lambda: prepare(job, [], [], space, lambda _: None))
    theirs = {
        "finding phrases": words / learning,
        "joining them": words / joining,
        "together": words / (learning + joining),
    }
    ours = {stage["stage"]: words / max(stage["seconds"], 1e-3) for stage in prepared.about["stages"]}
    rounded = {GENSIM: theirs, OURS: {**ours, "together": words / preparing}}
    return prepared, {name: {stage: round(speed) for stage, speed in of.items()} for name, of in rounded.items()}


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


def _training_alone(prepared: TrainingInput) -> dict[str, dict[str, int]]:
    """One epoch over the same sentences: fed line by line, read by gensim itself, and in our pieces."""
    from gensim.models import Word2Vec
    from gensim.models.word2vec import LineSentence

    counts = dict(zip(prepared.words, map(int, prepared.counts), strict=True))
    total, path = int(prepared.counts.sum()), str(prepared.sentences)
    found = {}
    for name, feeding in (
        ("gensim, corpus_iterable", {"corpus_iterable": LineSentence(path)}),
        ("gensim, corpus_file", {"corpus_file": path}),
    ):
        model = Word2Vec(**_gensim_parameters(seed=1))
        model.build_vocab_from_freq(counts, corpus_count=prepared.about["sentences"])
        took, _ = seconds(
            partial(model.train, total_words=total, total_examples=model.corpus_count, epochs=1, **feeding)
        )
        found[name] = {"one epoch": round(total / took)}
    learner = Learner(prepared.words, prepared.counts, TrainingParameters(**TRAINING))  # type: ignore[arg-type]
    place = Place()

    def epoch() -> None:
        while not learner.learn_piece(prepared.sentences, place, lambda _: None):
            pass

    took, _ = seconds(epoch)
    found[OURS] = {"one epoch": round(total / took)}
    return found


def _whole_job(text: Path, seeds: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """From text to saved vectors, in turn, without an evaluation in between; then the scores of what came of it."""
    times: dict[str, list[float]] = {GENSIM: [], OURS: []}
    scores: dict[str, list[dict[str, float]]] = {GENSIM: [], OURS: []}
    for seed in range(1, seeds + 1):
        took, theirs = seconds(partial(_gensim_job, text, folder / f"gensim-{seed}.kv", seed))
        times[GENSIM].append(took)
        vectors = theirs.wv.vectors[:EVALUATED_WORDS]
        exact = IndexParameters(kind="exact")
        save_model(folder / f"gensim-{seed}", theirs.wv.index_to_key[:EVALUATED_WORDS], vectors, Card("x"), index=exact)
        scores[GENSIM].append(_scores(open_model(folder / f"gensim-{seed}")))
        job = Job((str(text),), phrases=PHRASES, training={**TRAINING, "seed": seed}, evaluate=False)
        took, ours = seconds(partial(train, job, folder / f"ours-{seed}"))
        times[OURS].append(took)
        scores[OURS].append(_scores(ours))
    taken = {name: {"mean": round(float(np.mean(of)), 1), "fastest": round(min(of), 1)} for name, of in times.items()}
    return taken, {name: _spread(of) for name, of in scores.items()}


def _gensim_job(text: Path, path: Path, seed: int) -> "Word2Vec":
    from gensim.models import Word2Vec

    model = Word2Vec(TokenisedLines(text, _gensim_phrases(text)), **_gensim_parameters(seed))
    model.wv.save(str(path))
    return model


def _scores(model: Model) -> dict[str, float]:
    found = {}
    for dataset in EVALUATED:
        report = evaluate(model, dataset, exact=True, restrict=EVALUATED_WORDS)
        found[dataset] = 100 * (report.total.accuracy if isinstance(report, AnalogyReport) else report.spearman)
    return found


def _spread(scores: list[dict[str, float]]) -> dict[str, str]:
    return {
        dataset: f"{np.mean([of[dataset] for of in scores]):.1f} ± {np.std([of[dataset] for of in scores]):.1f}"
        for dataset in scores[0]
    }
