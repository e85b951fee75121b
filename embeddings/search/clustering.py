"""Rows → groups of rows near each other: k-means, with centres compared by 8-bit codes in the search kernel."""

from collections.abc import Callable
from ctypes import c_int64, c_void_p
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.native import load_library
from embeddings.search.brute_force import Matrix, Rows

Codes = npt.NDArray[np.uint8]

BLOCK_ROWS = 16
"""Rows to a block of codes, as scoring.h has it."""
ZERO_CODE = 128
"""The code of 0; codes are unsigned."""
_MOST_CODE = 127
_ROUNDS = 6
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


def nearest_centres(rows: Matrix, centres: Matrix) -> Rows:
    """Which of ``centres`` [m, dimension] is nearest to each of ``rows`` [n, dimension]; dimension is a multiple of 4.

    Among nearly equal ones any: the centres are compared by codes.
    """
    steps = steps_for(np.abs(centres).max(axis=0))
    coded = in_blocks(filled_up(codes_of(centres, steps)))
    halves = np.full(len(coded) * BLOCK_ROWS, _NOWHERE, np.float32)
    halves[: len(centres)] = np.square(centres).sum(axis=1) / 2
    rows = np.ascontiguousarray(rows, np.float32)
    scratch = np.empty(rows.shape[1], np.int8)
    nearest = np.empty(len(rows), np.int32)
    _kernel()(
        rows.ctypes.data,
        *rows.shape,
        coded.ctypes.data,
        len(coded),
        steps.ctypes.data,
        halves.ctypes.data,
        scratch.ctypes.data,
        nearest.ctypes.data,
    )
    return nearest.astype(np.int64)


def k_means(rows: Matrix, number: int, seed: int) -> Matrix:
    """``number`` centres [number, dimension] of ``rows`` (Lloyd's method from rows at random)."""
    rng = np.random.default_rng(seed)
    centres = rows[rng.permutation(len(rows))[:number]].copy()
    for _ in range(_ROUNDS):
        nearest = nearest_centres(rows, centres)
        counts = np.bincount(nearest, minlength=number)
        order = np.argsort(nearest, kind="stable")
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        there = counts > 0
        centres[there] = np.add.reduceat(rows[order], starts[there], axis=0) / counts[there, None]
        empty = np.flatnonzero(~there)
        if len(empty):  # each moves beside a centre that has many rows
            beside = centres[np.argsort(-counts)[: len(empty)]]
            centres[empty] = beside + 0.01 * np.abs(beside).mean() * rng.standard_normal(beside.shape, np.float32)
    return centres


@cache
def _kernel() -> Callable[..., Any]:
    arguments = [c_void_p, c_int64, c_int64, c_void_p, c_int64, c_void_p, c_void_p, c_void_p, c_void_p]
    return load_library("embeddings.search").function("nearest_centres", None, arguments)
