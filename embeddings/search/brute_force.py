"""Nearest neighbours by comparison with every row: the standard for an index, and all that small models need."""

from collections.abc import Iterator, Sequence
from ctypes import c_int64, c_void_p
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.native import by_threads, load_library, missing_kernel

Matrix = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

_TOP_GROUP = 512
_TARGETS, _ROWS = 256, 2048
"""A block of targets against a block of rows: their products stay in the processor's cache."""
_FEW_TARGETS = 16
"""Below this many, a product of the matrix with each takes less time than blocks of both."""
_LEVELS = ("avx2", "avx512")
"""Here the kernel has instructions for products of bytes; elsewhere BLAS takes less time."""
_ROWS_OF_A_THREAD, _MOST_BY_KERNEL = 8192, 2048
"""Rows that are worth a thread, and the most that the kernel finds: it keeps the best of each target in order."""
ROUNDING = 4e-6
"""More than the rounding difference of one cosine between products of different shapes."""
_NO_NUMBERS = "Vectors of this model hold NaN or infinite numbers: it is damaged. Import or train it anew."


def exact_search(vectors: Matrix, targets: Matrix, k: int) -> tuple[Matrix, Rows]:
    """The ``k`` nearest of ``vectors`` [count, dimension] to each of ``targets`` [n, dimension], by brute force.

    Returns cosines and rows [n, k], best first, the lower row first among equals. Raises `ModelError` for a target that
    is not made of numbers.
    """
    k = min(k, len(vectors))
    scores = np.empty((len(targets), k), np.float32)
    rows = np.empty((len(targets), k), np.int64)
    if len(targets) < _FEW_TARGETS:
        for place, target in enumerate(targets):
            scores[place], rows[place] = largest(vectors @ target, k)
        return scores, rows
    suits = vectors.dtype == np.float32 and vectors.flags.c_contiguous and k <= _MOST_BY_KERNEL
    if suits and missing_kernel("embeddings.search") is None and load_library("embeddings.search").level in _LEVELS:
        return _search_by_kernel(vectors, targets, k)
    for some in blocks(len(targets), _TARGETS):
        for place, candidates in enumerate(_candidates(vectors, targets[some], k), start=some.start):
            if len(candidates) < k:
                raise ModelError(_NO_NUMBERS)
            scores[place], rows[place] = rank(vectors.take(candidates, axis=0), candidates, targets[place], k)
    return scores, rows


def _search_by_kernel(vectors: Matrix, targets: Matrix, k: int) -> tuple[Matrix, Rows]:
    """As `exact_search`: the kernel compares by 8-bit codes first, and by vectors what may be among the nearest."""
    library = load_library("embeddings.search")
    arguments = [c_void_p, c_int64, c_int64, c_void_p, c_int64, c_int64, *[c_void_p] * 3]
    search = library.function("nearest_rows", c_int64, arguments)
    memory_for = library.function("nearest_rows_bytes", c_int64, [c_int64] * 3)
    targets = np.ascontiguousarray(targets, np.float32)
    if targets.shape[1] != vectors.shape[1]:
        raise ValueError(f"Targets are {targets.shape}, and the rows {vectors.shape}.")
    parts: list[tuple[Matrix, Rows]] = []

    def work(some: slice) -> None:
        of_part = vectors[some]
        best, rows = np.full((len(targets), k), -np.inf, np.float32), np.zeros((len(targets), k), np.int64)
        memory = np.zeros(memory_for(vectors.shape[1], len(targets), k), np.uint8)
        given = of_part.ctypes.data, *of_part.shape, targets.ctypes.data, len(targets), k
        if search(*given, *(each.ctypes.data for each in (memory, best, rows))):
            raise ModelError(_NO_NUMBERS)
        parts.append((best, rows + some.start))

    by_threads(len(vectors), work, _ROWS_OF_A_THREAD)
    best, rows = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
    order = np.lexsort((rows, -best))[:, :k]
    return np.take_along_axis(best, order, axis=1), np.take_along_axis(rows, order, axis=1)


def rank(vectors: Matrix, candidates: Rows, target: Matrix, k: int) -> tuple[Matrix, Rows]:
    """The best ``k`` of ``candidates`` [n], whose vectors [n, dimension] are given, by exact cosine: cosines and rows
    [k], best first.
    """
    best, positions = largest(vectors @ target, k)
    return best, candidates[positions]


