"""The file of an index of lists: written in one go, and checked number by number before the kernel reads it.

    magic, rows, dimension, turned, lists, parts and the numbers of `Bits` (int64 each), then the arrays of
    `Lists`, each at a multiple of 64 bytes

Where an array stands follows from the counts, so there are no places in the file that could point elsewhere.
"""

from collections.abc import Iterable, Iterator
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
from embeddings.search.codes import FINE_BYTES, FINER_BYTES, MOST_TURNED, Bits

LISTS_FILE = "index.lists"
NO_ROW = 0xFFFFFFFF
"""In the place of a row where a part is filled up."""
PART_ROWS = 32
"""As lists.h has it."""

MOST_SCALE = 100.0
"""No part is farther from its centre."""

_MAGIC = int.from_bytes(b"TPTLIST4", "little")
_HEADER, _ALIGNED = 80, 64
_PIECE = 2 << 20
"""Linux keeps what is written in such pieces in pages of this size, whose addresses a search finds sooner."""


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Rows in lists, each in parts of 32 rows that are about as near to the centre, the nearest first. Rows of a part
    ascend.
    """

    rotation: Matrix
    """[turned, dimension]: orthonormal rows, or zeros that fill up to a multiple of 4."""
    sizes: Matrix
    """[turned]: the root of the mean square of what centres leave along each direction, largest first."""
    steps: Matrix
    """[turned]: what a unit of a fine code is worth."""
    centre_steps: Matrix
    centres: Codes
    """[blocks of lists, turned / 4, 16, 4]"""
    first_part: npt.NDArray[np.uint32]
    """[lists + 1]: where the parts of each list begin."""
    scales: Matrix
    """[parts]: a centre's score is multiplied by this to be that of the part's rows."""
    spreads: Matrix
    """[parts]: how far these are from that."""
    ids: npt.NDArray[np.uint32]
    """[parts * 32]: the row that each code is of, or `NO_ROW`."""
    coarse: Codes
    """[parts, 1 + nibbles / 2, 32]: the product of each row with its centre and coarse code, and that code; rows 0, 16,
    1, 17 and so on.
    """
    fine: Codes
    """[parts * 32, 64]"""
    finer: Codes
    """[parts * 32, 128], or none at all."""
    count: int
    """Number of rows."""
    bits: Bits

    @property
    def dimension(self) -> int:
        return int(self.rotation.shape[1])

    @property
    def turned(self) -> int:
        return len(self.sizes)

    @property
    def parts(self) -> int:
        return len(self.spreads)

    @property
    def shares(self) -> Codes:
        """[parts * 32]: the product of each row with its centre and coarse code, in the rows' order."""
        return np.ascontiguousarray(self.coarse[:, 0].reshape(-1, PART_ROWS // 2, 2).transpose(0, 2, 1)).reshape(-1)

    def __len__(self) -> int:
        return len(self.first_part) - 1


def write_lists(lists: Lists, path: Path) -> None:
    """Write the file that `read_lists` reads."""
    with path.open("wb") as file:
        for piece in _pieces(_contents(lists)):
            file.write(piece)


def _contents(lists: Lists) -> Iterator[bytes | memoryview]:
    bits = lists.bits
    counts = lists.dimension, lists.turned, len(lists), lists.parts
    numbers = [_MAGIC, lists.count, *counts, bits.fours, bits.twos, bits.ones, bits.fine]
    yield np.array(numbers, "<i8").tobytes()
    place = _HEADER
    for name, dtype, shape in _arrays(*counts, bits):
        yield b"\0" * (-place % _ALIGNED)
        array: npt.NDArray[Any] = getattr(lists, name)
        assert array.shape == shape, name
        content = np.ascontiguousarray(array, dtype).reshape(-1).view(np.uint8)
        yield content.data
        place += -place % _ALIGNED + len(content)


def _pieces(contents: Iterable[bytes | memoryview]) -> Iterator[bytearray]:
    held = bytearray()
    for content in contents:
        for start in range(0, len(content), _PIECE):
            held += content[start : start + _PIECE]
            if len(held) >= _PIECE:
                yield held[:_PIECE]
                del held[:_PIECE]
    yield held


def read_lists(file: HeldFile, path: Path, count: int, dimension: int) -> Lists:
    """Map the lists of [count, dimension] rows from an open ``file``. Raises `ModelError` for any number that cannot
    be right; ``path`` is what the file is called.
    """
    content = file.mapped(path, "a search index")
    if len(content) < _HEADER or int.from_bytes(content[:8], "little") != _MAGIC:
        raise ModelError(f"{path} is not an index of lists, or of another version. Build it anew.")
    of_count, of_dimension, turned, number, parts, *of_bits = np.frombuffer(content, "<i8", 9, 8).tolist()
    bits = Bits(*of_bits)
    if (of_count, of_dimension) != (count, dimension):
        raise ModelError(f"{path} is for {of_count:,} × {of_dimension} vectors, not for {count:,} × {dimension}.")
    if not (
        0 < turned <= min(MOST_TURNED, dimension + 3)
        and turned % 4 == 0
        and 0 < number <= count
        and count <= parts * PART_ROWS < NO_ROW
        and parts <= count // PART_ROWS + number
        and bits.are_possible(turned)
    ):
        raise ModelError(f"{path} is damaged: {number:,} lists in {parts:,} parts of {turned:,} dimensions.")
    arrays, place = {}, _HEADER
    for name, dtype, shape in _arrays(dimension, turned, number, parts, bits):
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


def _arrays(dimension: int, turned: int, number: int, parts: int, bits: Bits) -> list[tuple[str, str, tuple[int, ...]]]:
    """Name, type and shape of the arrays, in the order in which they stand in the file."""
    return [
        ("rotation", "<f4", (turned, dimension)),
        ("sizes", "<f4", (turned,)),
        ("steps", "<f4", (turned,)),
        ("centre_steps", "<f4", (turned,)),
        ("centres", "u1", (-(-number // BLOCK_ROWS), turned // 4, BLOCK_ROWS, 4)),
        ("first_part", "<u4", (number + 1,)),
        ("scales", "<f4", (parts,)),
        ("spreads", "<f4", (parts,)),
        ("ids", "<u4", (parts * PART_ROWS,)),
        ("coarse", "u1", (parts, 1 + bits.nibbles // 2, PART_ROWS)),
        ("fine", "u1", (parts * PART_ROWS, FINE_BYTES)),
        ("finer", "u1", (parts * PART_ROWS if bits.has_finer else 0, FINER_BYTES)),
    ]


def _what_is_wrong(lists: Lists) -> str | None:
    for names, least, most in (
        (("rotation",), -1.01, 1.01),
        (("sizes", "steps", "centre_steps"), 1e-12, 4),
        (("scales", "spreads"), 0, MOST_SCALE),
    ):
        for name in names:
            numbers = getattr(lists, name)
            if not ((numbers >= least) & (numbers <= most)).all():  # NaN is neither
                return f"numbers of its {name} are not from {least} to {most}"
    places, ids = lists.first_part, lists.ids
    if places[0] != 0 or places[-1] != lists.parts or (places[1:] < places[:-1]).any():
        return "its lists do not follow each other"
    rows = ids[ids != NO_ROW]
    if len(rows) != lists.count or rows.max() >= lists.count or (np.bincount(rows, minlength=lists.count) != 1).any():
        return f"its rows are not each of {lists.count:,} once"
    of_parts = ids.reshape(-1, PART_ROWS)
    if (of_parts[:, 1:] < of_parts[:, :-1]).any():
        return "rows of a part do not ascend"
    return None
