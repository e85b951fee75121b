"""Rows → groups of rows near each other: k-means, with centres compared by 8-bit codes in the search kernel."""

from collections.abc import Callable
from ctypes import c_int64, c_void_p
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.native import aligned_rows, by_threads, load_library
from embeddings.search.brute_force import Matrix, Rows

Codes = npt.NDArray[np.uint8]

BLOCK_ROWS = 16
"""Rows to a block of codes, as scoring.h has it."""
QUERIES = 16
"""Rows that are compared together, as products.h has it."""
ZERO_CODE = 128
"""The code of 0; codes are unsigned."""
_MOST_CODE = 127
_ROUNDS = 6
_ROWS_OF_A_THREAD = 1024
_NOWHERE = 1e6
"""Half the square of a centre that only fills a block up: no row is near it."""


def steps_for(most: Matrix) -> Matrix:
    """What a unit of a code is worth in each dimension, if no number is larger than ``most`` [dimension]."""
    return np.asarray(np.maximum(most, 1e-9) / _MOST_CODE, np.float32)


def codes_of(rows: Matrix, steps: Matrix) -> Codes:
    """Each number of ``rows`` [n, dimension] as a code; numbers beyond the codes are cut off."""
    units = np.clip(np.rint(rows / steps), -_MOST_CODE, _MOST_CODE)
    return np.asarray(units + ZERO_CODE, np.uint8)


def in_blocks(codes: Codes) -> Codes:
    """Codes [blocks * 16, dimension] in the order in which the kernel reads them [blocks, dimension / 4, 16, 4]."""
    count, dimension = codes.shape
    quads = codes.reshape(count // BLOCK_ROWS, BLOCK_ROWS, dimension // 4, 4)
    return np.ascontiguousarray(quads.transpose(0, 2, 1, 3))


def filled_up(rows: Codes) -> Codes:
    """``rows`` and as many of zeros as fill the last block."""
    padded = np.full((-(-len(rows) // BLOCK_ROWS) * BLOCK_ROWS, rows.shape[1]), ZERO_CODE, np.uint8)
    padded[: len(rows)] = rows
    return padded


class Centres:
    """Centres [m, dimension] as the kernel compares rows with them: by codes; dimension is a multiple of 4."""

    def __init__(self, centres: Matrix) -> None:
        self._steps = steps_for(np.abs(centres).max(axis=0))
        self._codes = in_blocks(filled_up(codes_of(centres, self._steps)))
        [self._halves] = aligned_rows(1, len(self._codes) * BLOCK_ROWS)
        self._halves[len(centres) :] = _NOWHERE
        self._halves[: len(centres)] = np.square(centres).sum(axis=1) / 2

    def nearest(self, rows: Matrix) -> Rows:
        """Which centre is nearest to each of ``rows`` [n, dimension or more]; among nearly equal ones any."""
        found = np.empty(len(rows), np.int32)
        by_threads(len(rows), lambda some: self.find(rows[some], found[some]), _ROWS_OF_A_THREAD)
        return found.astype(np.int64)

    def find(self, rows: Matrix, found: npt.NDArray[np.int32]) -> None:
        """As `nearest`, to ``found`` [n], by this thread."""
        kept = len(self._steps)
        queries = np.empty(QUERIES * kept, np.int8)
        _kernel()(
            rows.ctypes.data,
            *rows.shape,
            kept,
            self._codes.ctypes.data,
            len(self._codes),
            self._steps.ctypes.data,
            self._halves.ctypes.data,
            queries.ctypes.data,
            found.ctypes.data,
        )


def k_means(rows: Matrix, number: int, seed: int) -> Matrix:
    """``number`` centres [number, dimension] of ``rows`` (Lloyd's method from rows at random)."""
    rng = np.random.default_rng(seed)
    centres = rows[rng.permutation(len(rows))[:number]].copy()
    for _ in range(_ROUNDS):
        nearest = Centres(centres).nearest(rows)
        counts = np.bincount(nearest, minlength=number)
        there = counts > 0
        centres[there] = means(rows, nearest, counts)
        empty = np.flatnonzero(~there)
        if len(empty):  # each moves beside a centre that has many rows
            beside = centres[np.argsort(-counts)[: len(empty)]]
            centres[empty] = beside + 0.01 * np.abs(beside).mean() * rng.standard_normal(beside.shape, np.float32)
    return centres


def means(rows: Matrix, nearest: Rows, counts: Rows) -> Matrix:
    """The means of the ``rows`` of each centre that has any; ``counts`` says how many rows each has."""
    sums = np.zeros((len(counts), rows.shape[1]), np.float32)
    arguments = [c_void_p, c_int64, c_int64, c_void_p, c_void_p]
    add = load_library("embeddings.search").function("sum_rows", None, arguments)
    add(rows.ctypes.data, *rows.shape, nearest.ctypes.data, sums.ctypes.data)
    there = counts > 0
    return np.asarray(sums[there] / counts[there, None], np.float32)


@cache
def _kernel() -> Callable[..., Any]:
    arguments = [c_void_p, c_int64, c_int64, c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_void_p, c_void_p]
    return load_library("embeddings.search").function("nearest_centres", None, arguments)
