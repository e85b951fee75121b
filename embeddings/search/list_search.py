"""Search in lists by the kernel: memory for it that is kept between calls, and the calls themselves."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from ctypes import Structure, addressof, c_float, c_int64, c_void_p
from dataclasses import astuple, dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.native import by_threads, load_library, processors
from embeddings.search.brute_force import Matrix, Rows
from embeddings.search.list_file import Lists
from embeddings.search.recall import Asked, SearchKind

LARGEST_K = 2048
"""As lists.h has it."""
_MOST_TOGETHER, _BYTES_TOGETHER = 1024, 32_000_000
"""Targets that share what is read of a list, in a batch, and the memory that they take at most."""
_SHARED, _ALONE = 256, 16
"""Targets of a batch to a thread, at least: of smaller ones those who ask have several at a time; and of those that
share nothing.
"""
_TENTH = 12
"""The tenth-best row stands about there: most queries are of three words, and those that are added come before it."""
_FEWEST_IN_BLOCK, _FEWEST_WITH_FINER = 48, 16
"""As block.h has them: of fewer targets each is searched alone."""
_FEW = 64
"""Excluded rows up to here are compared one by one; more are marked."""
_threads = 2
"""Of a search for one target, where there are so many processors: one waits while the other searches (helper.h)."""
_PARTED_FROM = 15_000
"""Parts of 32 rows that a search may read, from which on both threads search: before, the cache gains more."""


def search_by_one_thread() -> None:
    """From now on a search for one target takes one thread, also in processes that are forked from this one. A server
    has its processors for requests that it answers at the same time.
    """
    global _threads
    _threads = 1


class ListIndex(Structure):
    """As lists.h has it."""

    _fields_: ClassVar[Any] = [
        *((name, c_int64) for name in ("rows", "dimension", "turned", "lists", "parts")),
        *((name, c_int64) for name in ("fours", "twos", "ones", "fine_bits")),
        *((name, c_void_p) for name in ("rotation", "sizes", "steps", "centre_steps", "centres", "first_part")),
        *((name, c_void_p) for name in ("scales", "spreads", "ids", "coarse", "fine", "finer", "vectors")),
        *((name, c_int64) for name in ("descriptor", "offset")),
    ]


class _Question(Structure):
    _fields_: ClassVar[Any] = [
        ("k", c_int64),
        ("limit", c_int64),
        ("allowed", c_void_p),
        ("excluded", c_void_p),
        ("excluded_count", c_int64),
        ("threads", c_int64),
        ("parted_from", c_int64),
        ("reach", c_float),
        ("coarse_margin", c_float),
        ("fine_margin", c_float),
        ("finer_margin", c_float),
    ]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a search goes: measured for each kind of search when the index is built."""

    reach: float
    """A part is read if its promise, with so many of its spreads, comes up to the k-th best row."""
    coarse: float
    """A row's fine code is looked at if its coarse one comes up to its share of the k-th best score, less this."""
    fine: float
    """A row's finer code is looked at if its fine one comes up to the k-th best score, less this."""
    finer: float
    """Rows are ranked exactly whose finer codes (fine ones without them) come up to the k-th best score less this."""
    floor: float = -1.0
    """The tenth-best score of the target that was farthest from all rows, of those that all this was measured on. Of
    what is farther away codes say little.
    """

    def widened(self, factor: float) -> Self:
        looks = (factor * each for each in astuple(self)[:-1])
        return replace(type(self)(*looks), floor=self.floor)

    @classmethod
    def widest(cls, reaches: Iterable[Self]) -> Self:
        """The largest of each number, and the lowest floor."""
        *looks, floors = zip(*map(astuple, reaches), strict=True)
        return replace(cls(*map(max, looks)), floor=min(floors))


_CAUTIOUS = Reach(1.5, 0.3, 0.2, 0.15)
"""Where nothing was measured."""


class _Slot:
    """What one call of the kernel writes to."""

    def __init__(self, together: int, threads: int, scratch_bytes: int, dimension: int) -> None:
        self.key = together, threads
        self.question = _Question()
        self.question_address = addressof(self.question)
        self._scratch = np.empty(scratch_bytes, np.uint8)
        self.scratch_address = self._scratch.ctypes.data
        excluded, scores = np.empty(_FEW, np.uint32), np.empty(LARGEST_K, np.float32)
        rows, found = np.empty(LARGEST_K, np.int64), np.empty(1, np.int64)
        self.question.excluded = excluded.ctypes.data
        self.question.threads = threads
        self.question.parted_from = _PARTED_FROM
        self.target = np.empty(dimension, np.float32)
        """The one target of a call: to ask numpy for the address of another takes longer than to copy it."""
        self.target_address = self.target.ctypes.data
        self.addresses = scores.ctypes.data, rows.ctypes.data, found.ctypes.data
        # Single numbers of an array take five times as long to read and to write as those of a memoryview.
        self.excluded, self.rows, self.found = excluded.data, rows.data, found.data
        self.scores: Any = scores.data  # memoryviews are typed as of whole numbers


