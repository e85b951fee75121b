"""Corpus → model, in stages that can be stopped and resumed: prepare, train, evaluate, write."""

import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from embeddings.errors import CorpusError, EmbeddingsError, EngineError
from embeddings.evaluation import AnalogyReport, evaluate
from embeddings.files import save_array, work_folder
from embeddings.models import DISPLAY_FILE, SUBWORDS_FILE, Card, Model, ModelWriter, open_model, save_model, write_texts
from embeddings.search import IndexParameters, Matrix
from embeddings.training.engine import LearnedVectors, Learner, Place, alpha_at
from embeddings.training.engines import GENSIM, choose_engine, describe_engine, open_learner
from embeddings.training.fine_tuning import StartingModel, merge, moved_most, open_old
from embeddings.training.parameters import Algorithm, Engine, Job, Keep, VectorsBy, choose_parameters
from embeddings.training.preparation import TrainingInput, check, prepare
from embeddings.training.stages import SENTENCES
from embeddings.training.workspace import Note, Status, Watcher, Workspace, unwatched

CHECKPOINT, BEST, PLACE_FILE = "checkpoint", "best", "place.json"
EVALUATED = ("google", "wordsim353", "simlex999")
EVALUATED_WORDS = 30_000
"""In-loop evaluation asks what is in the vocabulary's most frequent words, as published figures do."""
_BLOCK_ROWS = 50_000
_STOPPED = "Stopped, with a checkpoint. Go on with:"


class TrainingStopped(EmbeddingsError):
    """Training was stopped on request, and can be resumed."""


class ClusterEngine(Protocol):
    """An engine that prepares the corpus elsewhere, and may learn there."""

    def check(self, job: Job) -> None:
        """Raises `EngineError` or `CorpusError` for what can be known to be wrong beforehand."""
        ...

    def train(
        self, job: Job, given_phrases: Sequence[str], known_words: Sequence[str], space: Workspace, watcher: Watcher
    ) -> tuple[TrainingInput, LearnedVectors | None]:
        """The prepared corpus, and vectors if they were learned there."""
        ...


def train(
    job: Job | None,
    out: Path,
    *,
    resume: bool = False,
    watcher: Watcher = unwatched,
    cluster: ClusterEngine | None = None,
) -> Model:
    """Train what ``job`` asks for and write the model folder ``out``; with ``resume``, go on with what was stopped.

    ``cluster`` does the work of jobs whose engine is spark: hand in ``embeddings.spark.SparkEngine()``.

    Tokenising uses processes: a script that calls this needs ``if __name__ == "__main__":``. Ctrl-C stops after the
    piece that is being learned, with a checkpoint. Raises `CorpusError`, `ModelError` and `TrainingStopped`.
    """
    began = time.time()
    space = Workspace(out)
    if job is not None and not resume:
        _begin(job, cluster)
    with space.opened(job, resume=resume) as begun, _stopping() as stop:
        if space.goes_on:
            watcher(Note(f"Going on with what was stopped. To begin anew, stop this and remove {space.folder}."))
        to_do, old, given = _begin(begun, cluster) if not space.has(SENTENCES) else (*_with_old(begun), [])
        known = list(old.model.vocabulary) if old else []
        given += [word.replace("_", " ") for word in known if "_" in word.strip("_") or word.endswith("'s")]

        def stoppable(event: Status | Note) -> None:
            watcher(event)
            if stop.is_set():
                raise TrainingStopped(_STOPPED)

        prepared, learned = _prepare(to_do, given, known, space, stoppable, cluster)
        run = _Run(to_do, space, prepared, old, watcher)
        if learned is not None:
            place = Place(learned.parameters.epochs, seconds=learned.seconds)
            model = _write(run, learned, place, [_close_epoch(run, learned, place)])
        else:
            learner = _open_learner(run)
            model = _write(run, learner, *_learn(run, learner, stop))
        space.clear()
    watcher(Note(f"Wrote {model.folder}: {len(model):,} words × {model.dimension}, in {time.time() - began:,.0f} s."))
    return model


