"""Rows → lists: which dimensions are kept, the groups of rows, their codes; and how far searches must go in them."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.search.brute_force import Matrix, Rows, blocks
from embeddings.search.calibration import measure_lists
from embeddings.search.clustering import (
    BLOCK_ROWS,
    ZERO_CODE,
    Centres,
    Codes,
    codes_of,
    filled_up,
    in_blocks,
    k_means,
    steps_for,
)
from embeddings.search.list_file import LISTS_FILE, MOST_DIMENSIONS, NO_ROW, Lists, write_lists
from embeddings.search.list_search import Reach
from embeddings.search.recall import SearchKind, goal_of, measured_targets
from embeddings.search.report import IndexParameters, IndexReport
from embeddings.search.short_codes import Bits, bits_for, short_codes, short_codes_in_blocks

_ROWS_PER_LIST = 200
"""With fewer, finding the lists takes longer; with more, more rows are read in vain."""
_SAMPLE_PER_LIST, _SMALLEST_SAMPLE = 32, 32_768
_SHARE_KEPT, _FEWEST_KEPT = 0.9, 64
"""Of many dimensions those are kept that hold so much of the squares; of few, all."""
_BEYOND_SAMPLE = 1.05
_FACTORY = re.compile(r"L(\d{1,9}),(?:(\d{1,4})x8|(\d{1,4})x4,(\d{1,4})x2,(\d{1,4})x1)")
_SHORT_FROM = 128
"""From so many dimensions of 8 bits on, reading codes is what takes time, and short ones are taken."""
_BITS_PER_DIMENSION = 1.6
_ROWS_PER_LIST_OF_SHORT = 1000
"""Of so many dimensions most lists are read; long ones are built sooner, and read in one piece."""
_BLOCK_ROWS = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Principal axes [dimension, dimension] of rows, and how much of their squares is along each, largest first."""

    energies: Matrix
    axes: Matrix


def build_list_index(vectors: Matrix, kind: str, parameters: IndexParameters, folder: Path) -> IndexReport:
    """Build, measure and write an index of lists; its recall may be below the wanted one."""
    started = time.perf_counter()
    axes = principal_axes(vectors, parameters.seed)
    factory = parameters.factory or _factory_for(axes, len(vectors))
    lists = build_lists(vectors, factory, parameters.seed, axes)
    targets = measured_targets(vectors, parameters)
    reaches, recalls = measure_lists(lists, vectors, targets, goal_of(parameters))
    # An expression can be an analogy in other signs.
    both = reaches[SearchKind.ANALOGY], reaches[SearchKind.EXPRESSION]
    reaches[SearchKind.EXPRESSION] = Reach(max(each.reach for each in both), max(each.margin for each in both))
    write_lists(lists, folder / LISTS_FILE)
    return IndexReport(
        kind,
        factory,
        0,
        min(recalls.values()),
        round(time.perf_counter() - started, 3),
        parameters,
        recall_of={asked.value: round(share, 6) for asked, share in recalls.items()},
        reach_for={asked.value: [round(each.reach, 4), round(each.margin, 4)] for asked, each in reaches.items()},
    )


def rebuild_list_index(vectors: Matrix, measured: IndexReport, folder: Path) -> IndexReport:
    """Build and write the lists of ``measured`` anew; how far searches go was measured on the same vectors before."""
    started = time.perf_counter()
    assert measured.factory is not None
    seed = measured.parameters.seed
    write_lists(build_lists(vectors, measured.factory, seed, principal_axes(vectors, seed)), folder / LISTS_FILE)
    return replace(measured, build_seconds=round(time.perf_counter() - started, 3))


def factory_of(number: int, kept: int | Bits) -> str:
    """The name of an index of ``number`` lists with codes of ``kept`` dimensions, like FAISS's names of its own."""
    if isinstance(kept, Bits):
        return f"L{number},{kept.fours}x4,{kept.twos}x2,{kept.ones}x1"
    return f"L{number},{kept}x8"


def list_factory(vectors: Matrix, seed: int) -> str:
    """The name of the lists that suit unit rows [count, dimension]."""
    return _factory_for(principal_axes(vectors, seed), len(vectors))


