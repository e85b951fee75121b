"""Nearest neighbours by cosine: exact, or through FAISS codes whose recall was measured. Knows rows, not words.

The fast way keeps 4-bit product-quantised codes of all rows (André et al. 2017, "Accelerated nearest neighbor search
with Quick ADC"; FAISS's fast scan), asks them for more candidates than wanted, and ranks those again by their exact
vectors. How many candidates it takes is measured when the index is built, for each kind of query on targets made of the
model's own rows. Of large vocabularies the codes are in inverted lists, of which a search reads the nearest few.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from embeddings.errors import ModelError
from embeddings.files import KeptOpen, row_reader
from embeddings.search.brute_force import Matrix, Rows, blocks, exact_search, rank, unit, without_missing
from embeddings.search.recall import (
    Asked,
    Search,
    analogy_targets,
    expression_targets,
    fewest_candidates,
    nearest_but_inputs,
    neighbour_targets,
)

__all__ = [
    "INDEX_FILE",
    "Asked",
    "Index",
    "IndexParameters",
    "IndexReport",
    "Matrix",
    "Rows",
    "analogy_targets",
    "build_codes",
    "build_index",
    "exact_search",
    "factory_for",
    "measure",
    "nearest_but_inputs",
    "open_index",
    "unit",
]

INDEX_FILE = "index.faiss"

KINDS = ("auto", "exact", "fastscan", "ivf")

_MAPPED_BYTES = 1_000_000_000
"""Rows of larger matrices are read for ranking, not mapped: with each that is looked at Linux maps the fifteen pages
around it too, and a process would soon have all of a matrix resident that it uses little of."""
_EXACT_BELOW = 20_000
"""Up to this many rows exact search takes less time than the fast scan and its ranking."""
_LISTS_FROM = 1_000_000
"""From this many rows on inverted lists are tried first: whether they hold the recall depends on the vectors."""
_ROWS_PER_LIST = 3000
"""With shorter lists a search reads a little less, and finding the list of each row takes the most time of building."""
_MEASURED_VALUES = 20_000_000
"""Up to a matrix of so many values recall is measured on all the targets that are asked for."""
_TRAINING_ROWS, _TRAINING_ROWS_OF_LISTS = 16_384, 65_536
"""A thousand rows for each of a code's centroids; lists are more, and want some rows each."""
_CENTROIDS = 16
_BLOCK_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class IndexParameters:
    """What is wanted of an index; saved in model.json beside what came of it."""

    kind: str = "auto"
    """``auto``, ``exact`` (no codes at all), ``fastscan`` or ``ivf`` (fast scan of inverted lists)."""
    recall: float = 0.999
    """Wanted share of the true ten nearest rows among those found, on analogy targets."""
    targets: int = 1000
    """Number of analogy targets that the recall is measured on; down to a third for matrices above 80 MB."""
    seed: int = 0
    factory: str | None = None
    """FAISS's name of the codes of a fast scan; None goes by the size."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What was built: the ``index`` block of model.json."""

    kind: str
    factory: str | None
    candidates: int
    recall: float
    build_seconds: float
    parameters: IndexParameters
    probes: int = 0
    """Inverted lists that a search reads, of an index that has them."""
    candidates_for: Mapping[str, int] = field(default_factory=dict)
    """Candidates by kind of search (`Asked`); indexes built before these were measured take ``candidates`` for all."""
    recall_of: Mapping[str, float] = field(default_factory=dict)
    """The recall@10 that each reaches."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Index:
    """Search over unit rows, float32 [count, dimension]."""

    def __init__(
        self,
        vectors: Matrix,
        codes: "faiss.Index | Callable[[], faiss.Index] | None",
        candidates: int,
        candidates_for: Mapping[str, int] | None = None,
        read_rows: Callable[[Rows], Matrix] | None = None,
    ) -> None:
        """``codes`` is None for exact search, or a function that reads them when the first search needs them.

        ``candidates`` is how many of its finds are ranked again for ten, unless ``candidates_for`` has a number of its
        own for the kind of search. ``read_rows`` gives the vectors of rows otherwise than from ``vectors``.
        """
        self.vectors = vectors
        measured = candidates_for or {}
        self._candidates_for = {asked: measured[asked] for asked in Asked if asked in measured}
        self.candidates = max([candidates, *self._candidates_for.values()])
        self._codes = codes
        self._reading = threading.Lock()
        self._read_rows = read_rows

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def is_exact(self) -> bool:
        return self._codes is None

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""
        rows = np.asarray(rows, np.int64)
        return self.vectors.take(rows, axis=0) if self._read_rows is None else self._read_rows(rows)

    def first_vectors(self, number: int) -> Matrix:
        """The unit vectors of the first rows, float32 [number, dimension]."""
        return self.vectors[:number]

    def search(
        self,
        targets: Matrix,
        k: int,
        *,
        exact: bool = False,
        restrict: int | None = None,
        asked: Asked | None = None,
    ) -> tuple[Matrix, Rows]:
        """The ``k`` rows nearest to each target: cosines and rows, both [targets, min(k, count)], best first.

        ``targets`` are unit vectors [targets, dimension]. ``restrict`` looks at the first rows only (the most
        frequent words), and exactly, since few rows are fast to search. ``asked`` says what kind of targets they are.
        """
        rows = self.vectors[:restrict]
        k = min(k, len(rows))
        wanted = self.enough_candidates(k, asked)
        if exact or self._codes is None or restrict is not None or wanted > len(self.vectors) // 4:
            return exact_search(rows, targets, k)
        found = self.find_candidates(targets, wanted)
        scores = np.empty((len(targets), k), np.float32)
        best = np.empty((len(targets), k), np.int64)
        for position, target in enumerate(targets):
            candidates = without_missing(found[position])
            if len(candidates) < k:  # the lists that were read hold no more
                scores[position], best[position] = (line[0] for line in exact_search(rows, target[None], k))
            else:
                scores[position], best[position] = rank(self.vectors_of(candidates), candidates, target, k)
        return scores, best

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows:
        """The rows whose codes are nearest to each target, [targets, wanted], in the order of the codes; -1 where
        there are no more.
        """
        codes = self._opened_codes()
        if codes is None:
            return exact_search(self.vectors, targets, wanted)[1]
        with _threads(1 if len(targets) == 1 else None):
            rows: Rows = codes.search(targets, wanted)[1]
        return rows

    def load(self) -> None:
        """Read the codes now, not with the first search. Raises `ModelError` if they are damaged."""
        self._opened_codes()

    def _opened_codes(self) -> faiss.Index | None:
        if callable(self._codes):
            with self._reading:
                if callable(self._codes):
                    self._codes = self._codes()
        return self._codes

    def enough_candidates(self, k: int, asked: Asked | None = None) -> int:
        """How many candidates to rank for the best ``k``, going by the number that was measured for ten."""
        candidates = self.candidates if asked is None else self._candidates_for.get(asked, self.candidates)
        return max(candidates, candidates * k // 20)

    def candidates_for_products(self, k: int) -> int:
        """How many candidates to take of each of the two searches of 3CosMul: three times those of 3CosAdd, which
        found all true answers wherever it was measured.
        """
        candidates = 3 * self.candidates
        return max(candidates, candidates * k // 20)


def build_index(vectors: Matrix, parameters: IndexParameters, path: Path) -> IndexReport:
    """Choose, build and measure an index over unit rows [count, dimension] and write it to ``path``.

    With ``auto`` the codes are kept only if ranking a moderate number of candidates reaches the wanted recall.
    Raises `ModelError` for an unknown kind, or if codes were asked for and cannot reach the recall.
    """
    if parameters.kind not in KINDS:
        raise ModelError(
            f"There is no index of kind '{parameters.kind}'. Choose {', '.join(KINDS[:-1])} or {KINDS[-1]}."
        )
    started = time.perf_counter()
    kinds = [parameters.kind]
    if parameters.kind == "auto":
        kinds = (
            [] if len(vectors) < _EXACT_BELOW else ["ivf", "fastscan"] if len(vectors) >= _LISTS_FROM else ["fastscan"]
        )
    path.unlink(missing_ok=True)
    for kind in kinds:
        if kind == "exact":
            break
        if len(vectors) < _CENTROIDS:
            raise ModelError(f"Fast scan needs {_CENTROIDS} rows or more, and there are {len(vectors)}. Choose exact.")
        factory = parameters.factory or factory_for(kind, *vectors.shape)
        codes = build_codes(vectors, factory, parameters.seed)
        probes, candidates, recall = measure(vectors, codes, parameters)
        if recall >= parameters.recall:
            found = {Asked.ANALOGY.value: (candidates, recall)} | _measure_others(vectors, codes, parameters)
            # An expression can be an analogy in other signs.
            found[Asked.EXPRESSION.value] = max(found[Asked.EXPRESSION.value], found[Asked.ANALOGY.value])
            path.write_bytes(faiss.serialize_index(codes).data)  # FAISS itself does not say why a disk refuses
            return IndexReport(
                kind,
                factory,
                candidates,
                recall,
                round(time.perf_counter() - started, 3),
                parameters,
                probes,
                candidates_for={asked: number for asked, (number, _) in found.items()},
                recall_of={asked: round(share, 6) for asked, (_, share) in found.items()},
            )
        if kind == parameters.kind:
            raise ModelError(
                f"{factory} reaches a recall of {recall:.4f} with {candidates:,} candidates, below the wanted "
                f"{parameters.recall}. Ask for less, or for the index of kind exact."
            )
    return IndexReport("exact", None, 0, 1.0, round(time.perf_counter() - started, 3), parameters)


def open_index(vectors: Matrix, report: IndexReport, path: Path, vectors_file: Path | None = None) -> Index:
    """Open what `build_index` wrote; the codes are read when the first search needs them, of the file that is at
    ``path`` now. Raises `ModelError` naming a file that does not fit, then or now.

    ``vectors_file`` is the .npy file that ``vectors`` are mapped from: of a large one rows are read, not mapped.
    """
    read_rows = None
    if vectors_file is not None and vectors.nbytes > _MAPPED_BYTES:
        read_rows = row_reader(vectors_file, *vectors.shape)
    if report.kind == "exact":
        return Index(vectors, None, 0, read_rows=read_rows)
    file = KeptOpen(path)

    def codes() -> faiss.Index:
        try:
            # Not by its name, under which another model's may stand by now.
            codes = faiss.read_index(f"/dev/fd/{file.fileno()}", faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ModelError(f"{path} cannot be read as a search index: {error}") from error
        if (codes.ntotal, codes.d) != vectors.shape:
            shape = f"{codes.ntotal:,} × {codes.d}"
            raise ModelError(f"{path} is for {shape} vectors, not for {len(vectors):,} × {vectors.shape[1]}.")
        if report.probes:
            faiss.extract_index_ivf(codes).nprobe = report.probes
        return codes

    return Index(vectors, codes, report.candidates, report.candidates_for, read_rows)


def factory_for(kind: str, count: int, dimension: int) -> str:
    """FAISS's name of an index of this kind and size: two dimensions a code (one, if their number is odd), and lists of
    some thousand rows.
    """
    codes = f"PQ{dimension // 2 if dimension % 2 == 0 else dimension}x4fs"
    if kind != "ivf":
        return codes
    lists = 2 ** int(np.clip(np.round(np.log2(count / _ROWS_PER_LIST)), 2, 12))
    return f"IVF{lists},{codes}r"


def build_codes(vectors: Matrix, factory: str, seed: int) -> faiss.Index:
    """The codes of all rows [count, dimension]; what they are is learned from a sample."""
    count, dimension = vectors.shape
    codes = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
    lists = _lists(codes)
    if lists is not None:
        lists.cp.niter = 10
        lists.cp.min_points_per_centroid = 1
    if factory.startswith("OPQ"):
        turned: Any = codes
        turn: Any = faiss.downcast_VectorTransform(turned.chain.at(0))
        turn.pq = of_four_bits = faiss.ProductQuantizer(turn.d_out, turn.M, 4)  # as the codes; it would take 8
        of_four_bits.cp.min_points_per_centroid = 1
    rows_to_learn = _TRAINING_ROWS if lists is None else _TRAINING_ROWS_OF_LISTS
    sample = np.random.default_rng(seed).permutation(count)[:rows_to_learn]
    with _threads(1 if lists is None else None):  # codes are learned in many small steps
        codes.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    for rows in blocks(count, _BLOCK_ROWS):
        codes.add(np.ascontiguousarray(vectors[rows]))
    return codes


def measure(vectors: Matrix, codes: faiss.Index, parameters: IndexParameters) -> tuple[int, int, float]:
    """How many lists to read (0 where there are none; ``codes`` is left so) and the fewest candidates that reach the
    wanted recall@10 on analogy targets, and the recall that they reach.

    To hold on other targets than those measured, they must miss no more than half as much as is allowed.
    """
    goal, most = _goal(parameters), len(vectors) // 8
    targets, inputs = analogy_targets(vectors, _enough_targets(vectors, parameters), parameters.seed)
    truth = nearest_but_inputs(vectors, targets, inputs)
    lists = _lists(codes)
    parts = (64, 32, 16, 8, 4) if parameters.kind == "auto" else (64, 32, 16, 8, 4, 2, 1)
    for probes in [0] if lists is None else [lists.nlist // part for part in parts if lists.nlist >= part]:
        if lists is not None:
            lists.nprobe = probes
        candidates, recall = fewest_candidates(_searching(codes), targets, truth, goal, most)
        if recall >= parameters.recall:
            break
    return probes, candidates, recall


def _measure_others(vectors: Matrix, codes: faiss.Index, parameters: IndexParameters) -> dict[str, tuple[int, float]]:
    """The candidates and the recall of the other kinds of search, with as many lists as analogies take."""
    goal, most, search = _goal(parameters), len(vectors) // 8, _searching(codes)
    number = _enough_targets(vectors, parameters)
    found = {}
    for asked, make in {Asked.EXPRESSION: expression_targets, Asked.NEIGHBOURS: neighbour_targets}.items():
        targets, inputs = make(vectors, -(-number // 3), parameters.seed)
        truth = nearest_but_inputs(vectors, targets, inputs)
        found[asked.value] = fewest_candidates(search, targets, truth, goal, most)
    targets, inputs = analogy_targets(vectors, number, parameters.seed + 1)
    first = nearest_but_inputs(vectors, targets, inputs, 1)
    found[Asked.FIRST.value] = fewest_candidates(search, targets, first, goal, most)
    return found


def _goal(parameters: IndexParameters) -> float:
    return parameters.recall + (1 - parameters.recall) / 2


def _enough_targets(vectors: Matrix, parameters: IndexParameters) -> int:
    """Fewer where the true answers take long to find: measuring would take most of the time of building."""
    share = np.clip(_MEASURED_VALUES / max(vectors.size, 1), 1 / 3, 1)
    return int(np.ceil(parameters.targets * share))


def _searching(codes: faiss.Index) -> Search:
    return lambda targets, number: codes.search(targets, number)[1]


def _lists(codes: faiss.Index) -> Any:
    """The part of ``codes`` that has inverted lists, or None."""
    return faiss.try_extract_index_ivf(codes)


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
