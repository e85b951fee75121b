"""Rows → lists: which dimensions are kept, the groups of rows, their codes; and how far searches must go in them."""

import time
from collections.abc import Iterator
from ctypes import addressof, c_int64, c_void_p
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.native import aligned_rows, by_threads, load_library
from embeddings.search.brute_force import Matrix, Rows, blocks
from embeddings.search.calibration import measure_lists
from embeddings.search.clustering import (
    ZERO_CODE,
    Centres,
    Codes,
    codes_of,
    filled_up,
    in_blocks,
    k_means,
    means,
    steps_for,
)
from embeddings.search.codes import FINE_BYTES, FINER_BYTES, MOST_NIBBLES, MOST_TURNED, Bits, bits_for, most_fine_bits
from embeddings.search.list_file import LISTS_FILE, MOST_SCALE, NO_ROW, PART_ROWS, Lists, write_lists
from embeddings.search.list_search import ListIndex, Reach
from embeddings.search.recall import FREQUENT, SearchKind, goal_of, measured_targets
from embeddings.search.report import LISTS, IndexParameters, IndexReport

_ROWS_PER_LIST = 256
"""With fewer, finding the lists takes longer; with more, more rows are read in vain."""
_SAMPLE_PER_LIST, _SMALLEST_SAMPLE, _LARGEST_SAMPLE = 32, 32_768, 262_144
_FREQUENT_SHARE = 16
_COMPARED = 128
"""Rows are put into lists by so many directions: those that hold most."""
_BYTES = 1.3
"""A coarse code has so many bytes, times the root of the number of dimensions."""
_MOST_SHARE = 255
_NEARNESSES = 1 << 20
"""Rows that are as near to their centre as each other to so many parts of the differences are in any order."""
_COLUMNS = 64
"""Columns of a turning matrix are filled up to a multiple, as turn.c has it."""
_BLOCK_ROWS, _ROWS_OF_A_THREAD = 8192, 1024
_NUMBERS_AT_ONCE = 131_072
"""Turned rows of so many numbers stay in the processor's cache until they are encoded."""


def build_list_index(vectors: Matrix, kind: str, parameters: IndexParameters, folder: Path) -> IndexReport:
    """Build, measure and write an index of lists; its recall may be below the wanted one."""
    started = time.perf_counter()
    factory = parameters.factory or list_factory(*vectors.shape)
    lists = build_lists(vectors, factory, parameters.seed)
    targets = measured_targets(vectors, parameters)
    reaches, recalls = measure_lists(lists, vectors, targets, goal_of(parameters))
    # An expression can be an analogy in other signs.
    both = reaches[SearchKind.ANALOGY], reaches[SearchKind.EXPRESSION]
    reaches[SearchKind.EXPRESSION] = Reach.widest(both)
    write_lists(lists, folder / LISTS_FILE)
    return IndexReport(
        kind,
        factory,
        0,
        min(recalls.values()),
        round(time.perf_counter() - started, 3),
        parameters,
        recall_of={asked.value: round(share, 6) for asked, share in recalls.items()},
        reach_for={asked.value: [round(each, 4) for each in astuple(reach)] for asked, reach in reaches.items()},
    )


def rebuild_list_index(vectors: Matrix, measured: IndexReport, folder: Path) -> IndexReport:
    """Build and write the lists of ``measured`` anew; how far searches go was measured on the same vectors before."""
    started = time.perf_counter()
    assert measured.factory is not None
    write_lists(build_lists(vectors, measured.factory, measured.parameters.seed), folder / LISTS_FILE)
    return replace(measured, build_seconds=round(time.perf_counter() - started, 3))


def factory_of(number: int, coarse: int, fine: int) -> str:
    """The name of an index of ``number`` lists with coarse codes of so many bytes and fine ones of so many bits."""
    return f"L{number}/{PART_ROWS},{coarse}+{fine}"