def lists_to_try(vectors: Matrix, seed: int = 0) -> list[str]:
    """Names of lists of the usual length, of half and of twice that."""
    number, kept, bits = _numbers_of(list_factory(vectors, seed), *vectors.shape)
    return list(dict.fromkeys(factory_of(max(1, each), bits or kept) for each in (number, 2 * number, number // 2)))


def build_lists(vectors: Matrix, factory: str, seed: int, found: Axes | None = None) -> Lists:
    """The lists of unit rows [count, dimension]; ``factory`` is a name that `factory_of` gives, ``found`` the rows'
    axes where they are known.

    Beside the rows, which may be mapped, it takes the sample or twice the codes in memory, whichever is more.
    """
    number, kept, bits = _numbers_of(factory, *vectors.shape)
    count, dimension = vectors.shape
    rotation = np.zeros((kept, dimension), np.float32)
    axes = (found or principal_axes(vectors, seed)).axes[:kept]
    rotation[: len(axes)] = axes
    sample = _rotated_sample(vectors, rotation, max(number * _SAMPLE_PER_LIST, _SMALLEST_SAMPLE), seed)
    if bits is None:
        steps = steps_for(_BEYOND_SAMPLE * np.maximum(sample.max(axis=0), -sample.min(axis=0)))
    else:
        steps = np.maximum(np.sqrt(np.square(sample).mean(axis=0)), 1e-9)
    centres = k_means(sample, number, seed)
    del sample
    list_of, squares = np.empty(count, np.int64), np.empty(count, np.float32)
    codes = np.empty((count, kept if bits is None else bits.nibbles // 2), np.uint8)
    compared = Centres(centres)
    for some in blocks(count, _BLOCK_ROWS):
        rotated = vectors[some] @ rotation.T
        list_of[some] = compared.nearest(rotated)
        codes[some] = codes_of(rotated, steps) if bits is None else short_codes(rotated, steps, bits)
        rotated -= centres[list_of[some]]
        squares[some] = np.einsum("ij,ij->i", rotated, rotated)
    counts = np.bincount(list_of, minlength=number)
    starts = np.concatenate([[0], np.cumsum(-(-counts // BLOCK_ROWS))])
    order = np.argsort(list_of, kind="stable")  # by list, and in a list by row
    within = np.arange(count) - np.repeat(np.cumsum(counts) - counts, counts)
    places = starts[list_of[order]] * BLOCK_ROWS + within
    ids = np.full(starts[-1] * BLOCK_ROWS, NO_ROW, np.uint32)
    ids[places] = order
    centre_steps = steps_for(np.abs(centres).max(axis=0))
    return Lists(
        rotation=rotation,
        steps=steps,
        centre_steps=centre_steps,
        spreads=_spreads(squares, list_of, counts),
        centres=in_blocks(filled_up(codes_of(centres, centre_steps))),
        codes=_placed(codes, ids, in_blocks if bits is None else short_codes_in_blocks),
        starts=starts.astype(np.uint32),
        ids=ids,
        count=count,
        bits=bits,
    )


def _numbers_of(factory: str, count: int, dimension: int) -> tuple[int, int, Bits | None]:
    """How many lists, dimensions that are kept, and bits of short codes."""
    match = _FACTORY.fullmatch(factory)
    number = int(match[1]) if match else 0
    bits = Bits(int(match[3]), int(match[4]), int(match[5])) if match and match[3] else None
    kept = bits.kept if bits is not None else int(match[2]) if match else 0
    fits = kept <= min(dimension + 3, MOST_DIMENSIONS) and kept % 4 == 0
    if not (0 < number <= count and kept > 0 and fits and (bits is None or bits.are_possible(dimension))):
        raise ModelError(
            f"'{factory}' names no lists of {count:,} × {dimension} vectors. A name is like L2000,52x8: the number of "
            "lists, and the dimensions of the codes, a multiple of 4; or like L500,20x4,88x2,240x1: dimensions with "
            "codes of four, two and one bit, multiples of 4, 8 and 16."
        )
    return number, kept, bits


def principal_axes(vectors: Matrix, seed: int) -> Axes:
    """The principal axes of a sample of unit rows [count, dimension]."""
    squares = np.zeros((vectors.shape[1], vectors.shape[1]), np.float64)
    for some in _sample(len(vectors), _SMALLEST_SAMPLE, seed):
        rows = vectors[some]
        squares += rows.T @ rows
    values, axes = np.linalg.eigh(squares)
    return Axes(np.maximum(values[::-1], 0).astype(np.float32), np.ascontiguousarray(axes[:, ::-1].T, np.float32))


def _factory_for(found: Axes, count: int) -> str:
    dimension = len(found.axes)
    enough = int(np.searchsorted(np.cumsum(found.energies) / found.energies.sum(), _SHARE_KEPT)) + 1
    if enough >= _SHORT_FROM:
        bits = bits_for(found.energies, round(_BITS_PER_DIMENSION * dimension))
        return factory_of(max(1, count // _ROWS_PER_LIST_OF_SHORT), bits)
    kept = min(max(-(-enough // 16) * 16, _FEWEST_KEPT), dimension, MOST_DIMENSIONS)
    return factory_of(max(1, count // _ROWS_PER_LIST), -(-kept // 4) * 4)


def _sample(count: int, number: int, seed: int) -> Iterator[Rows]:
    """Rows at random in their order, some at a time."""
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[:number])
    return (chosen[some] for some in blocks(len(chosen), _BLOCK_ROWS))


def _rotated_sample(vectors: Matrix, rotation: Matrix, number: int, seed: int) -> Matrix:
    rotated = np.empty((min(number, len(vectors)), len(rotation)), np.float32)
    end = 0
    for some in _sample(len(vectors), number, seed):
        start, end = end, end + len(some)
        np.matmul(vectors[some], rotation.T, out=rotated[start:end])
    return rotated


def _placed(codes: Codes, ids: npt.NDArray[np.uint32], arrange: Callable[[Codes], Codes]) -> Codes:
    """The codes of rows [count, width] in the order of ``ids`` and in blocks, zeros where there is no row."""
    parts = []
    for some in blocks(len(ids) // BLOCK_ROWS, _BLOCK_ROWS // BLOCK_ROWS):
        rows = ids[some.start * BLOCK_ROWS : some.stop * BLOCK_ROWS]
        together = codes[np.where(rows == NO_ROW, 0, rows)]
        together[rows == NO_ROW] = ZERO_CODE
        parts.append(arrange(together))
    return np.concatenate(parts)


def _spreads(squares: Matrix, list_of: Rows, counts: Rows) -> Matrix:
    """How far rows are from their centre [lists]: the geometric mean of their root mean square and of the farthest,
    since a few outliers must be found as well.
    """
    means = np.bincount(list_of, weights=squares, minlength=len(counts)) / np.maximum(counts, 1)
    farthest = np.zeros(len(counts), np.float32)
    np.maximum.at(farthest, list_of, squares)
    return np.asarray((means * farthest) ** 0.25, np.float32)