def _begin(job: Job, cluster: ClusterEngine | None) -> tuple[Job, StartingModel | None, list[str]]:
    """The job with what follows from --init, the model of --init, and the phrases that are given.

    Raises `CorpusError`, `KernelError` and `ModelError` for all that can be known to be wrong beforehand.
    """
    job, old = _with_old(job)
    given = check(job)
    choose_engine(job.engine.engine, choose_parameters(job.preset, 0, job.given)[1])
    if job.engine.engine is Engine.SPARK:
        _needed(cluster).check(job)
    return job, old, given


def _needed(cluster: ClusterEngine | None) -> ClusterEngine:
    if cluster is None:
        raise EngineError(
            "This job is for a cluster: hand one in, train(job, out, cluster=embeddings.spark.SparkEngine())."
        )
    return cluster


def _prepare(
    job: Job,
    given: Sequence[str],
    known: Sequence[str],
    space: Workspace,
    watcher: Watcher,
    cluster: ClusterEngine | None,
) -> tuple[TrainingInput, LearnedVectors | None]:
    if job.engine.engine is Engine.SPARK and not (job.engine.vectors is VectorsBy.LOCAL and space.has(SENTENCES)):
        return _needed(cluster).train(job, given, known, space, watcher)
    return prepare(job, given, known, space, watcher), None


def _with_old(job: Job) -> tuple[Job, StartingModel | None]:
    if job.init is None:
        return job, None
    old = open_old(job.init)
    return replace(job, training=old.parameters(job.training)), old


# ---- Learning


@dataclass(frozen=True, slots=True)
class _Run:
    """A job from where its text is prepared: what learning and writing share."""

    job: Job
    space: Workspace
    prepared: TrainingInput
    old: StartingModel | None
    watcher: Watcher


def _open_learner(run: _Run) -> Learner:
    """The engine that was chosen; a training that goes on stays with the one that it began with."""
    prepared, space = run.prepared, run.space
    if space.has(CHECKPOINT):
        name, why = str(space.read_json(space.folder / CHECKPOINT / PLACE_FILE)["engine"]), None
    else:
        name, why = choose_engine(run.job.engine.engine, prepared.parameters)
    start = run.old.start(prepared.words) if run.old else None
    learner = open_learner(name, prepared.words, prepared.counts, prepared.parameters, start)
    run.watcher(Note(describe_engine(learner.engine, why), {"engine": {**learner.engine, "why": why}}))
    return learner


def _learn(run: _Run, learner: Learner, stop: threading.Event) -> tuple[Place, list[dict[str, Any]]]:
    job, space, watcher = run.job, run.space, run.watcher
    place, epochs = _resume(learner, space)
    parameters = learner.parameters
    last_saved = time.monotonic()
    while place.epoch < parameters.epochs:
        before = time.perf_counter()

        def fed(words: int, before: float = before) -> None:
            watcher(_status(learner, place, words, time.perf_counter() - before))

        fed(0)  # an epoch of little text ends before gensim says how far it is
        end_of_epoch = learner.learn_piece(run.prepared.sentences, place, fed)
        place.seconds += time.perf_counter() - before
        if end_of_epoch:
            learner.finish_epoch()
            epochs.append(_close_epoch(run, learner, place))
            if job.keep is Keep.BEST and _goodness(epochs[-1]) >= max(map(_goodness, epochs)):
                _save(learner, place, epochs, space, BEST)
        due = time.monotonic() - last_saved > job.checkpoint_minutes * 60
        if end_of_epoch or due or stop.is_set():
            _save(learner, place, epochs, space, CHECKPOINT)
            last_saved = time.monotonic()
        if stop.is_set() and place.epoch < parameters.epochs:
            raise TrainingStopped(_STOPPED)
    if job.keep is Keep.BEST:
        best = max(range(len(epochs)), key=lambda number: _goodness(epochs[number]))
        watcher(Note(f"Kept epoch {best + 1} of {len(epochs)}.", {"kept_epoch": best + 1}))
        place.random = _read_place(space, BEST)[0].random
        learner.load(space.folder / BEST, place)
        epochs[best]["kept"] = True
    return place, epochs