class ListSearch:
    """Search in `Lists` over unit rows, float32 [count, dimension]. Raises `KernelError` where there is no kernel."""

    def __init__(
        self, lists: Lists, vectors: Matrix, reaches: Mapping[SearchKind, Reach], file: HeldFile | None = None
    ) -> None:
        """``file`` is a .npy file that ends with the ``vectors``: with it rows are read from there, not mapped."""
        if vectors.dtype != np.float32 or not vectors.flags.c_contiguous:
            raise ModelError(f"Vectors are {vectors.dtype}, and the search kernel takes float32 in one piece.")
        library = load_library("embeddings.search")
        self._call = library.function("search_lists", c_int64, [c_void_p] * 3 + [c_int64] * 2 + [c_void_p] * 4)
        self._bytes = library.function("list_scratch_bytes", c_int64, [c_void_p, c_int64])
        arguments = [c_void_p, c_void_p, c_int64, *[c_void_p] * 2, c_int64, c_void_p, c_void_p]
        self._score = library.function("score_places", None, arguments)
        self._kept = lists, vectors, file  # what the addresses are of
        self.reaches = reaches
        self._widest = Reach.widest(reaches.values()) if reaches else _CAUTIOUS
        self._count, self._dimension = vectors.shape
        bits = lists.bits
        names = ("rotation", "sizes", "steps", "centre_steps", "centres", "first_part", "scales", "spreads")
        self._index = ListIndex(
            *vectors.shape,
            lists.turned,
            len(lists),
            lists.parts,
            *(bits.fours, bits.twos, bits.ones, bits.fine),
            *(getattr(lists, name).ctypes.data for name in (*names, "ids", "coarse", "fine")),
            lists.finer.ctypes.data if bits.has_finer else None,
            vectors.ctypes.data if file is None else None,
            -1 if file is None else file.fileno(),
            0 if file is None else os.fstat(file.fileno()).st_size - vectors.nbytes,
        )
        self._index_address = addressof(self._index)
        most: int = self._bytes(self._index_address, _MOST_TOGETHER)
        self._fewest = _FEWEST_WITH_FINER if bits.has_finer else _FEWEST_IN_BLOCK
        self._together = min(_MOST_TOGETHER, max(self._fewest, _MOST_TOGETHER * _BYTES_TOGETHER // most))
        if most == self._bytes(self._index_address, 1):  # this processor takes targets one by one
            self._together = 1
        self._threads = min(_threads, processors())
        self._slots: defaultdict[tuple[int, int], list[_Slot]] = defaultdict(list)

    def nearest(
        self,
        target: Matrix,
        k: int,
        asked: SearchKind | None = None,
        *,
        limit: int | None = None,
        excluded: Sequence[int] = (),
        allowed: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[list[float], list[int]]:
        """The ``k`` rows nearest to ``target`` [dimension]: cosines and rows, best first, fewer where there
        are no more. Only rows below ``limit`` that ``allowed`` [count] has are found, and none that is ``excluded``.
        """
        slot = self._slot(1, self._threads)
        try:
            allowed = self._ask(slot, k, self._reach_for(asked), limit, excluded, allowed)
            if target.shape != slot.target.shape:
                raise ValueError(f"A target is {target.shape}, and the rows have {self._dimension} dimensions.")
            slot.target[:] = target
            self._search(slot, slot.target_address, 1, *slot.addresses)
            found = slot.found[0]
            return slot.scores[:found].tolist(), slot.rows[:found].tolist()
        finally:
            self._put_back(slot)

    def nearest_of_each(
        self,
        targets: Matrix,
        k: int,
        asked: Asked | Reach = None,
        *,
        limit: int | None = None,
        allowed: npt.NDArray[np.bool_] | None = None,
        together: int | None = None,
    ) -> tuple[Matrix, Rows, Rows]:
        """The ``k`` rows nearest to each of ``targets`` [n, dimension]: cosines and rows [n, k], and how many there are
        of them [n]. The work is shared by as many threads as there are processors. A `Reach` takes the place of
        what was measured for a kind of search; of several kinds the widest is for all.
        """
        targets = np.ascontiguousarray(targets, np.float32)
        if targets.shape[1:] != (self._dimension,):
            raise ValueError(f"Targets are {targets.shape}, and the rows have {self._dimension} dimensions.")
        scores, rows = np.empty((len(targets), k), np.float32), np.zeros((len(targets), k), np.int64)
        found = np.zeros(len(targets), np.int64)

        def search(part: slice) -> None:
            slot = self._slot(together or self._together_of(len(targets[part])))
            try:
                kept = self._ask(slot, k, self._reach_for(asked), limit, (), allowed)
                some = [array[part].ctypes.data for array in (scores, rows, found)]
                self._search(slot, targets[part].ctypes.data, len(targets[part]), *some)
                del kept
            finally:
                self._put_back(slot)

        is_shared = (together or self._together_of(len(targets))) > 1
        by_threads(len(targets), search, _SHARED if is_shared else _ALONE)
        return scores, rows, found

    def scores_of(self, targets: Matrix, places: Rows, lists: Rows) -> Matrix:
        """The scores of rows as a search sees them: by centres, by coarse, fine and finer codes [4, n, m]. Of each of
        ``targets`` [n, dimension] those at ``places`` [n, m] of the index, in ``lists`` [n, m].
        """
        targets = np.ascontiguousarray(targets, np.float32)
        where = [np.ascontiguousarray(each, np.int64) for each in (places, lists)]
        scores = np.empty((4, *places.shape), np.float32)
        scratch = np.empty(self._bytes(self._index_address, 1), np.uint8)
        some = [each.ctypes.data for each in where]
        rest = (places.shape[1], scratch.ctypes.data, scores.ctypes.data)
        self._score(self._index_address, targets.ctypes.data, len(targets), *some, *rest)
        return scores

    def is_far(self, scores: Sequence[float], asked: SearchKind | None = None) -> bool:
        """Whether a target with these scores [k] of its best rows is farther from all rows than any that searches were
        measured on. Then rows may be missing.
        """
        return scores[min(len(scores), _TENTH) - 1] < self._reach_for(asked).floor

    def are_far(self, scores: Matrix, asked: Asked = None) -> npt.NDArray[np.bool_]:
        """`is_far` of each of some targets, by their scores [n, k]."""
        floor: float | npt.NDArray[np.float64]
        if asked is None or isinstance(asked, str):
            floor = self._reach_for(asked).floor
        else:
            floors = {kind: self._reach_for(kind).floor for kind in set(asked)}
            floor = np.array([floors[kind] for kind in asked]) if len(set(floors.values())) > 1 else floors[asked[0]]
        far: npt.NDArray[np.bool_] = scores[:, min(scores.shape[1], _TENTH) - 1] < floor
        return far

    def _reach_for(self, asked: Asked | Reach) -> Reach:
        if asked is None:
            return self._widest
        if isinstance(asked, Reach):
            return asked
        if isinstance(asked, str):
            return self.reaches.get(asked, self._widest)
        return Reach.widest([self._reach_for(kind) for kind in set(asked)])

    def _together_of(self, count: int) -> int:
        return self._together if count >= self._fewest else 1

    def _slot(self, together: int, threads: int = 1) -> _Slot:
        try:
            return self._slots[together, threads].pop()
        except IndexError:
            return _Slot(together, threads, self._bytes(self._index_address, together), self._dimension)

    def _put_back(self, slot: _Slot) -> None:
        self._slots[slot.key].append(slot)

    def _ask(
        self,
        slot: _Slot,
        k: int,
        how: Reach,
        limit: int | None,
        excluded: Sequence[int],
        allowed: npt.NDArray[np.bool_] | None,
    ) -> npt.NDArray[np.bool_] | None:
        """Write down what is asked; gives ``allowed`` as the kernel reads it, to be kept until it is done."""
        if not 0 < k <= LARGEST_K:
            raise ValueError(f"The kernel finds 1 to {LARGEST_K:,} rows, not {k:,}.")
        if len(excluded) > _FEW:
            allowed = np.ones(self._count, bool) if allowed is None else allowed.copy()
            allowed[list(excluded)] = False
            excluded = ()
        if allowed is not None and (
            allowed.dtype != bool or len(allowed) != self._count or not allowed.flags.c_contiguous
        ):
            raise ValueError(f"What is allowed are {len(allowed):,} × {allowed.dtype}, not {self._count:,} × bool.")
        question = slot.question
        question.k, question.limit = k, self._count if limit is None else limit
        question.allowed = None if allowed is None else allowed.ctypes.data
        question.reach, question.coarse_margin = how.reach, how.coarse
        question.fine_margin, question.finer_margin = how.fine, how.finer
        question.excluded_count = len(excluded)
        for place, row in enumerate(excluded):
            slot.excluded[place] = row
        return allowed

    def _search(self, slot: _Slot, targets: int, count: int, scores: int, rows: int, found: int) -> None:
        """``targets``, ``scores``, ``rows`` and ``found`` are addresses of arrays whose sizes were checked."""
        failed = self._call(
            self._index_address,
            slot.question_address,
            targets,
            count,
            slot.key[0],
            slot.scratch_address,
            scores,
            rows,
            found,
        )
        if failed:
            raise ModelError("The vectors' file has become shorter since it was opened.")
