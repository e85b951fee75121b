"""What a user could search with instead, each at several settings; one of them in a process of its own:

    python -m scripts.benchmark.peers NAME FOLDER     FOLDER: vectors.npy, targets.npz of search_benchmark

Every index is built by all processors and then searched by one thread, one target at a time.
"""

import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts.benchmark.measurement import EXACT, GENSIM, NUMPY, OURS, K, package_version, seconds, summary

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Search = Callable[[Matrix, int], Any]
"""A unit target [dimension] and how many → what the library answers, best first."""

LARGE = 100_000_000
"""Numbers in a matrix (300,000 × 300 has fewer) above which an index takes minutes to hours to build."""
_PROCESSORS = os.cpu_count() or 1
_WARM_UP = 3


@dataclass(frozen=True)
class PeerIndex:
    """An index that is ready. ``set`` puts it to a setting and gives its search; ``rows`` are those of an answer."""

    set: Callable[[Any], Search]
    rows: Callable[[Any], Sequence[int]] = field(default=lambda answer: answer)
    build_seconds: float | None = None
    """Where it is not the time that making this took."""
    settings: tuple[Any, ...] | None = None
    """Where they are fewer than the peer's."""


@dataclass(frozen=True)
class Peer:
    """``settings`` are values of ``parameter``; exact ones have the one setting None."""

    name: str
    package: str
    modules: tuple[str, ...]
    build: Callable[[Matrix], PeerIndex]
    parameter: str = ""
    settings: tuple[Any, ...] = (None,)
    slow_build: bool = False
    """Takes minutes for 400,000 × 50, and hours for a hundred times as much."""
    group: str = "benchmark"
    """The extra that installs it."""


def _ours(vectors: Matrix) -> PeerIndex:
    from embeddings.search import IndexParameters, build_index, open_index

    def build(recall: float) -> tuple[Any, float]:
        with tempfile.TemporaryDirectory() as folder:
            report = build_index(vectors, IndexParameters(recall=recall), Path(folder))
            return open_index(vectors, report, Path(folder)), report.build_seconds

    recalls = OURS_RECALLS if vectors.size <= LARGE else (OURS_DEFAULT,)  # each takes an index of its own
    built = {recall: build(recall) for recall in recalls}
    return PeerIndex(
        lambda recall: lambda target, n: built[recall][0].search(target[None], n)[1][0],
        build_seconds=built[OURS_DEFAULT][1],
        settings=recalls,
    )


def _ours_exact(vectors: Matrix) -> PeerIndex:
    from embeddings.search import exact_search

    return PeerIndex(lambda _: lambda target, n: exact_search(vectors, target[None], n)[1][0])


def _numpy(vectors: Matrix) -> PeerIndex:
    rows = np.array(vectors)

    def search(target: Matrix, n: int) -> Rows:
        scores = rows @ target
        best = np.argpartition(scores, -n)[-n:]
        return np.asarray(best[np.argsort(-scores[best])])

    return PeerIndex(lambda _: search)


def keyed_vectors(words: list[str], vectors: Matrix) -> Any:
    """gensim's KeyedVectors of these rows, which it keeps in memory once."""
    from gensim.models import KeyedVectors

    made = KeyedVectors(vectors.shape[1])
    made.index_to_key, made.key_to_index = words, {word: row for row, word in enumerate(words)}
    made.vectors = np.array(vectors)
    made.fill_norms()
    return made


def _gensim(vectors: Matrix) -> PeerIndex:
    made = keyed_vectors([str(row) for row in range(len(vectors))], vectors)
    return PeerIndex(
        lambda _: lambda target, n: made.similar_by_vector(target, topn=n),
        lambda answer: [int(row) for row, _ in answer],
    )


def _faiss_flat(vectors: Matrix) -> PeerIndex:
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return PeerIndex(lambda _: lambda target, n: index.search(target[None], n)[1][0])


def _faiss_hnsw(vectors: Matrix) -> PeerIndex:
    import faiss

    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.add(vectors)

    def set_to(ef: int) -> Search:
        parameters = faiss.SearchParametersHNSW(efSearch=ef)
        return lambda target, n: index.search(target[None], n, params=parameters)[1][0]

    return PeerIndex(set_to)