def _status(learner: Learner, place: Place, fed: int, seconds: float) -> Status:
    done = place.epoch * learner.total + place.words + fed
    speed = done / max(place.seconds + seconds, 1e-6)
    total = learner.total * learner.parameters.epochs
    stage = f"epoch {place.epoch + 1} of {learner.parameters.epochs}"
    return Status(stage, done, total, done, speed, place.loss, alpha_at(learner, place))


def _resume(learner: Learner, space: Workspace) -> tuple[Place, list[dict[str, Any]]]:
    if not space.has(CHECKPOINT):
        return Place(), []
    place, epochs = _read_place(space, CHECKPOINT)
    learner.load(space.folder / CHECKPOINT, place)
    return place, epochs


def _read_place(space: Workspace, stage: str) -> tuple[Place, list[dict[str, Any]]]:
    content = space.read_json(space.folder / stage / PLACE_FILE)
    return Place(**content["place"]), content["epochs"]


def _save(learner: Learner, place: Place, epochs: list[dict[str, Any]], space: Workspace, stage: str) -> None:
    place.random = learner.random_state()
    with space.stage(stage) as folder:
        learner.save(folder)
        space.write_json(
            folder / PLACE_FILE, {"engine": learner.engine["name"], "place": asdict(place), "epochs": epochs}
        )


def _goodness(epoch: dict[str, Any]) -> float:
    """What --keep best goes by: analogies, or similarities where no question could be asked."""
    google = epoch.get("google", {})
    pairs = epoch.get("wordsim353", {})
    return float(google["accuracy"]) if google.get("questions") else float(pairs.get("spearman", 0.0))


def _close_epoch(run: _Run, learner: LearnedVectors, place: Place) -> dict[str, Any]:
    """What there is to say of an epoch: seconds, words a second, loss, and scores where they are wanted."""
    scores: dict[str, Any] = {}
    if run.job.evaluate:
        words, exact = learner.words[:EVALUATED_WORDS], IndexParameters(kind="exact")
        with work_folder(run.space.folder / "epoch") as work:
            save_model(work / "epoch", words, learner.rows(0, len(words)), Card("epoch"), index=exact)
            scores = _scores(open_model(work / "epoch"))
    speed = round(learner.total * place.epoch / max(place.seconds, 1e-6))
    figures = {"epoch": place.epoch, "seconds": round(place.seconds, 1), "words_per_second": speed, "loss": place.loss}
    described = f"{describe_scores(scores)}, " if run.job.evaluate else ""
    run.watcher(Note(f"Epoch {place.epoch}: {described}{speed:,} words/s", {**figures, **scores}))
    return {**figures, **scores}


def _scores(model: Model) -> dict[str, Any]:
    """Scores on the sets that come with gensim; a set of which ``model`` knows no words is left out."""
    scores: dict[str, Any] = {}
    for dataset in EVALUATED:
        with suppress(CorpusError):  # too few words of the set are known, or gensim came without it
            report = evaluate(model, dataset, exact=True)
            content = report.as_dict()
            if isinstance(report, AnalogyReport):
                of_groups = {group["name"]: group for group in content["groups"]}
                scores[dataset] = {**content["total"], "sections": content["sections"], **of_groups}
            elif report.spearman is not None:
                scores[dataset] = {
                    "pairs": report.pairs,
                    "spearman": content["spearman"],
                    "pearson": content["pearson"],
                }
    return scores


def describe_scores(scores: dict[str, Any]) -> str:
    """One line for people."""
    parts = []
    if google := scores.get("google"):
        parts.append(f"google {google['accuracy']:.1%} of {google['questions']:,} questions")
    parts += [f"{name} {scores[name]['spearman']:.3f}" for name in EVALUATED[1:] if name in scores]
    return ", ".join(parts) or "no words of the evaluation sets"


# ---- Writing


