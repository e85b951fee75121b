"""Targets as real queries have them, the true answers, and how many candidates of an index hold those.

Searching a row's own vector would flatter any index, so each kind of query has targets of its own.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import numpy as np

from embeddings.search.brute_force import Matrix, Rows, exact_search
from embeddings.search.report import IndexParameters

FREQUENT = 30_000
"""The first so many rows, those of the frequent words, are what targets are made of."""
_FIRST_LOOK, _LONG_LOOK = 2048, 16_384
_STEP = 64

Search = Callable[[Matrix, int], Rows]
"""Targets [n, dimension] and a number → that many candidates for each [n, number], the likeliest first."""


class SearchKind(StrEnum):
    """Kinds of searches that take different numbers of candidates for the same recall."""

    ANALOGY = "analogy"
    EXPRESSION = "expression"
    NEIGHBOURS = "neighbours"
    FIRST = "first"
    """The one nearest to an analogy's target, by which sets of questions are judged."""


Asked = SearchKind | Sequence[SearchKind | None] | None
"""What kind of targets are searched for: all of one kind, or each of its own."""


def analogy_targets(vectors: Matrix, number: int, seed: int) -> tuple[Matrix, Rows]:
    """Unit targets b - a + c [number, dimension] and the rows (a, b, c) [number, 3] that they were made of.

    Half of them are of three frequent words at random, which lie far from any row; in the other half a and b are
    close, as the words of a real analogy are.
    """
    rng = np.random.default_rng(seed)
    frequent = min(len(vectors), FREQUENT)
    inputs = rng.integers(0, frequent, (number, 3))
    inputs[: number // 2, 1] = _near(vectors[:frequent], inputs[: number // 2, 0], rng)
    return _units(vectors[inputs[:, 1]] - vectors[inputs[:, 0]] + vectors[inputs[:, 2]], inputs)


def expression_targets(vectors: Matrix, number: int, seed: int) -> tuple[Matrix, Rows]:
    """Typical sums: half are those of `analogy_targets`, half are a + b of two frequent words."""
    targets, inputs = analogy_targets(vectors, number // 2, seed)
    rng = np.random.default_rng((seed, 1))
    pairs = rng.integers(0, min(len(vectors), FREQUENT), (number - number // 2, 2))
    sums, pairs = _units(vectors[pairs].sum(axis=1), pairs)
    return np.concatenate([targets, sums]), np.concatenate([inputs, pairs[:, [0, 1, 1]]])


def neighbour_targets(vectors: Matrix, number: int, seed: int) -> tuple[Matrix, Rows]:
    """A third are rows at random; a third are rows as they are asked, the frequent ones far more often (Zipf); and a
    third the mean of two that are close, as the words of a phrase are.
    """
    rng = np.random.default_rng((seed, 2))
    third, frequent = number // 3, min(len(vectors), FREQUENT)
    single = rng.integers(0, len(vectors), third)
    asked = np.exp(rng.uniform(0, np.log(len(vectors)), third)).astype(np.int64)
    words = rng.integers(0, frequent, number - 2 * third)
    pairs = np.stack([words, _near(vectors[:frequent], words, rng)], axis=1)
    inputs = np.concatenate([np.stack([single, single], axis=1), np.stack([asked, asked], axis=1), pairs])
    return _units(vectors[inputs].sum(axis=1), inputs)


def measured_targets(
    vectors: Matrix, parameters: IndexParameters, kinds: Iterable[SearchKind] = SearchKind
) -> dict[SearchKind, tuple[Matrix, Rows, Rows]]:
    """The targets that an index is measured on, by kind of search: unit targets [n, dimension], the rows that each was
    made of [n, m] and the true rows [n, 10] (of `SearchKind.FIRST` [n, 1]).
    """
    number, seed = parameters.targets, parameters.seed
    makers = {
        SearchKind.ANALOGY: lambda: analogy_targets(vectors, number, seed),
        SearchKind.EXPRESSION: lambda: expression_targets(vectors, number, seed),
        SearchKind.NEIGHBOURS: lambda: neighbour_targets(vectors, -(-number // 2), seed),
    }
    # The first row is sought for the same targets as the ten of analogies.
    of_kinds = {asked: SearchKind.ANALOGY if asked is SearchKind.FIRST else asked for asked in kinds}
    made = {of: makers[of]() for of in dict.fromkeys(of_kinds.values())}
    widest = max(inputs.shape[1] for _, inputs in made.values())
    targets = np.concatenate([targets for targets, _ in made.values()])
    inputs = np.concatenate(
        [np.pad(inputs, ((0, 0), (0, widest - inputs.shape[1])), "edge") for _, inputs in made.values()]
    )
    truth = nearest_but_inputs(vectors, targets, inputs)  # of all at once: the rows are read once
    ends = np.cumsum([len(targets) for targets, _ in made.values()])
    truths = dict(zip(made, np.split(truth, ends[:-1]), strict=True))
    return {
        asked: (*made[of], truths[of][:, :1] if asked is SearchKind.FIRST else truths[of])
        for asked, of in of_kinds.items()
    }


def goal_of(parameters: IndexParameters) -> float:
    """The recall to reach on measured targets, so that others have the wanted one: half as many may be missed."""
    return parameters.recall + (1 - parameters.recall) / 2


def nearest_but_inputs(vectors: Matrix, targets: Matrix, inputs: Rows, k: int = 10) -> Rows:
    """The true ``k`` nearest rows of each target [n, k], without the rows it was made of (as an answer lists them)."""
    found = exact_search(vectors, targets, k + inputs.shape[1])[1]
    is_input = (found[:, :, None] == inputs[:, None, :]).any(axis=2)
    order = np.argsort(is_input, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(found, order, axis=1)


def fewest_candidates(search: Search, targets: Matrix, truth: Rows, goal: float, most: int) -> tuple[int, float]:
    """The fewest candidates (of at most ``most``) that hold ``goal`` of ``truth`` [n, k], and what share they hold."""
    most = max(most, truth.shape[1])
    for number in (_FIRST_LOOK, _LONG_LOOK):
        places = _places(search(targets, min(number, most)), truth)
        needed = int(np.sort(places, axis=None)[int(np.ceil(goal * places.size)) - 1]) + 1
        if needed <= number or number >= most:
            break
    candidates = min(number, most, -(-needed // _STEP) * _STEP)
    return candidates, float((places < candidates).mean())


def _near(vectors: Matrix, rows: Rows, rng: "np.random.Generator") -> Rows:
    """For each of ``rows`` one of its fifty nearest."""
    neighbours = exact_search(vectors, vectors[rows], 50)[1]
    chosen = rng.integers(0, neighbours.shape[1], len(rows))
    near: Rows = neighbours[np.arange(len(rows)), chosen]
    return near


def _units(targets: Matrix, inputs: Rows) -> tuple[Matrix, Rows]:
    lengths = np.linalg.norm(targets, axis=1)
    kept = lengths > 1e-3
    return targets[kept] / lengths[kept, None], inputs[kept]


def _places(found: Rows, truth: Rows) -> Rows:
    """Where in ``found`` [n, candidates] each row of ``truth`` [n, k] stands; past the end if it is not there."""
    places = np.full(truth.shape, np.iinfo(np.int64).max)
    for position, (candidates, wanted) in enumerate(zip(found, truth, strict=True)):
        by_row = np.argsort(candidates)
        at = np.searchsorted(candidates, wanted, sorter=by_row).clip(max=len(candidates) - 1)
        there = candidates[by_row[at]] == wanted
        places[position, there] = by_row[at][there]
    return places
