"""The part ``search`` of scripts/benchmark: whole queries, and searches alone against every peer.

Recall on a word's own vector flatters an index, so analogies (b - a + c), expressions and neighbours have a table each.
What is right is what exact search finds; the words of the query are left out of both in the same way.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embeddings import Method, Model, Options, ask
from embeddings.evaluation import find_dataset
from embeddings.models import VECTORS_FILE
from embeddings.search import analogy_targets, nearest_but_inputs, unit
from scripts.benchmark.measurement import (
    EXACT,
    GENSIM,
    NUMPY,
    OURS,
    K,
    last_json,
    milliseconds,
    run_python,
    summary,
    time_in_turn,
)
from scripts.benchmark.peers import LARGE, OURS_DEFAULT, PEERS, Matrix, Rows, keyed_vectors, missing

ANALOGIES, EXPRESSIONS, NEIGHBOURS = "analogies", "expressions", "neighbours"
_FREQUENT = 30_000
ENOUGH = 0.999


def google_questions(model: Model) -> list[list[str]]:
    """The first three words of those questions of Google's set whose words are known."""
    lines = find_dataset("google").read_text(encoding="utf-8").lower().splitlines()
    real = [line.split()[:3] for line in lines if not line.startswith(":")]
    return [words for words in real if all(word in model.vocabulary for word in words)]


