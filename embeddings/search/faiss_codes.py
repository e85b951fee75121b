"""FAISS's 4-bit codes: where no kernel is compiled, for models that were indexed before there was one, and to compare.

Codes are product-quantised (André et al. 2017, "Accelerated nearest neighbor search with Quick ADC"; FAISS's fast
scan). They are asked for more candidates than wanted, which are ranked again by their exact vectors. How many it takes
is measured when the index is built, for each kind of query on targets made of the model's own rows. Of large
vocabularies the codes can be in inverted lists, of which a search reads the nearest few.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.search.brute_force import Matrix, blocks
from embeddings.search.faiss_file import check_codes
from embeddings.search.recall import Search, SearchKind, fewest_candidates, goal_of, measured_targets
from embeddings.search.report import FAISS_FILE, IndexParameters, IndexReport

if TYPE_CHECKING:
    import faiss

_CENTROIDS = 16
_ROWS_PER_LIST = 3000
"""With shorter lists a search reads a little less, and finding the list of each row takes the most time of building."""
_TRAINING_ROWS, _TRAINING_ROWS_OF_LISTS = 16_384, 65_536
"""A thousand rows for each of a code's centroids; lists are more, and want some rows each."""
_BLOCK_ROWS = 65_536


def factory_for(kind: str, count: int, dimension: int) -> str:
    """FAISS's name of an index of this kind and size: two dimensions a code (one, if their number is odd), and lists of
    some thousand rows.
    """
    codes = f"PQ{dimension // 2 if dimension % 2 == 0 else dimension}x4fs"
    if kind != "ivf":
        return codes
    lists = 2 ** int(np.clip(np.round(np.log2(count / _ROWS_PER_LIST)), 2, 12))
    return f"IVF{lists},{codes}r"


def factories_to_try(count: int, dimension: int) -> list[tuple[str, str | None]]:
    """Kinds and names of codes for [count, dimension] rows: of one to three dimensions each, turned, and in lists."""
    plain = factory_for("fastscan", count, dimension)
    flat = [plain, f"PQ{dimension}x4fs"]
    if dimension % 2 == 0:
        flat.append(f"OPQ{dimension // 2}_{dimension},{plain}")
    if dimension % 3 == 0:
        flat.append(f"PQ{dimension // 3}x4fs")
    lists, codes = factory_for("ivf", count, dimension).removeprefix("IVF").split(",")
    inverted = [f"IVF{number},{codes}" for number in (int(lists), 4 * int(lists))]
    return [
        *(("fastscan", factory) for factory in dict.fromkeys(flat)),
        *(("ivf", factory) for factory in dict.fromkeys(inverted)),
    ]


def build_codes(vectors: Matrix, factory: str, seed: int) -> "faiss.Index":
    """The codes of all rows [count, dimension]; what they are is learned from a sample."""
    import faiss

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
    with faiss_threads(1 if lists is None else None):  # codes are learned in many small steps
        codes.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    for rows in blocks(count, _BLOCK_ROWS):
        codes.add(np.ascontiguousarray(vectors[rows]))
    return codes


def measure(vectors: Matrix, codes: "faiss.Index", parameters: IndexParameters) -> tuple[int, int, float]:
    """How many lists to read (0 where there are none; ``codes`` is left so) and the fewest candidates that reach the
    wanted recall@10 on analogy targets, and the recall that they reach.
    """
    most = len(vectors) // 8
    targets, _, truth = measured_targets(vectors, parameters, [SearchKind.ANALOGY])[SearchKind.ANALOGY]
    lists = _lists(codes)
    parts = (64, 32, 16, 8, 4) if parameters.kind == "auto" else (64, 32, 16, 8, 4, 2, 1)
    for probes in [0] if lists is None else [lists.nlist // part for part in parts if lists.nlist >= part]:
        if lists is not None:
            lists.nprobe = probes
        candidates, recall = fewest_candidates(_searching(codes), targets, truth, goal_of(parameters), most)
        if recall >= parameters.recall:
            break
    return probes, candidates, recall


def build_faiss_index(vectors: Matrix, kind: str, parameters: IndexParameters, folder: Path) -> IndexReport:
    """Build, measure and write an index of kind ``fastscan`` or ``ivf``; its recall may be below the wanted one."""
    import faiss

    if len(vectors) < _CENTROIDS:
        raise ModelError(f"Fast scan needs {_CENTROIDS} rows or more, and there are {len(vectors)}. Choose exact.")
    started = time.perf_counter()
    factory = parameters.factory or factory_for(kind, *vectors.shape)
    codes = build_codes(vectors, factory, parameters.seed)
    probes, candidates, recall = measure(vectors, codes, parameters)
    found = {SearchKind.ANALOGY: (candidates, recall)}
    if recall >= parameters.recall:
        others = [asked for asked in SearchKind if asked is not SearchKind.ANALOGY]
        for asked, (targets, _, truth) in measured_targets(vectors, parameters, others).items():
            most = len(vectors) // 8
            found[asked] = fewest_candidates(_searching(codes), targets, truth, goal_of(parameters), most)
        # An expression can be an analogy in other signs.
        found[SearchKind.EXPRESSION] = max(found[SearchKind.EXPRESSION], found[SearchKind.ANALOGY])
    # FAISS itself does not say why a disk refuses.
    (folder / FAISS_FILE).write_bytes(faiss.serialize_index(codes).data)
    return IndexReport(
        kind,
        factory,
        candidates,
        recall,
        round(time.perf_counter() - started, 3),
        parameters,
        probes,
        candidates_for={asked.value: number for asked, (number, _) in found.items()},
        recall_of={asked.value: round(share, 6) for asked, (_, share) in found.items()},
    )


def codes_reader(path: Path, shape: tuple[int, int], probes: int) -> Callable[[], "faiss.Index"]:
    """A function that reads the codes of [count, dimension] rows from the file that is at ``path`` now.

    Both raise `ModelError` naming a file that does not fit.
    """
    file = HeldFile(path)

    def codes() -> "faiss.Index":
        import faiss

        check_codes(file, path, *shape)
        try:
            # Not by its name, under which another model's may stand by now.
            codes = faiss.read_index(f"/dev/fd/{file.fileno()}", faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ModelError(f"{path} cannot be read as a search index: {error}") from error
        lists = _lists(codes)
        if probes and lists is not None:
            lists.nprobe = min(probes, lists.nlist)
        return codes

    return codes


def _searching(codes: "faiss.Index") -> Search:
    return lambda targets, number: codes.search(targets, number)[1]


def _lists(codes: "faiss.Index") -> Any:
    """The part of ``codes`` that has inverted lists, or None."""
    import faiss

    return faiss.try_extract_index_ivf(codes)


@contextmanager
def faiss_threads(number: int | None) -> Iterator[None]:
    """Let FAISS use ``number`` threads in what this thread does; None leaves it as it is. One query is too little work
    to share: waiting for a second thread costs more than it does, and more still where the processors are busy.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(number or before)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
