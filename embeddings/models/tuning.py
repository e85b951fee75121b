"""Find the fastest search index for a model on this machine at a wanted recall, and install it."""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from embeddings.files import lock_place, place_of
from embeddings.models.model import Manifest, open_model
from embeddings.models.writer import rebuild_index
from embeddings.progress import Progress, no_progress
from embeddings.search import (
    IndexParameters,
    Matrix,
    Rows,
    analogy_targets,
    nearest_but_inputs,
    open_index,
    settings_to_try,
    try_index,
)

_TIMED = 200
_OTHER_SEED = 1
"""Seed of the targets that are timed and whose recall is shown, not of those that choose the candidates."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The measured results of one setting, searching one target at a time."""

    kind: str
    factory: str | None
    probes: int
    candidates: int
    recall: float
    """recall@10 on analogy targets other than those by which the candidates were chosen."""
    milliseconds: float
    """Median time of a search."""
    build_seconds: float
    reaches: bool
    """Whether it reached the wanted recall, with a margin, on the targets that choose the candidates."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """All trials, and the chosen one."""

    trials: tuple[Trial, ...]
    chosen: Trial
    manifest: Manifest


def tune(path: Path, recall: float = 0.999, progress: Progress = no_progress) -> Tuning:
    """Try the settings of `settings_to_try` on the model at ``path`` and give it the fastest index that has ``recall``.

    Raises `ModelError` if the model cannot be written; it does not change before the last step.
    """
    path = place_of(path)
    with lock_place(path) as lock:
        model = open_model(path)
        settings = settings_to_try(model.vectors)
        targets, inputs = analogy_targets(model.vectors, _TIMED, _OTHER_SEED)
        truth = nearest_but_inputs(model.vectors, targets, inputs)
        trials = []
        for number, (kind, factory) in enumerate(settings):
            progress(factory or kind, number, len(settings) + 1)
            trials.append(_try(model.vectors, kind, factory, recall, targets, truth))
        chosen = min((trial for trial in trials if trial.reaches), key=lambda trial: trial.milliseconds)
        progress("writing", len(settings), len(settings) + 1)
        manifest = rebuild_index(path, IndexParameters(chosen.kind, recall, factory=chosen.factory), lock=lock)
    progress("done", len(settings) + 1, len(settings) + 1)
    return Tuning(tuple(trials), chosen, manifest)


def _try(vectors: Matrix, kind: str, factory: str | None, recall: float, targets: Matrix, truth: Rows) -> Trial:
    with TemporaryDirectory() as name:
        report = try_index(vectors, kind, IndexParameters(kind, recall, factory=factory), Path(name))
        index = open_index(vectors, report, Path(name))
        index.load()
    times, found = [], []
    for target in targets:
        before = time.perf_counter()
        found.append(index.nearest(target, truth.shape[1] + 3)[1])
        times.append(time.perf_counter() - before)
    hits = sum(np.isin(true, rows).sum() for rows, true in zip(found, truth, strict=True))
    return Trial(
        kind,
        report.factory,
        report.probes,
        report.candidates,
        round(float(hits / truth.size), 5),
        round(float(np.median(times)) * 1000, 4),
        report.build_seconds,
        report.recall >= recall,
    )