def questions(model: Model, number: int, seed: int = 0) -> list[tuple[str, str, str]]:
    """Half of them from Google's set, half of three frequent words at random."""
    rng = np.random.default_rng(seed)
    known = google_questions(model)
    chosen = [known[place] for place in rng.choice(len(known), number // 2, replace=False)] if known else []
    plain = [row for row in range(min(20_000, len(model))) if model.vocabulary.word(row).isalpha()]
    chosen += [model.vocabulary.words(rng.choice(plain, 3, replace=False)) for _ in range(number - len(chosen))]
    return [(a, b, c) for a, b, c in chosen]


def targets_of_each_kind(
    model: Model, number: int, meaningful: bool, seed: int = 1
) -> dict[str, tuple[Matrix, Rows, Rows]]:
    """Unit targets, the rows they were made of (-1 fills up) and the true ten, for each kind of query.

    Analogies are Google's; where the words mean nothing (synthetic rows) b is a near neighbour of a.
    """
    rng = np.random.default_rng(seed)
    vectors = model.vectors
    made: dict[str, tuple[Matrix, Rows]] = {}
    known = google_questions(model) if meaningful else []
    if known:
        chosen = [known[place] for place in rng.choice(len(known), min(number, len(known)), replace=False)]
        inputs = np.array([[model.vocabulary.row(word) for word in words] for words in chosen], np.int64)
        made[ANALOGIES] = _sums(vectors, inputs, np.tile([-1, 1, 1], (len(inputs), 1)))
    else:
        targets, inputs = analogy_targets(vectors, 2 * number, seed)
        near = inputs[: len(inputs) // 2]  # the second half of them is of words at random
        made[ANALOGIES] = targets[: len(near)], near
    made[EXPRESSIONS] = _expressions(vectors, number, rng)
    ranks = np.exp(rng.uniform(0, np.log(len(vectors)), number)).astype(np.int64)[:, None]
    made[NEIGHBOURS] = _sums(vectors, ranks, np.ones((number, 1)))
    return {
        kind: (targets, inputs, nearest_but_inputs(vectors, targets, inputs, K))
        for kind, (targets, inputs) in made.items()
    }


def _expressions(vectors: Matrix, number: int, rng: np.random.Generator) -> tuple[Matrix, Rows]:
    """Two to four frequent words, added or taken away, one of them with a weight."""
    inputs = rng.integers(0, min(_FREQUENT, len(vectors)), (number, 4))
    inputs[np.arange(4) >= rng.integers(2, 5, number)[:, None]] = -1
    weights = rng.choice([1.0, 1.0, -1.0, 0.5, 2.0], (number, 4))
    weights[:, 0] = np.abs(weights[:, 0])
    return _sums(vectors, inputs, weights)


def _sums(vectors: Matrix, inputs: Rows, weights: Any) -> tuple[Matrix, Rows]:
    parts = np.where((inputs >= 0)[:, :, None], vectors[inputs.clip(min=0)], 0)
    sums = (np.asarray(weights, np.float32)[:, :, None] * parts).sum(axis=1, dtype=np.float32)
    lengths = np.linalg.norm(sums, axis=1)
    kept = lengths > 1e-3
    return (sums[kept] / lengths[kept, None]).astype(np.float32), inputs[kept]


# ---- Parts


def measure_search(
    model: Model, number: int, names: Sequence[str] | None = None, meaningful: bool = True
) -> dict[str, Any]:
    """Searches alone, of every peer in a process of its own, one target at a time and by one thread."""
    peers = {name: _leave_out(name, model, names) for name in names or PEERS}
    kinds = targets_of_each_kind(model, number, meaningful)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "vectors.npy").symlink_to(model.folder.resolve() / VECTORS_FILE)
        parts = ("targets", "inputs", "truth")
        arrays = {f"{kind}:{part}": each for kind, of in kinds.items() for part, each in zip(parts, of, strict=True)}
        np.savez(folder / "targets.npz", **arrays)  # type: ignore[arg-type]
        for peer, why_not in peers.items():
            found[peer] = why_not or _peer_alone(peer, folder)
    measured = {peer: of for peer, of in found.items() if isinstance(of, dict)}
    tables = {
        kind: {
            f"{peer} {setting}".strip(): figures
            for peer, of in measured.items()
            for setting, figures in of["kinds"].get(kind, {}).items()
        }
        for kind in kinds
    }
    building = {peer: {"build_s": of["build_s"], "memory_mb": of["memory_mb"]} for peer, of in measured.items()}
    return {
        **tables,
        "building": building,
        "not measured": {peer: {"why": why} for peer, why in found.items() if isinstance(why, str)},
        "ratios": _ratios(measured),
    }


def _leave_out(name: str, model: Model, names: Sequence[str] | None) -> str | None:
    peer = PEERS[name]
    if names is None and peer.slow_build and model.vectors.size > LARGE:
        return f"left out at this size, since it builds for long; --peer '{name}' measures it"
    return missing(peer)


def _peer_alone(name: str, folder: Path) -> dict[str, Any] | str:
    """The figures of a peer, or what went wrong in it."""
    try:
        found: dict[str, Any] = last_json(run_python("-W", "ignore", "-m", "scripts.benchmark.peers", name, folder))
    except RuntimeError as error:
        if name in (OURS, EXACT):
            raise
        return f"failed: {str(error).strip().splitlines()[-1]}"
    return found


def _ratios(measured: dict[str, Any]) -> dict[str, float]:
    """How many times faster ours is than each peer's fastest setting that finds enough, or as much as ours does."""
    ratios: dict[str, float] = {}
    if OURS not in measured:
        return ratios
    for kind, of_ours in measured[OURS]["kinds"].items():
        ours = of_ours[f"wanted recall {OURS_DEFAULT}"]
        least = min(ours["recall@10"], ENOUGH)
        for peer, of in measured.items():
            enough = [each["queries/s"] for each in of["kinds"][kind].values() if each["recall@10"] >= least]
            if peer not in (OURS, EXACT) and enough:
                ratios[f"search, {kind}, times faster than {peer}"] = round(ours["queries/s"] / max(enough), 2)
    hnsw = measured.get("FAISS HNSW")
    if hnsw and measured[OURS]["build_s"]:
        ratios["build, times faster than FAISS HNSW"] = round(hnsw["build_s"] / measured[OURS]["build_s"], 1)
    return ratios


def measure_whole(model: Model, number: int) -> dict[str, Any]:
    """Whole queries, text to answer, one at a time, by the threads each library takes; and what belongs to them."""
    asked = questions(model, number)
    words = list(model.vocabulary)
    theirs = keyed_vectors(words, model.vectors)
    row_of = theirs.key_to_index

    def brute_force(abc: tuple[str, str, str]) -> list[tuple[str, float]]:
        rows = [row_of[word] for word in abc]
        scores = theirs.vectors @ unit(theirs.vectors[rows[1]] - theirs.vectors[rows[0]] + theirs.vectors[rows[2]])
        best = np.argpartition(scores, -K - 3)[-K - 3 :]
        order = best[np.argsort(-scores[best])]
        return [(words[row], float(scores[row])) for row in order if row not in rows][:K]

    exact, through = Options(exact=True), Options()
    peers: dict[str, Callable[[tuple[str, str, str]], Any]] = {
        GENSIM: lambda abc: theirs.most_similar(positive=abc[1:], negative=abc[:1], topn=K),
        NUMPY: brute_force,
        EXACT: lambda abc: ask(model, "{1} - {0} + {2}".format(*abc), exact),
        OURS: lambda abc: ask(model, "{1} - {0} + {2}".format(*abc), through),
    }
    times = time_in_turn(peers, asked)
    unknown = _suggestion_times(model, max(20, number // 5))
    median = {name: float(np.median(some)) for name, some in times.items()}
    return {
        "whole query": {name: summary(some) for name, some in times.items()},
        "for an unknown word": {"up to five suggestions": summary(unknown)},
        "3cosmul recall@10": round(_cosmul_recall(model, asked[: max(10, number // 10)]), 5),
        "ratios": {
            "whole query, times faster than gensim": round(median[GENSIM] / median[OURS], 2),
            "whole query, exact, times faster than gensim": round(median[GENSIM] / median[EXACT], 2),
        },
    }


def _suggestion_times(model: Model, number: int) -> list[float]:
    """Milliseconds for words of which one letter was taken away or swapped with the next."""
    rng = np.random.default_rng(0)
    times: list[float] = []
    while len(times) < number:
        word = model.vocabulary.word(int(rng.integers(min(20_000, len(model)))))
        place = int(rng.integers(len(word)))
        one, two, rest = word[:place], word[place : place + 2], word[place + 2 :]
        wrong = one + (two[1:] if rng.random() < 0.5 else two[::-1]) + rest
        if len(word) > 3 and wrong not in model.vocabulary:
            times.append(milliseconds(model.vocabulary.suggest, wrong))
    return times


def _cosmul_recall(model: Model, asked: list[tuple[str, str, str]]) -> float:
    shares = []
    for a, b, c in asked:
        text = f"{a} : {b} :: {c} : ?"
        found = ask(model, text, Options(method=Method.MULTIPLY, all_forms=True)).results
        true = ask(model, text, Options(method=Method.MULTIPLY, all_forms=True, exact=True)).results
        shares.append(len({result.word for result in found} & {result.word for result in true}) / len(true))
    return float(np.mean(shares))


def measure_growth(model: Model, sizes: Sequence[int], number: int, names: Sequence[str]) -> dict[str, Any]:
    """Cost against the number of rows: the first so many of ``model``'s, each peer at its fastest setting with a
    recall@10 of 0.999 on targets like those of analogies.
    """
    table: dict[str, dict[str, float]] = {}
    for size in sizes:
        vectors = model.vectors[:size]
        targets, inputs = analogy_targets(vectors, 2 * number, seed=1)
        targets, inputs = targets[: len(targets) // 2], inputs[: len(inputs) // 2]
        with tempfile.TemporaryDirectory() as name:
            np.save(Path(name) / "vectors.npy", vectors)
            truth = nearest_but_inputs(vectors, targets, inputs, K)
            arrays = {"analogies:targets": targets, "analogies:inputs": inputs, "analogies:truth": truth}
            np.savez(Path(name) / "targets.npz", **arrays)  # type: ignore[arg-type]
            for peer in names:
                found = _peer_alone(peer, Path(name))
                if isinstance(found, dict):
                    enough = [each for each in found["kinds"][ANALOGIES].values() if each["recall@10"] >= ENOUGH]
                    fastest = min((each["p50_ms"] for each in enough), default=None)
                    row = {"rows": size, "build_s": found["build_s"], "memory_mb": found["memory_mb"]}
                    table[f"{peer}: {size:,}"] = row | ({} if fastest is None else {"p50_ms": fastest})
    return {"cost against rows": table}
