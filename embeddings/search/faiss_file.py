"""FAISS's file of 4-bit codes, checked before FAISS reads it: it is written in C++ and trusts most numbers in it.

Of all that FAISS can read only what `faiss_codes` builds is taken: codes of a fast scan, turned before (OPQ), or in
inverted lists. How long each part must be follows from the rows, their dimensions and the number of codes.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import HeldFile

_BLOCK, _CENTROIDS, _BITS = 32, 16, 4
"""Rows whose codes stand together, the values of a code, and its bits."""
_PLAIN_LISTS, _NO_SIZE = b"ilbl", (1 << 64) - 1


def check_codes(file: HeldFile, path: Path, count: int, dimension: int) -> None:
    """Raises `ModelError` unless ``file`` holds the codes of [count, dimension] rows; ``path`` is what it is called."""
    content = file.mapped(path, "a search index")
    reader = _Reader(np.frombuffer(content, np.uint8), path)
    kind = reader.kind()
    if kind == b"IxPT":
        reader.header(count, dimension)
        reader.expect("<i4sb", 1, b"LTra", 0)
        reader.floats(dimension * dimension)
        reader.expect("<Qiib", 0, dimension, dimension, 1)
        kind = reader.kind()
    if kind == b"IPfs":
        _check_scanned(reader, count, dimension)
    elif kind == b"IwPf":
        _check_lists(reader, count, dimension)
    else:
        raise ModelError(f"{path} is not an index of the kinds that this program builds. Build it anew.")
    reader.end()


def _check_scanned(reader: "_Reader", count: int, dimension: int) -> None:
    reader.header(count, dimension)
    codes = reader.quantizer(dimension)
    rows, wide = _rounded(count, _BLOCK), _rounded(codes, 2)
    reader.expect("<iiiQQ", 0, _BLOCK, 0, rows, wide)
    reader.vector(np.uint8, rows * wide // 2)


def _check_lists(reader: "_Reader", count: int, dimension: int) -> None:
    reader.header(count, dimension)
    lists, probes = reader.take("<QQ")
    reader.require(0 < lists <= count and 0 < probes <= lists)
    reader.require(reader.kind() == b"IxFI")
    reader.header(lists, dimension)
    reader.floats(lists * dimension)
    reader.expect("<bQ", 0, 0)
    residual, size, rows, wide, way, _ = reader.take("<bQiQiQ")
    codes = reader.quantizer(dimension)
    reader.require(residual in (0, 1) and way == 0)
    reader.require((size, rows, wide) == (_rounded(codes, 2) // 2, _BLOCK, _rounded(codes, 2)))
    reader.require(reader.kind() == _PLAIN_LISTS)
    number, of_code, together, block = reader.take("<QQQQ")
    reader.require((number, together, block) == (lists, _BLOCK, _BLOCK * size) and of_code in (_NO_SIZE, size))
    found = []
    for _ in range(lists):
        (length,) = reader.take("<Q", ahead=True)
        found.append(reader.vector(np.int64, length))
        reader.vector(np.uint8, _rounded(length, _BLOCK) * size)
    ids = np.concatenate(found)
    reader.require(len(ids) == count and bool((np.sort(ids) == np.arange(count)).all()))


class _Reader:
    """Takes one part of a file after the other."""

    def __init__(self, content: npt.NDArray[np.uint8], path: Path) -> None:
        self._content, self._path = content, path
        self._place = 0

    def require(self, holds: bool) -> None:
        if not holds:
            raise ModelError(f"{self._path} is damaged near byte {self._place:,}: it is no index of these vectors.")

    def take(self, form: str, *, ahead: bool = False) -> tuple[Any, ...]:
        size = struct.calcsize(form)
        self.require(self._place + size <= len(self._content))
        taken = struct.unpack(form, self._content[self._place : self._place + size].data)
        self._place += 0 if ahead else size
        return taken

    def expect(self, form: str, *values: object) -> None:
        self.require(self.take(form) == values)

    def kind(self) -> bytes:
        kind: bytes = self.take("<4s")[0]
        return kind

    def header(self, count: int, dimension: int) -> None:
        """What every index begins with, for inner products."""
        of_dimension, of_count, *rest = self.take("<iqqqbi")
        if (of_count, of_dimension) != (count, dimension):
            of_codes = f"{of_count:,} × {of_dimension}"
            raise ModelError(f"{self._path} is for {of_codes} vectors, not for {count:,} × {dimension}.")
        self.require(rest == [1 << 20, 1 << 20, 1, 0])

    def vector(self, dtype: type[np.generic], size: int) -> npt.NDArray[Any]:
        self.expect("<Q", size)
        end = self._place + size * np.dtype(dtype).itemsize
        self.require(end <= len(self._content))
        start, self._place = self._place, end
        return self._content[start:end].view(dtype)

    def floats(self, size: int) -> None:
        self.require(bool(np.isfinite(self.vector(np.float32, size)).all()))

    def quantizer(self, dimension: int) -> int:
        """The number of codes of a row."""
        of_dimension, codes, bits = self.take("<QQQ")
        self.require((of_dimension, bits) == (dimension, _BITS) and 0 < codes <= dimension and dimension % codes == 0)
        self.floats(dimension * _CENTROIDS)
        return int(codes)

    def end(self) -> None:
        self.require(self._place == len(self._content))


def _rounded(number: int, step: int) -> int:
    return -(-number // step) * step