def _annoy(vectors: Matrix) -> PeerIndex:
    from annoy import AnnoyIndex

    index = AnnoyIndex(vectors.shape[1], "angular")
    index.set_seed(1)
    for row, vector in enumerate(vectors):
        index.add_item(row, vector)
    index.build(50, n_jobs=-1)
    return PeerIndex(lambda looked_at: lambda target, n: index.get_nns_by_vector(target, n, looked_at))


def _usearch(vectors: Matrix) -> PeerIndex:
    from usearch.index import Index

    index = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
    index.add(np.arange(len(vectors)), vectors, threads=_PROCESSORS)

    def set_to(expansion: int) -> Search:
        index.expansion_search = expansion
        return lambda target, n: index.search(target, n, threads=1).keys

    return PeerIndex(set_to, lambda answer: answer.tolist())


def _voyager(vectors: Matrix) -> PeerIndex:
    from voyager import Index, Space

    index = Index(Space.InnerProduct, num_dimensions=vectors.shape[1], M=16, ef_construction=200)
    index.add_items(np.array(vectors), num_threads=_PROCESSORS)
    return PeerIndex(
        lambda ef: lambda target, n: index.query(target, n, num_threads=1, query_ef=ef)[0],
        lambda answer: answer.astype(np.int64).tolist(),
    )


def _vicinity(backend: str) -> Callable[[Matrix], PeerIndex]:
    def build(vectors: Matrix) -> PeerIndex:
        from vicinity import Backend, Vicinity

        made = Vicinity.from_vectors_and_items(np.array(vectors), list(range(len(vectors))), Backend(backend))

        def set_to(expansion: int | None) -> Search:
            if expansion is not None:
                made.backend.index.expansion_search = expansion
            return lambda target, n: made.query(target[None], n)[0]

        return PeerIndex(set_to, lambda answer: [row for row, _ in answer])

    return build


def _magnitude(vectors: Matrix) -> PeerIndex:
    from pymagnitudelight import Magnitude

    path = Path(tempfile.mkdtemp()) / "vectors.magnitude"
    _write_magnitude(path, vectors)
    made = Magnitude(str(path), blocking=True, log=False)
    return PeerIndex(
        lambda _: lambda target, n: made.most_similar(target, topn=n), lambda answer: [int(row) for row, _ in answer]
    )


def _write_magnitude(path: Path, vectors: Matrix, precision: int = 7) -> None:
    """Rows as Magnitude keeps them, in SQLite; its own converter (0.1.147) fails at files of text."""
    columns = [f"dim_{place}" for place in range(vectors.shape[1])]
    numbers = np.round(np.asarray(vectors, np.float64) * 10**precision).astype(np.int64)
    facts = [("version", 2), ("elmo", 0), ("size", len(vectors)), ("dim", len(columns)), ("precision", precision)]
    spread = np.argsort(-vectors.std(axis=0)).tolist()
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(f"CREATE TABLE magnitude (key TEXT COLLATE NOCASE, {', '.join(columns)}, magnitude REAL)")
        store.execute("CREATE TABLE magnitude_format (key TEXT COLLATE NOCASE, value INTEGER)")
        rows = ((str(row), *each.tolist(), 1.0) for row, each in enumerate(numbers))
        store.executemany(f"INSERT INTO magnitude VALUES ({', '.join('?' * (len(columns) + 2))})", rows)
        store.executemany("INSERT INTO magnitude_format VALUES (?, ?)", facts + [("entropy", each) for each in spread])
        store.execute("CREATE INDEX magnitude_key_idx ON magnitude (key)")
        store.execute(f"CREATE INDEX magnitude_dim_{spread[0]}_idx ON magnitude (dim_{spread[0]})")