def _write(run: _Run, learner: LearnedVectors, place: Place, epochs: list[dict[str, Any]]) -> Model:
    job, space, prepared, old = run.job, run.space, run.prepared, run.old
    parameters = learner.parameters
    words, counts = prepared.words, prepared.counts.astype(np.uint64)
    merged: Matrix | None = None
    moved: list[dict[str, Any]] = []
    if old is not None:
        vectors = learner.rows(0, len(words))
        moved = moved_most(old, words, vectors, prepared.counts)
        words, counts, merged = merge(old, words, counts, vectors)
    kept = next((epoch for epoch in epochs if epoch.get("kept")), epochs[-1])
    packages = ["thisplusthat", "numpy"]
    if job.engine.engine is Engine.SPARK:
        packages.append("pyspark")
    if learner.engine["name"] == GENSIM:
        packages.append("gensim")
    subwords = None
    if parameters.algorithm is Algorithm.FASTTEXT:
        subwords = {"min_n": parameters.min_n, "max_n": parameters.max_n, "buckets": parameters.bucket}
    card = Card(
        name=space.model.name,
        method=learner.method,
        parameters={**learner.told, "preset": prepared.preset},
        corpus=_corpus_text(prepared),
        metrics={
            name: {key: value for key, value in kept[name].items() if key != "sections"}
            for name in EVALUATED
            if name in kept
        },
        subwords=subwords,
        training={
            "corpus": asdict(prepared.corpus),
            "reading": {"corpus": asdict(job.corpus), "tokens": asdict(job.tokens), "phrases": asdict(job.phrases)},
            "phrase_lists": list(job.phrase_lists),
            "titles": job.titles,
            "engine": {**asdict(job.engine), **learner.engine},
            **prepared.about,
            "epochs": epochs,
            "seconds": round(place.seconds + sum(stage["seconds"] for stage in prepared.about["stages"]), 1),
            "init": job.init,
            "begun_at": space.begun_at,
            "moved_most": moved,
            "versions": {
                "python": sys.version.split()[0],
                **{name: version(name) for name in packages},
            },
        },
    )
    with ModelWriter(space.model, parameters.vector_size, expected_rows=len(words), lock=space.lock) as writer:
        for start in range(0, len(words), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            vectors = learner.rows(start, start + _BLOCK_ROWS) if merged is None else merged[block]
            writer.append(words[block], vectors, counts[block].tolist())
        write_texts(writer.folder / DISPLAY_FILE, _display(words, prepared, old))
        if learner.ngrams is not None:
            _save_ngrams(writer.folder / SUBWORDS_FILE, learner.ngrams)
        writer.finish(card, progress=lambda stage, done, total: run.watcher(Status(f"writing, {stage}", done, total)))
    if moved:
        most = ", ".join(f"{word['word']} ({word['moved']:.2f})" for word in moved[:5])
        run.watcher(Note(f"Words that moved most (1 - cosine): {most}", {"moved_most": moved}))
    return open_model(space.model)


def _save_ngrams(path: Path, ngrams: Matrix) -> None:
    save_array(path, np.asarray(ngrams, np.float32))


def _display(words: Sequence[str], prepared: TrainingInput, old: StartingModel | None) -> list[str | None]:
    """How each of ``words`` is mostly written, in the new text or in that of the old model; None as it stands."""
    forms = dict(zip(prepared.words, prepared.display, strict=bool(prepared.display)))
    shown: list[str | None] = []
    for word in words:
        form = forms.get(word)
        if form is None and old is not None and (row := old.model.vocabulary.row(word)) is not None:
            form = old.model.display(row)
        shown.append(form or None)
    return shown


def _corpus_text(prepared: TrainingInput) -> str:
    names: Sequence[str] = [Path(file.name).name for file in prepared.corpus.files]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3:,} more files" if len(names) > 3 else "")
    return f"{shown}: {prepared.corpus.words:,} words"


# ---- Stopping


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM set the event, a second one ends the program. Only a main thread can listen to them."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, _: Any) -> None:
        stop.set()
        signal.signal(number, previous[signal.Signals(number)])

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def memory_mb() -> float:
    """The most memory that this process has had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
