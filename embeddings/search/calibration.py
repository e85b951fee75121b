"""How far searches in lists must go for a wanted recall, measured for each kind of search."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from embeddings.search.brute_force import ROUNDING, Matrix, Rows
from embeddings.search.codes import SHARE_UNIT
from embeddings.search.list_file import NO_ROW, PART_ROWS, Lists
from embeddings.search.list_search import ListSearch, Reach
from embeddings.search.recall import SearchKind

_LEAST = (0.2, 0.01, 0.004, 0.004)
"""Of reach and margins: what is measured of few targets says little."""
_SHARES = (0.5, 0.5, 0.2, 0.2)
"""Of what a search may miss, how much parts that are not read and coarse, fine and finer codes may each. They often
miss the same rows.
"""
_ROOM = 1.0
"""How much further than measured, over the root of the number of targets: the fewer, the less their extremes say."""
_WIDENINGS, _WIDER = 12, 1.04
"""How often a search may go further, and how much further, if it does not find enough."""

Targets = Mapping[SearchKind, tuple[Matrix, Rows, Rows]]
"""By kind of search: unit targets [n, dimension], the rows they are of [n, m] and the true rows [n, k]."""


def measure_lists(
    lists: Lists, vectors: Matrix, targets: Targets, goal: float
) -> tuple[dict[SearchKind, Reach], dict[SearchKind, float]]:
    """For each kind of search how far it must go for a recall of ``goal``, and the recall that it then has.

    How far follows from what the search sees of the true rows. Then whole searches are measured, so that what centres,
    coarse codes and fine codes lose counts together.
    """
    reaches: dict[SearchKind, Reach] = {}
    recalls: dict[SearchKind, float] = {}
    places, of_rows = _places_of_rows(lists), lists.shares
    search = ListSearch(lists, vectors, {})
    for asked, (some, inputs, truth) in targets.items():
        recall = _Recall(search, vectors, (some, inputs, truth))
        of_truth = places[truth]
        in_parts = of_truth // PART_ROWS
        in_lists = np.searchsorted(lists.first_part, in_parts, side="right") - 1
        lacks = recall.least - search.scores_of(some, of_truth, in_lists)
        lacks[0] /= np.maximum(lists.spreads[in_parts], 1e-6)
        lacks[1] *= SHARE_UNIT * of_rows[of_truth]
        shares = 1 - np.array(_SHARES) * (1 - goal)
        needed = [np.quantile(each, share, method="higher") for each, share in zip(lacks, shares, strict=True)]
        room = 1 + _ROOM / len(truth) ** 0.5
        looks = (max(room * float(each), least) for each, least in zip(needed, _LEAST, strict=True))
        reach = replace(Reach(*looks), floor=float(recall.least.min()))
        for _ in range(_WIDENINGS):
            if (found := recall(reach)) >= goal:
                break
            reach = reach.widened(_WIDER)
        reaches[asked], recalls[asked] = reach, found
    return reaches, recalls


class _Recall:
    """The share of true rows that searches find. Rows just as near as the last of them, of which some models have
    hundreds, are as good as it.
    """

    def __init__(self, search: ListSearch, vectors: Matrix, targets: tuple[Matrix, Rows, Rows]) -> None:
        self._search = search
        self._targets, self._inputs, truth = targets
        self._wanted = truth.shape[1]
        self.least = np.einsum("ij,ij->i", vectors[truth[:, -1]], self._targets)[:, None] - ROUNDING

    def __call__(self, reach: Reach) -> float:
        k = self._wanted + self._inputs.shape[1]
        scores, rows, found = self._search.nearest_of_each(self._targets, k, reach, together=1)
        is_input = (rows[:, :, None] == self._inputs[:, None, :]).any(axis=2)
        is_there = np.arange(k) < found[:, None]
        hits = ((scores >= self.least) & is_there & ~is_input).sum(axis=1)
        return float(np.minimum(hits, self._wanted).mean() / self._wanted)


def _places_of_rows(lists: Lists) -> Rows:
    """Where in the index each row stands, [rows]."""
    there = np.flatnonzero(lists.ids != NO_ROW)
    found = np.empty(lists.count, np.int64)
    found[lists.ids[there]] = there
    return found
