"""Which search index is fastest for a model on this machine, at a wanted recall: tried out, and put in its place."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.files import lock_place, place_of
from embeddings.models.model import Manifest, open_model
from embeddings.models.writer import rebuild_index
from embeddings.progress import Progress, no_progress
from embeddings.search import (
    Index,
    IndexParameters,
    Matrix,
    Rows,
    analogy_targets,
    build_codes,
    factory_for,
    measure,
    nearest_but_inputs,
)

_TIMED = 200
_OTHER_SEED = 1
"""Of the targets that are timed and whose recall is shown: not those that candidates are chosen by."""
_FEWEST_ROWS = 1000
"""Below this many, codes are not worth learning."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting as it was found to be, searching one target at a time."""

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
    """Whether it reached the wanted recall where it was measured for that, with a margin."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """All that was tried, and which was chosen."""

    trials: tuple[Trial, ...]
    chosen: Trial
    manifest: Manifest


def tune(path: Path, recall: float = 0.999, progress: Progress = no_progress) -> Tuning:
    """Try the settings of `settings_for` on the model at ``path`` and give it the fastest index that has ``recall``.

    Raises `ModelError` if the model cannot be written; until the last step it stays as it is.
    """
    path = place_of(path)
    with lock_place(path) as lock:
        model = open_model(path)
        settings = settings_for(*model.vectors.shape)
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


def settings_for(count: int, dimension: int) -> list[tuple[str, str | None]]:
    """Kinds of index, and FAISS's names of them, that are worth trying for [count, dimension] rows.

    Codes of one, two or three dimensions each; of dimensions turned so that they hold most (OPQ, Ge et al. 2013);
    and in lists, some thousand rows or a quarter of that each.
    """
    if count < _FEWEST_ROWS:
        return [("exact", None)]
    plain = factory_for("fastscan", count, dimension)
    flat = [plain, f"PQ{dimension}x4fs"]
    if dimension % 2 == 0:
        flat.append(f"OPQ{dimension // 2}_{dimension},{plain}")
    if dimension % 3 == 0:
        flat.append(f"PQ{dimension // 3}x4fs")
    lists, codes = factory_for("ivf", count, dimension).removeprefix("IVF").split(",")
    inverted = [f"IVF{number},{codes}" for number in (int(lists), 4 * int(lists))]
    return [
        ("exact", None),
        *(("fastscan", factory) for factory in dict.fromkeys(flat)),
        *(("ivf", factory) for factory in dict.fromkeys(inverted)),
    ]


def _try(vectors: Matrix, kind: str, factory: str | None, recall: float, targets: Matrix, truth: Rows) -> Trial:
    started = time.perf_counter()
    index, probes, reaches = Index(vectors, None, 0), 0, True
    if factory is not None:
        codes = build_codes(vectors, factory, seed=0)
        probes, candidates, share = measure(vectors, codes, IndexParameters(kind, recall))
        reaches = share >= recall
        index = Index(vectors, codes, candidates)
    built = time.perf_counter() - started
    times, found = [], []
    for target in targets:
        before = time.perf_counter()
        found.append(index.search(target[None], truth.shape[1] + 3)[1][0])
        times.append(time.perf_counter() - before)
    hits = sum(np.isin(true, rows).sum() for rows, true in zip(found, truth, strict=True))
    return Trial(
        kind,
        factory,
        probes,
        index.candidates,
        round(float(hits / truth.size), 5),
        round(float(np.median(times)) * 1000, 4),
        round(built, 2),
        reaches,
    )