def largest(scores: Matrix, k: int) -> tuple[Matrix, Rows]:
    """The ``k`` largest of ``scores`` [n] and where they stand, largest first, the earlier first among equals.

    A partition of everything would cost more than the product that made the scores. The k-th largest of the maxima of
    groups is a bound that no winner lies below, and it leaves few to sort. Raises `ModelError` where too few of them
    are numbers.
    """
    groups = len(scores) // _TOP_GROUP
    candidates: Rows
    if groups > k:
        maxima = scores[: groups * _TOP_GROUP].reshape(groups, _TOP_GROUP).max(axis=1)
        candidates = np.flatnonzero(scores >= np.partition(maxima, groups - k)[groups - k])
    else:
        candidates = np.arange(len(scores))
        if len(scores) > 4 * k:
            candidates = np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
    order = np.argsort(-scores[candidates], kind="stable")[:k]
    rows = candidates[order]
    if len(rows) < min(k, len(scores)):  # nothing compares with NaN
        raise ModelError(_NO_NUMBERS)
    return scores[rows], rows


def unit(vector: Matrix) -> Matrix:
    """``vector`` [dimension] brought to length 1; zeros stay zeros."""
    length = np.sqrt(vector @ vector)
    scaled: Matrix = np.asarray(vector / length if length > 0 else vector, np.float32)
    return scaled


def blocks(count: int, size: int) -> Iterator[slice]:
    """``count`` places as slices of ``size``, of which the last may be shorter."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))


def without_missing(rows: Rows) -> Rows:
    """``rows`` [n] without the -1 that an index gives when it finds no more."""
    return rows if len(rows) and rows[-1] >= 0 else rows[rows >= 0]


def without_rows(scores: Matrix, rows: Rows, excluded: Sequence[int], k: int) -> tuple[list[float], list[int]]:
    """The ``scores`` of the first ``k`` of the ``rows`` found [n], and those rows, without any that is ``excluded``."""
    if excluded:
        left = ~np.isin(rows, list(excluded))
        scores, rows = scores[left], rows[left]
    return scores[:k].tolist(), rows[:k].tolist()


def without_each(scores: Matrix, rows: Rows, excluded: Sequence[Sequence[int]]) -> tuple[Matrix, Rows]:
    """The ``scores`` and ``rows`` found for each target [n, m] without the rows that are ``excluded`` for it; -1 stands
    in the end, where there are no more.
    """
    is_out = rows == -1
    for column in zip_longest(*excluded, fillvalue=-1):
        is_out |= rows == np.array(column)[:, None]
    best = np.argsort(is_out, axis=1, kind="stable")
    scores, rows, is_out = (np.take_along_axis(each, best, axis=1) for each in (scores, rows, is_out))
    return scores, np.where(is_out, -1, rows)


def _candidates(vectors: Matrix, targets: Matrix, k: int) -> Iterator[Rows]:
    """For each target the rows, in order, among which its ``k`` nearest are.

    As in `largest`, only the maximum of each group of rows is kept of the products, so all that is in memory is
    [groups, targets]; the groups that can hold winners are few, and are multiplied once more.
    """
    count = len(vectors)
    size = _group_size(count, k)
    maxima = np.empty((-(-count // size), len(targets)), np.float32)
    columns = np.ascontiguousarray(targets.T)
    products = np.empty((_ROWS, len(targets)), np.float32)
    for rows in blocks(count, _ROWS):
        part = np.matmul(vectors[rows], columns, out=products[: rows.stop - rows.start])
        first, whole = rows.start // size, len(part) // size
        grouped = part[: whole * size].reshape(whole, size, len(targets))
        np.max(grouped, axis=1, out=maxima[first : first + whole])
        if whole * size < len(part):
            maxima[-1] = part[whole * size :].max(axis=0)
    by_target = np.ascontiguousarray(maxima.T)
    last = max(by_target.shape[1] - k, 0)
    bounds = np.partition(by_target, last, axis=1)[:, last] - ROUNDING
    within = np.arange(size)
    for of_target, bound in zip(by_target, bounds, strict=True):
        groups = np.flatnonzero(of_target >= bound)
        candidates = (groups[:, None] * size + within).ravel()
        yield candidates[: np.searchsorted(candidates, count)]


def _group_size(count: int, k: int) -> int:
    """Rows to a group, a power of 2: the more, the fewer maxima to look through and the more rows to multiply again."""
    return int(2 ** np.clip(np.round(np.log2(count / (4 * k)) / 2), 3, 8))
