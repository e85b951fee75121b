"""The file of an index of lists: written in one go, and checked number by number before the kernel reads it.

    magic, rows, dimension, kept, lists, blocks (int64 each), then the arrays of `Lists`, each at a multiple of 64 bytes

With short codes there is another magic, and behind the blocks stand the numbers of `Bits`: fours, twos, ones.

Where an array stands follows from the counts, so there are no places in the file that could point elsewhere.
"""

import mmap
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.search.brute_force import Matrix
from embeddings.search.clustering import BLOCK_ROWS, Codes
from embeddings.search.short_codes import Bits

LISTS_FILE = "index.lists"
MOST_DIMENSIONS = 4096
NO_ROW = 0xFFFFFFFF
"""In the place of a row where a block is filled up."""

_MAGIC = int.from_bytes(b"TPTLIST1", "little")
_MAGIC_SHORT = int.from_bytes(b"TPTLIST2", "little")
_HEADER, _MORE_HEADER, _ALIGNED = 48, 24, 64


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Rows in lists, each with a code in blocks of 16; rows of a list ascend."""

    rotation: Matrix
    """[kept, dimension]: orthonormal rows, or zeros that fill up to a multiple of 4."""
    steps: Matrix
    """[kept]: what a unit of a code is worth; of short codes the root of the mean square along each direction."""
    centre_steps: Matrix
    spreads: Matrix
    """[lists]: how far the rows of each are from its centre."""
    centres: Codes
    """[blocks of lists, kept / 4, 16, 4]"""
    codes: Codes
    """[blocks, kept / 4, 16, 4]; short ones [blocks, nibbles / 2, 16]"""
    starts: npt.NDArray[np.uint32]
    """[lists + 1]: the first block of each list."""
    ids: npt.NDArray[np.uint32]
    """[blocks * 16]: the row that each code is of, or `NO_ROW`."""
    count: int
    """Number of rows."""
    bits: Bits | None = None
    """Of short codes; None where codes have 8 bits a dimension."""

    @property
    def dimension(self) -> int:
        return int(self.rotation.shape[1])

    @property
    def kept(self) -> int:
        return len(self.steps)

    def __len__(self) -> int:
        return len(self.spreads)


def write_lists(lists: Lists, path: Path) -> None:
    """Write the file that `read_lists` reads."""
    bits = lists.bits
    magic = _MAGIC if bits is None else _MAGIC_SHORT
    counts = lists.dimension, lists.kept, len(lists), int(lists.starts[-1])
    numbers = [magic, lists.count, *counts]
    with path.open("wb") as file:
        file.write(np.array(numbers, "<i8").tobytes())
        if bits is not None:
            file.write(np.array([bits.fours, bits.twos, bits.ones], "<i8").tobytes())
        for name, dtype, shape in _arrays(*counts, bits):
            file.write(b"\0" * (-file.tell() % _ALIGNED))
            array: npt.NDArray[Any] = getattr(lists, name)
            assert array.shape == shape, name
            np.ascontiguousarray(array, dtype).tofile(file)


def read_lists(file: HeldFile, path: Path, count: int, dimension: int) -> Lists:
    """Map the lists of [count, dimension] rows from an open ``file``. Raises `ModelError` for any number that cannot
    be right; ``path`` is what the file is called.
    """
    try:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as a search index: {error}") from error
    magic = int.from_bytes(content[:8], "little")
    start = _HEADER + (_MORE_HEADER if magic == _MAGIC_SHORT else 0)
    if len(content) < start or magic not in (_MAGIC, _MAGIC_SHORT):
        raise ModelError(f"{path} is not an index of lists, or of another version. Build it anew.")
    of_count, of_dimension, kept, number, blocks = np.frombuffer(content, "<i8", 5, 8).tolist()
    bits = Bits(*np.frombuffer(content, "<i8", 3, _HEADER).tolist()) if magic == _MAGIC_SHORT else None
    if (of_count, of_dimension) != (count, dimension):
        raise ModelError(f"{path} is for {of_count:,} × {of_dimension} vectors, not for {count:,} × {dimension}.")
    if not (
        0 < kept <= min(MOST_DIMENSIONS, dimension + 3)
        and kept % 4 == 0
        and 0 < number <= count
        and count <= blocks * BLOCK_ROWS < NO_ROW
        and blocks <= count // BLOCK_ROWS + number
        and (bits is None or (bits.are_possible(dimension) and bits.kept == kept))
    ):
        raise ModelError(f"{path} is damaged: {number:,} lists of {blocks:,} blocks of {kept:,} dimensions.")
    arrays, place = {}, start
    for name, dtype, shape in _arrays(dimension, kept, number, blocks, bits):
        place += -place % _ALIGNED
        size = prod(shape) * np.dtype(dtype).itemsize
        if place + size > len(content):
            raise ModelError(f"{path} is damaged: it has {len(content):,} bytes and needs more.")
        arrays[name] = np.frombuffer(content, dtype, prod(shape), place).reshape(shape)
        place += size
    if place != len(content):
        raise ModelError(f"{path} is damaged: it has {len(content):,} bytes instead of {place:,}.")
    lists = Lists(**arrays, count=count, bits=bits)
    if wrong := _what_is_wrong(lists):
        raise ModelError(f"{path} is damaged: {wrong}.")
    return lists


def _arrays(
    dimension: int, kept: int, number: int, blocks: int, bits: Bits | None
) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, type and shape of the arrays, in the order in which they stand in the file."""
    quads = (kept // 4, BLOCK_ROWS, 4)
    return [
        ("rotation", "<f4", (kept, dimension)),
        ("steps", "<f4", (kept,)),
        ("centre_steps", "<f4", (kept,)),
        ("spreads", "<f4", (number,)),
        ("centres", "u1", (-(-number // BLOCK_ROWS), *quads)),
        ("starts", "<u4", (number + 1,)),
        ("ids", "<u4", (blocks * BLOCK_ROWS,)),
        ("codes", "u1", (blocks, *(quads if bits is None else (bits.nibbles // 2, BLOCK_ROWS)))),
    ]


def _what_is_wrong(lists: Lists) -> str | None:
    for name, least, most in (("rotation", -1.01, 1.01), ("steps", 1e-12, 1), ("centre_steps", 1e-12, 1)):
        numbers = getattr(lists, name)
        if not ((numbers >= least) & (numbers <= most)).all():  # NaN is neither
            return f"numbers of its {name} are not from {least} to {most}"
    if not ((lists.spreads >= 0) & (lists.spreads <= 4)).all():
        return "spreads of its lists are not from 0 to 4"
    starts, ids = lists.starts, lists.ids
    if starts[0] != 0 or starts[-1] * BLOCK_ROWS != len(ids) or (starts[1:] < starts[:-1]).any():
        return "its lists do not follow each other"
    rows = ids[ids != NO_ROW]
    if len(rows) != lists.count or rows.max() >= lists.count or (np.bincount(rows, minlength=lists.count) != 1).any():
        return f"its rows are not each of {lists.count:,} once"
    descends = ids[1:] < ids[:-1]
    descends[starts[1:-1][(starts[1:-1] > 0) & (starts[1:-1] < starts[-1])].astype(np.int64) * BLOCK_ROWS - 1] = False
    if descends.any():
        return "rows of a list do not ascend"
    return None