def list_factory(count: int, dimension: int) -> str:
    """The name of the lists that suit unit rows [count, dimension]."""
    fine = most_fine_bits(_turned(dimension))
    coarse = min(2 * round(_BYTES / 2 * dimension**0.5), _turned(dimension) // 4 * 2, MOST_NIBBLES // 2)
    return factory_of(max(1, count // _ROWS_PER_LIST), coarse, fine)


def lists_to_try(count: int, dimension: int) -> list[str]:
    """Names of lists of the usual length, of half and of twice that."""
    number, coarse, fine = _numbers_of(list_factory(count, dimension), count, dimension)
    return list(dict.fromkeys(factory_of(max(1, each), coarse, fine) for each in (number, 2 * number, number // 2)))


class Turn:
    """Turns rows into directions [directions, dimension]."""

    def __init__(self, rotation: Matrix) -> None:
        self.directions: int = len(rotation)
        self._columns = aligned_rows(rotation.shape[1], -(-self.directions // _COLUMNS) * _COLUMNS)
        self._columns[:, : self.directions] = rotation.T
        arguments = [c_void_p, c_int64, c_int64, c_void_p, c_int64, c_void_p, c_int64]
        self._kernel = load_library("embeddings.search").function("turn_rows", None, arguments)

    def __call__(self, rows: Matrix, turned: Matrix) -> None:
        """Write ``rows`` [n, dimension] to ``turned`` [n, directions]."""
        columns = self._columns.ctypes.data, self._columns.shape[1]
        self._kernel(rows.ctypes.data, *rows.shape, *columns, turned.ctypes.data, self.directions)


def build_lists(vectors: Matrix, factory: str, seed: int) -> Lists:
    """The lists of unit rows [count, dimension]; ``factory`` is a name that `factory_of` gives.

    Beside the rows, which may be mapped, it takes the sample or twice the codes in memory, whichever is more.
    """
    number, coarse_bytes, fine_bits = _numbers_of(factory, *vectors.shape)
    count, dimension = vectors.shape
    rotation = np.zeros((_turned(dimension), dimension), np.float32)
    axes = principal_axes(vectors, seed)[: len(rotation)]
    rotation[: len(axes)] = axes
    turn = Turn(rotation)
    centres, sizes = _centres_and_sizes(vectors, turn, number, seed)
    bits = bits_for(np.square(sizes), 8 * coarse_bytes, fine_bits)
    if not bits.are_possible(len(rotation)):
        raise ModelError(f"'{factory}' does not fit {dimension} dimensions: {bits} has codes of none or too many.")
    centre_steps = steps_for(np.abs(centres).max(axis=0))
    codes_of_centres = codes_of(centres, centre_steps)
    seen = (codes_of_centres - np.float32(ZERO_CODE)) * centre_steps  # as a search sees the centres
    steps = bits.fine_steps(sizes)
    encoded = _encoded(vectors, turn, seen, sizes, steps, bits)
    parts = _parted(encoded, centres=seen)
    counts = np.bincount(parts.of_rows)
    starts = PART_ROWS * np.arange(len(counts)) - np.cumsum(counts) + counts
    rows = np.full(len(counts) * PART_ROWS, count)  # beyond the last row there is what stands for none
    rows[np.arange(count) + np.repeat(starts, counts)] = _rows_by(parts.of_rows)
    return Lists(
        rotation=rotation,
        sizes=sizes,
        steps=steps,
        centre_steps=centre_steps,
        centres=in_blocks(filled_up(codes_of_centres)),
        first_part=parts.first,
        scales=parts.scales,
        spreads=parts.spreads,
        ids=np.where(rows < count, rows, NO_ROW).astype(np.uint32),
        coarse=_in_parts(_taken(encoded.coarse, rows)),
        fine=_taken(encoded.fine, rows),
        finer=_taken(encoded.finer, rows) if bits.has_finer else encoded.finer,
        count=count,
        bits=bits,
    )


def _turned(dimension: int) -> int:
    return min(-(-dimension // 4) * 4, MOST_TURNED)


def _numbers_of(factory: str, count: int, dimension: int) -> tuple[int, int, int]:
    """How many lists, bytes of a coarse code, and bits a number of a fine one."""
    match = LISTS.fullmatch(factory)
    number, coarse, fine = map(int, match.groups()) if match else (0, 0, 0)
    if not (0 < number <= count and 0 < coarse <= min(MOST_NIBBLES // 2, _turned(dimension) // 2) and coarse % 2 == 0):
        raise ModelError(
            f"'{factory}' names no lists of {count:,} × {dimension} vectors. A name is like L800/32,24+1: the number "
            "of lists, the rows of a part, the bytes of a coarse code (an even number, at most half the dimensions) "
            "and the bits of each number of a fine one (1, 2, 4 or 8)."
        )
    return number, coarse, fine


def _centres_and_sizes(vectors: Matrix, turn: Turn, number: int, seed: int) -> tuple[Matrix, Matrix]:
    """Centres [number, turned] of a sample of rows, and how large what they leave is along each direction [turned]."""
    size = max(number, min(max(number * _SAMPLE_PER_LIST, _SMALLEST_SAMPLE), _LARGEST_SAMPLE))
    sample = _turned_sample(vectors, turn, size, seed)
    compared = np.ascontiguousarray(sample[:, :_COMPARED])
    centres = np.zeros((number, turn.directions), np.float32)
    centres[:, :_COMPARED] = k_means(compared, number, seed)
    nearest = Centres(centres[:, :_COMPARED]).nearest(compared)
    counts = np.bincount(nearest, minlength=number)
    centres[counts > 0] = means(sample, nearest, counts)
    for some in blocks(len(sample), _BLOCK_ROWS):
        sample[some] -= centres[nearest[some]]
    mean_squares = np.einsum("ij,ij->j", sample, sample) / len(sample)
    return centres, np.maximum(np.sqrt(mean_squares), 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """Rows in their own order: the list of each, their codes, and the product of each with its centre. After the last
    row there is the code that stands for none.
    """

    list_of: npt.NDArray[np.int32]
    coarse: Codes
    fine: Codes
    finer: Codes
    """None at all where there are no finer codes."""
    products: Matrix


def _encoded(vectors: Matrix, turn: Turn, centres: Matrix, sizes: Matrix, steps: Matrix, bits: Bits) -> _Encoded:
    count = len(vectors)
    numbers = {"turned": turn.directions, "fours": bits.fours, "twos": bits.twos, "ones": bits.ones}
    index = ListIndex(**numbers, fine_bits=bits.fine, sizes=sizes.ctypes.data, steps=steps.ctypes.data)
    encode = load_library("embeddings.search").function(
        "encode_rows", None, [c_void_p, c_void_p, c_int64, *[c_void_p] * 6]
    )
    found = _Encoded(
        np.empty(count, np.int32),
        np.full((count + 1, 1 + bits.nibbles // 2), _MOST_SHARE, np.uint8),  # no row is read into it lightly
        np.zeros((count + 1, FINE_BYTES), np.uint8),
        np.zeros((count + 1 if bits.has_finer else 0, FINER_BYTES), np.uint8),
        np.empty(count, np.float32),
    )
    compared = Centres(centres[:, :_COMPARED])

    def work(part: slice) -> None:
        room = np.empty((_rows_at_once(turn), turn.directions), np.float32)  # kept: new memory costs page faults
        for rows in _parts_of(part, len(room)):
            turned = room[: rows.stop - rows.start]
            turn(vectors[rows], turned)
            compared.find(turned, found.list_of[rows])
            arrays = (found.list_of, centres, found.coarse, found.fine, found.finer, found.products)
            at = ((each if each is centres else each[rows]).ctypes.data if len(each) else None for each in arrays)
            encode(addressof(index), turned.ctypes.data, len(turned), *at)

    by_threads(count, work, _ROWS_OF_A_THREAD)
    return found


def principal_axes(vectors: Matrix, seed: int) -> Matrix:
    """The principal axes [dimension, dimension] of a sample of unit rows [count, dimension], those that hold most of
    their squares first.
    """
    from threadpoolctl import threadpool_limits

    squares = np.zeros((vectors.shape[1], vectors.shape[1]), np.float64)
    sample = sample_of(len(vectors), _SMALLEST_SAMPLE, seed)
    # By one thread: others of BLAS would take longer to wait for each other, and go on waiting beside our own.
    with threadpool_limits(1, user_api="blas"):
        for some in blocks(len(sample), _BLOCK_ROWS):
            rows = vectors[sample[some]]
            squares += rows.T @ rows
        return np.ascontiguousarray(np.linalg.eigh(squares)[1][:, ::-1].T, np.float32)


def sample_of(count: int, number: int, seed: int) -> Rows:
    """``number`` rows at random, or all, in their order; a sixteenth of them are frequent ones, or all that there are.

    Targets are made of frequent words, and most answers are among them. They lie elsewhere than rare ones, and codes
    that suit millions of those cut off more of them than of any others.
    """
    rng = np.random.default_rng(seed)
    sample = rng.permutation(count)[:number]
    is_frequent = sample < FREQUENT
    more = min(len(sample) // _FREQUENT_SHARE, FREQUENT, count) - np.count_nonzero(is_frequent)
    if more > 0:
        left = np.setdiff1d(np.arange(min(count, FREQUENT)), sample)
        sample = np.concatenate([sample[is_frequent], rng.permutation(left)[:more], sample[~is_frequent][more:]])
    return np.sort(sample)


def _parts_of(rows: slice, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, rows.stop)) for start in range(rows.start, rows.stop, size))


def _rows_at_once(turn: Turn) -> int:
    return max(1, _NUMBERS_AT_ONCE // turn.directions)


def _turned_sample(vectors: Matrix, turn: Turn, number: int, seed: int) -> Matrix:
    sample = sample_of(len(vectors), number, seed)
    turned = np.empty((len(sample), turn.directions), np.float32)

    def work(part: slice) -> None:
        room = np.empty((_rows_at_once(turn), vectors.shape[1]), np.float32)
        for rows in _parts_of(part, len(room)):
            some = vectors.take(sample[rows], axis=0, out=room[: rows.stop - rows.start], mode="clip")
            turn(some, turned[rows])

    by_threads(len(sample), work, _ROWS_OF_A_THREAD)
    return turned


def _rows_by(keys: Rows) -> Rows:
    """The rows in the order of their ``keys`` [n], none below 0, and in their own order among equals.

    Sorting whole numbers that have both in them takes a fraction of the time of a stable sort of places.
    """
    bits = len(keys).bit_length()
    both = keys << bits | np.arange(len(keys))
    both.sort()
    return both & ((1 << bits) - 1)


def _taken(codes: Codes, rows: Rows) -> Codes:
    """The ``codes`` [n, bytes] of ``rows``."""
    found = np.empty((len(rows), codes.shape[1]), np.uint8)

    def work(some: slice) -> None:
        codes.take(rows[some], axis=0, out=found[some], mode="clip")  # which alone writes there at once

    by_threads(len(rows), work, _ROWS_OF_A_THREAD)
    return found


def _in_parts(codes: Codes) -> Codes:
    """Codes [parts * 32, bytes] in the order in which the kernel reads them [parts, bytes, 32]."""
    halves = codes.reshape(-1, 2, PART_ROWS // 2, codes.shape[1])
    return np.ascontiguousarray(halves.transpose(0, 3, 2, 1)).reshape(-1, codes.shape[1], PART_ROWS)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """The part of each row [count], and what `Lists` has of parts."""

    of_rows: Rows
    first: npt.NDArray[np.uint32]
    scales: Matrix
    spreads: Matrix


def _parted(encoded: _Encoded, centres: Matrix) -> _Parts:
    """Lists in parts of some rows that are about as near to the centre as each other.

    Of a target near a row, the score of the centre is about their product: so a part's rows are about that far above
    it, and the spread is that of the angle between.
    """
    list_of = encoded.list_of
    counts = np.bincount(list_of, minlength=len(centres))
    nearest = encoded.products.max()
    behind = (nearest - encoded.products) * (_NEARNESSES / max(nearest - encoded.products.min(), 1e-9))
    order = _rows_by(list_of.astype(np.int64) * (_NEARNESSES + 1) + behind.astype(np.int64))
    within = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    first = np.concatenate([[0], np.cumsum(-(-counts // PART_ROWS))])
    of_rows = np.empty(len(order), np.int64)
    of_rows[order] = first[list_of[order]] + within // PART_ROWS
    centre_of = np.repeat(np.arange(len(centres)), np.diff(first))
    products = np.bincount(of_rows, weights=encoded.products) / np.bincount(of_rows)
    across = np.sqrt(np.maximum(np.square(centres).sum(axis=1)[centre_of] - np.square(products), 1e-4))
    scales = 1 / np.maximum(products, 1 / MOST_SCALE)
    spreads = np.minimum(across * scales, MOST_SCALE)
    spreads = np.maximum.accumulate(spreads + 2 * MOST_SCALE * centre_of) - 2 * MOST_SCALE * centre_of  # in each list
    return _Parts(of_rows, first.astype(np.uint32), scales.astype(np.float32), spreads.astype(np.float32))
