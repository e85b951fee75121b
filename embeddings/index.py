"""Nearest neighbours by cosine: exact, or through FAISS codes whose recall was measured. Knows rows, not words.

The fast way keeps 4-bit product-quantised codes of all rows (André et al. 2017, "Accelerated nearest neighbor search
with Quick ADC"; FAISS's fast scan), asks them for more candidates than wanted, and ranks those again by their exact
vectors. How many candidates it takes is measured when the index is built, on analogy targets made of the model's own
rows: searching a row's own vector would flatter any index.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError

INDEX_FILE = "index.faiss"

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_EXACT_BELOW = 20_000
"""Up to this many rows exact search takes less time than the fast scan and its ranking."""
_TRAINING_ROWS = 65_536
_CENTROIDS = 16
_BLOCK_ROWS = 65_536
_TOP_GROUP = 512


@dataclass(frozen=True, slots=True)
class IndexParameters:
    """What is wanted of an index; saved in model.json beside what came of it."""

    kind: str = "auto"
    """``auto``, ``exact`` (no codes at all) or ``fastscan``."""
    recall: float = 0.999
    """Wanted share of the true ten nearest rows among those found, on analogy targets."""
    targets: int = 1000
    """Number of analogy targets that the recall is measured on."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What was built: the ``index`` block of model.json."""

    kind: str
    factory: str | None
    candidates: int
    recall: float
    build_seconds: float
    parameters: IndexParameters

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Index:
    """Search over unit rows, float32 [count, dimension]."""

    def __init__(self, vectors: Matrix, codes: faiss.Index | None, candidates: int) -> None:
        """``codes`` is None for exact search; ``candidates`` is how many of its finds are ranked again for ten."""
        self.vectors = vectors
        self.candidates = candidates
        self._codes = codes

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def is_exact(self) -> bool:
        return self._codes is None

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""
        return self.vectors.take(rows, axis=0)

    def first_vectors(self, number: int) -> Matrix:
        """The unit vectors of the first rows, float32 [number, dimension]."""
        return self.vectors[:number]

    def search(
        self, targets: Matrix, k: int, *, exact: bool = False, restrict: int | None = None
    ) -> tuple[Matrix, Rows]:
        """The ``k`` rows nearest to each target: cosines and rows, both [targets, min(k, count)], best first.

        ``targets`` are unit vectors [targets, dimension]. ``restrict`` looks at the first rows only (the most
        frequent words), and exactly, since few rows are fast to search.
        """
        rows = self.vectors[:restrict]
        k = min(k, len(rows))
        wanted = self.enough_candidates(k)
        if exact or self._codes is None or restrict is not None or wanted > len(self.vectors) // 4:
            return exact_search(rows, targets, k)
        found = self.find_candidates(targets, wanted)
        scores = np.empty((len(targets), k), np.float32)
        best = np.empty((len(targets), k), np.int64)
        for position, target in enumerate(targets):
            scores[position], best[position] = rank(rows, found[position], target, k)
        return scores, best

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows:
        """The rows whose codes are nearest to each target, [targets, wanted], in the order of the codes."""
        if self._codes is None:
            return exact_search(self.vectors, targets, wanted)[1]
        with _threads(1 if len(targets) == 1 else None):
            rows: Rows = self._codes.search(targets, wanted)[1]
        return rows

    def enough_candidates(self, k: int) -> int:
        """How many candidates to rank for the best ``k``, going by the number that was measured for ten."""
        return max(self.candidates, self.candidates * k // 20)


def unit(vector: Matrix) -> Matrix:
    """``vector`` [dimension] brought to length 1; zeros stay zeros."""
    length = np.sqrt(vector @ vector)
    scaled: Matrix = np.asarray(vector / length if length > 0 else vector, np.float32)
    return scaled


def exact_search(vectors: Matrix, targets: Matrix, k: int) -> tuple[Matrix, Rows]:
    """The ``k`` nearest of ``vectors`` [count, dimension] to each of ``targets`` [n, dimension], by brute force.

    Returns cosines and rows [n, k], best first, the lower row first among equals.
    """
    k = min(k, len(vectors))
    if len(targets) == 1:
        scores, rows = _largest(vectors @ targets[0], k)
        return scores[None], rows[None]
    all_scores = np.empty((len(targets), k), np.float32)
    all_rows = np.empty((len(targets), k), np.int64)
    # A block of targets against a block of rows stays in the processor's cache; each block keeps its own best.
    for some in _blocks(len(targets), 64):
        found = [
            _largest_of_each(targets[some] @ vectors[rows].T, k, first=rows.start)
            for rows in _blocks(len(vectors), 16_384)
        ]
        scores = np.concatenate([scores for scores, _ in found], axis=1)
        rows_found = np.concatenate([rows for _, rows in found], axis=1)
        order = np.lexsort((rows_found, -scores))[:, :k]
        all_scores[some] = np.take_along_axis(scores, order, axis=1)
        all_rows[some] = np.take_along_axis(rows_found, order, axis=1)
    return all_scores, all_rows


def rank(vectors: Matrix, candidates: Rows, target: Matrix, k: int) -> tuple[Matrix, Rows]:
    """The best ``k`` of ``candidates`` by exact cosine: cosines and rows [k], best first."""
    scores = vectors.take(candidates, axis=0) @ target
    best, positions = _largest(scores, k)
    return best, candidates[positions]


def build_index(vectors: Matrix, parameters: IndexParameters, path: Path) -> IndexReport:
    """Choose, build and measure an index over unit rows [count, dimension] and write it to ``path``.

    With ``auto`` the codes are kept only if ranking a moderate number of candidates reaches the wanted recall.
    Raises `ModelError` for an unknown kind, or if ``fastscan`` was asked for and cannot reach the recall.
    """
    if parameters.kind not in ("auto", "exact", "fastscan"):
        raise ModelError(f"There is no index of kind '{parameters.kind}'. Choose auto, exact or fastscan.")
    started = time.perf_counter()
    count, dimension = vectors.shape
    if parameters.kind == "fastscan" and count < _CENTROIDS:
        raise ModelError(f"Fast scan needs {_CENTROIDS} rows or more, and there are {count}. Choose exact.")
    exact = parameters.kind == "exact" or (parameters.kind == "auto" and count < _EXACT_BELOW)
    if not exact:
        factory = f"PQ{(dimension + 1) // 2}x4fs"
        codes = _build_codes(vectors, factory, parameters.seed)
        candidates, recall = measure_candidates(vectors, codes, parameters)
        if recall >= parameters.recall:
            faiss.write_index(codes, str(path))
            seconds = time.perf_counter() - started
            return IndexReport("fastscan", factory, candidates, recall, round(seconds, 3), parameters)
        if parameters.kind == "fastscan":
            raise ModelError(
                f"Fast scan reaches a recall of {recall:.4f} with {candidates:,} candidates, below the wanted "
                f"{parameters.recall}. Ask for less, or for the index of kind exact."
            )
    path.unlink(missing_ok=True)
    return IndexReport("exact", None, 0, 1.0, round(time.perf_counter() - started, 3), parameters)


def open_index(vectors: Matrix, report: IndexReport, path: Path) -> Index:
    """Open what `build_index` wrote. Raises `ModelError` naming a file that does not fit."""
    if report.kind == "exact":
        return Index(vectors, None, 0)
    try:
        codes = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ModelError(f"{path} cannot be read as a search index: {error}") from error
    if (codes.ntotal, codes.d) != vectors.shape:
        shape = f"{codes.ntotal:,} × {codes.d}"
        raise ModelError(f"{path} is for {shape} vectors, not for {len(vectors):,} × {vectors.shape[1]}.")
    return Index(vectors, codes, report.candidates)


def analogy_targets(vectors: Matrix, number: int, seed: int) -> tuple[Matrix, Rows]:
    """Unit targets b - a + c [number, dimension] and the rows (a, b, c) [number, 3] that they were made of.

    Half of them are of three frequent words at random, which lie far from any row; in the other half a and b are
    close, as the words of a real analogy are.
    """
    rng = np.random.default_rng(seed)
    frequent = min(len(vectors), 30_000)
    inputs = rng.integers(0, frequent, (number, 3))
    near = slice(0, number // 2)
    neighbours = exact_search(vectors[:frequent], vectors[inputs[near, 0]], 50)[1]
    chosen = rng.integers(0, neighbours.shape[1], len(neighbours))
    inputs[near, 1] = neighbours[np.arange(len(neighbours)), chosen]
    targets = vectors[inputs[:, 1]] - vectors[inputs[:, 0]] + vectors[inputs[:, 2]]
    lengths = np.linalg.norm(targets, axis=1)
    kept = lengths > 1e-3
    return targets[kept] / lengths[kept, None], inputs[kept]


def nearest_but_inputs(vectors: Matrix, targets: Matrix, inputs: Rows, k: int = 10) -> Rows:
    """The true ``k`` nearest rows of each target [n, k], without the rows it was made of (as an answer lists them)."""
    found = exact_search(vectors, targets, k + inputs.shape[1])[1]
    is_input = (found[:, :, None] == inputs[:, None, :]).any(axis=2)
    order = np.argsort(is_input, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(found, order, axis=1)


def measure_candidates(vectors: Matrix, codes: faiss.Index, parameters: IndexParameters) -> tuple[int, float]:
    """The fewest candidates that reach the wanted recall@10 on analogy targets, and the recall that they reach.

    To hold on other targets than those measured, they must miss no more than half as much as is allowed.
    """
    targets, inputs = analogy_targets(vectors, parameters.targets, parameters.seed)
    truth = nearest_but_inputs(vectors, targets, inputs)
    goal = parameters.recall + (1 - parameters.recall) / 2
    most = max(len(vectors) // 8, truth.shape[1])
    for number in (2048, 16_384):
        places = _places(codes.search(targets, min(number, most))[1], truth)
        needed = int(np.sort(places, axis=None)[int(np.ceil(goal * places.size)) - 1]) + 1
        if needed <= number or number >= most:
            break
    candidates = min(number, most, -(-needed // 64) * 64)
    return candidates, float((places < candidates).mean())


def _places(found: Rows, truth: Rows) -> Rows:
    """Where in ``found`` [n, candidates] each row of ``truth`` [n, k] stands; past the end if it is not there."""
    places = np.full(truth.shape, np.iinfo(np.int64).max)
    for position, (candidates, wanted) in enumerate(zip(found, truth, strict=True)):
        by_row = np.argsort(candidates)
        at = np.searchsorted(candidates, wanted, sorter=by_row).clip(max=len(candidates) - 1)
        there = candidates[by_row[at]] == wanted
        places[position, there] = by_row[at][there]
    return places


def _build_codes(vectors: Matrix, factory: str, seed: int) -> faiss.Index:
    count, dimension = vectors.shape
    codes = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(seed).permutation(count)[:_TRAINING_ROWS]
    codes.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    for rows in _blocks(count, _BLOCK_ROWS):
        codes.add(np.ascontiguousarray(vectors[rows]))
    return codes


def _largest(scores: Matrix, k: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """The ``k`` largest of ``scores`` [n] and where they stand, largest first, the earlier first among equals.

    A partition of everything would cost more than the product that made the scores. The k-th largest of the maxima of
    groups is a bound that no winner lies below, and it leaves few to sort.
    """
    groups = len(scores) // _TOP_GROUP
    candidates: npt.NDArray[np.int64]
    if groups > k:
        maxima = scores[: groups * _TOP_GROUP].reshape(groups, _TOP_GROUP).max(axis=1)
        candidates = np.flatnonzero(scores >= np.partition(maxima, groups - k)[groups - k])
    else:
        candidates = np.arange(len(scores))
        if len(scores) > 4 * k:
            candidates = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    order = np.argsort(-scores[candidates], kind="stable")[:k]
    rows = candidates[order]
    return scores[rows], rows


def _largest_of_each(scores: Matrix, k: int, first: int) -> tuple[Matrix, Rows]:
    """`_largest` for each line of ``scores`` [n, rows]; ``first`` is added to where they stand."""
    k = min(k, scores.shape[1])
    best = np.empty((len(scores), k), np.float32)
    rows = np.empty((len(scores), k), np.int64)
    for line, of_target in enumerate(scores):
        best[line], rows[line] = _largest(of_target, k)
    return best, rows + first


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Let FAISS use ``number`` threads in what this thread does; None leaves it as it is. One query is too little work
    to share: waiting for a second thread costs more than it does, and more still where the processors are busy.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _blocks(count: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