OURS_DEFAULT = 0.999
OURS_RECALLS = (0.9, 0.99, OURS_DEFAULT, 0.9999)
_GRAPH = (16, 32, 64, 128, 256, 512, 1024, 2048)
PEERS = {
    peer.name: peer
    for peer in (
        Peer(OURS, "faiss-cpu", ("embeddings.search.index",), _ours, "wanted recall", OURS_RECALLS),
        Peer(EXACT, "numpy", ("embeddings.search.index",), _ours_exact),
        Peer(GENSIM, "gensim", ("gensim.models",), _gensim),
        Peer(NUMPY, "numpy", (), _numpy),
        Peer("FAISS Flat", "faiss-cpu", (), _faiss_flat),
        Peer("FAISS HNSW", "faiss-cpu", (), _faiss_hnsw, "efSearch", _GRAPH, slow_build=True),
        Peer("Annoy", "annoy", ("annoy",), _annoy, "search_k", (1000, 5000, 20_000, 50_000, 100_000), slow_build=True),
        Peer("usearch", "usearch", ("usearch.index",), _usearch, "expansion_search", _GRAPH, slow_build=True),
        Peer("voyager", "voyager", ("voyager",), _voyager, "query_ef", _GRAPH, slow_build=True),
        Peer("vicinity, basic", "vicinity", ("vicinity",), _vicinity("basic")),
        Peer(
            "vicinity, usearch",
            "vicinity",
            ("vicinity", "usearch.index"),
            _vicinity("usearch"),
            "expansion_search",
            _GRAPH,
            slow_build=True,
        ),
        Peer("pymagnitude-light", "pymagnitude-light", ("pymagnitudelight",), _magnitude, slow_build=True),
    )
}


def recall(found: Sequence[Any] | Rows, truth: Rows, inputs: Rows, k: int = K) -> float:
    """The share of the true rows [n, K] among the first ``k`` that were found and are no inputs of the target."""
    shares = []
    for rows, true, given in zip(found, truth.tolist(), inputs.tolist(), strict=True):
        left = [row for row in map(int, rows) if row not in given][:k]
        shares.append(len(set(true) & set(left)) / len(true))
    return float(np.mean(shares))


def measure_peer(peer: Peer, vectors: Matrix, targets: dict[str, tuple[Matrix, Rows, Rows]]) -> dict[str, Any]:
    """Build once; then for each kind of target (targets, inputs, truth) and each setting: recall, times, queries/s."""
    import faiss
    from threadpoolctl import threadpool_limits

    for module in peer.modules:
        import_module(module)  # neither its time nor its memory is the index's
    before = _anonymous_mb()
    took, built = seconds(lambda: peer.build(vectors))
    memory = _anonymous_mb() - before
    found: dict[str, dict[str, Any]] = {}
    faiss.omp_set_num_threads(1)
    with threadpool_limits(1):
        for kind, (some, inputs, truth) in targets.items():
            wanted = K + inputs.shape[1]
            for setting in built.settings or peer.settings:
                search = built.set(setting)
                for target in some[:_WARM_UP]:
                    search(target, wanted)
                timed = [seconds(partial(search, target, wanted)) for target in some]
                times, answers = [1000 * took for took, _ in timed], [built.rows(answer) for _, answer in timed]
                name = "" if setting is None else f"{peer.parameter} {setting}"
                found.setdefault(kind, {})[name] = {
                    "recall@10": round(recall(answers, truth, inputs), 5),
                    **summary(times),
                    "queries/s": round(1000 / float(np.mean(times)), 1),
                }
    return {
        "build_s": round(took if built.build_seconds is None else built.build_seconds, 3),
        "memory_mb": round(memory, 1),
        "kinds": found,
    }


def missing(peer: Peer) -> str | None:
    """Why a peer cannot be measured, or None."""
    if package_version(peer.package) is None:
        return f"not installed: pip install thisplusthat[{peer.group}]"
    return None


def _anonymous_mb() -> float:
    """Memory that belongs to no file, in MB: what an index takes beyond rows that are mapped."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1000


def main(name: str, folder: str) -> None:
    rows, made = Path(folder) / "vectors.npy", Path(folder) / "targets.npz"
    vectors = np.load(rows, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    with np.load(made, allow_pickle=False) as arrays:
        kinds = dict.fromkeys(key.partition(":")[0] for key in arrays)
        parts = ("targets", "inputs", "truth")
        targets = {kind: tuple(arrays[f"{kind}:{part}"] for part in parts) for kind in kinds}
    print(json.dumps(measure_peer(PEERS[name], vectors, targets)))


if __name__ == "__main__":
    main(*sys.argv[1:])
