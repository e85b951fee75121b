"""How far searches in lists must go for a wanted recall, measured for each kind of search."""

from collections.abc import Mapping

import numpy as np

from embeddings.search.brute_force import ROUNDING, Matrix, Rows
from embeddings.search.clustering import BLOCK_ROWS, ZERO_CODE
from embeddings.search.list_file import NO_ROW, Lists
from embeddings.search.list_search import ListSearch, Reach
from embeddings.search.recall import SearchKind

_LEAST_REACH = 0.2
_MARGINS = (0.004, 0.006, 0.009, 0.013, 0.02, 0.03, 0.045, 0.06, 0.07, 0.08, 0.09, 0.1)
_WIDENINGS, _WIDER = 8, 1.08
"""How often a larger reach is tried, and how much larger, if rows are missed whatever the margin."""
_ROOM_IN_MARGIN, _ROOM_OF_SHORT = 2.0, 1.2
"""Real queries are not quite like the targets that are measured. A wide margin costs little with codes of 8 bits, where
reach is what costs; with short codes it is the other way round.
"""

Targets = Mapping[SearchKind, tuple[Matrix, Rows, Rows]]
"""By kind of search: unit targets [n, dimension], the rows they are of [n, m] and the true rows [n, k]."""


def measure_lists(
    lists: Lists, vectors: Matrix, targets: Targets, goal: float
) -> tuple[dict[SearchKind, Reach], dict[SearchKind, float]]:
    """For each kind of search how far it must go for a recall of ``goal``, and the recall that it then has.

    The reach follows from where the true rows are. Then whole searches are measured, so that what codes lose and what
    lists lose counts together.
    """
    reaches: dict[SearchKind, Reach] = {}
    recalls: dict[SearchKind, float] = {}
    list_of, centres = _list_of_rows(lists), _centres(lists)
    share, room = (goal, _ROOM_IN_MARGIN) if lists.bits is None else (1.0, _ROOM_OF_SHORT)
    search = ListSearch(lists, vectors, {})
    for asked, (some, inputs, truth) in targets.items():
        recall = _Recall(search, vectors, (some, inputs, truth))
        of_truth = list_of[truth]
        scores = np.einsum("nd,nkd->nk", some @ lists.rotation.T, centres[of_truth])
        spreads = np.maximum(lists.spreads[of_truth], 1e-6)
        needed = np.quantile((recall.least - scores) / spreads, share, method="higher")
        enough = _enough(recall, max(float(needed), _LEAST_REACH), goal)
        reaches[asked] = Reach(enough.reach, room * enough.margin)
        recalls[asked] = recall(reaches[asked])
    return reaches, recalls


def _enough(recall: "_Recall", reach: float, goal: float) -> Reach:
    for _ in range(_WIDENINGS):
        for margin in _MARGINS:
            if recall(Reach(reach, margin)) >= goal:
                return Reach(reach, margin)
        reach *= _WIDER
    return Reach(reach, _MARGINS[-1])


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


def _list_of_rows(lists: Lists) -> Rows:
    """The list that each row is in, [rows]."""
    of_places = np.repeat(np.arange(len(lists)), BLOCK_ROWS * (lists.starts[1:] - lists.starts[:-1]))
    there = lists.ids != NO_ROW
    found = np.empty(lists.count, np.int64)
    found[lists.ids[there]] = of_places[there]
    return found


def _centres(lists: Lists) -> Matrix:
    """The centres as their codes have them, [lists, kept]."""
    by_row = lists.centres.transpose(0, 2, 1, 3).reshape(-1, lists.kept)[: len(lists)]
    return np.asarray((by_row.astype(np.float32) - ZERO_CODE) * lists.centre_steps, np.float32)
