"""Arrays in .npy files, opened by memory map. Nothing is trusted: every number of a header is checked first."""

import os
import re
import stat
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files.failures import reading_file

Scalar = TypeVar("Scalar", bound=np.generic)

_START = re.compile(rb"\x93NUMPY(?:\x01\x00(..)|[\x02\x03]\x00(....))", re.DOTALL)
_HEADER = re.compile(
    rb"\{'descr': '([^'\\]{1,20})', 'fortran_order': (False|True), 'shape': \(((?:\d{1,18}, )*\d{0,18},?)\), ?\} *\n"
)
_LONGEST_HEADER = 4096
_ALIGNED = 64
"""Bytes to which numpy pads a header."""


def open_array(path: Path, dtype: type[Scalar], shape: tuple[int, ...]) -> npt.NDArray[Scalar]:
    """Open a .npy file read-only by memory map. Raises `ModelError` unless it is exactly what is expected."""
    expected = np.dtype(dtype)
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        start, found = _read_header(path, file)
        if found != (expected.str, False, shape):
            descr, fortran, there = found
            columns = ", by columns" if fortran else ""
            raise ModelError(
                f"{path} holds {descr} {list(there)}{columns} where {expected.str} {list(shape)} is expected."
            )
        number = int(np.prod(shape, dtype=object))
        if size != start + number * expected.itemsize:
            raise ModelError(f"{path} has {size:,} bytes where its header says {start + number * expected.itemsize:,}.")
        if not number:
            return np.empty(shape, dtype)
        with reading_file(path):
            array = np.memmap(file, dtype, "r", start, shape)
    # A plain view of the map: np.memmap itself does bookkeeping on every slice, which the query path would pay for.
    plain: npt.NDArray[Scalar] = array.view(np.ndarray)
    return plain


def save_array(path: Path, array: npt.NDArray[np.generic]) -> None:
    """Write a .npy file. Unlike numpy's own ``save``, it says so if the disk is full."""
    array = np.ascontiguousarray(array)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
        file.write(array.reshape(-1).view(np.uint8).data)


def open_regular(path: Path) -> IO[bytes]:
    """Open a file for reading. Raises `ModelError`, also for anything that is not a regular file, such as a pipe nobody
    writes to.
    """
    with reading_file(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ModelError(f"{path} is no file.")
    return open(descriptor, "rb")


def _read_header(path: Path, file: IO[bytes]) -> tuple[int, tuple[str, bool, tuple[int, ...]]]:
    """Where the numbers begin, and the header: type, whether in column order, shape."""
    content = file.read(_LONGEST_HEADER)
    begin = _START.match(content)
    length = int.from_bytes(begin[1] or begin[2], "little") if begin else 0
    header = _HEADER.fullmatch(content[begin.end() : begin.end() + length]) if begin else None
    if begin is None or header is None or (begin.end() + length) % _ALIGNED:
        raise ModelError(f"{path} cannot be read: it does not begin as a .npy file of plain numbers.")
    shape = tuple(int(part) for part in header[3].replace(b",", b" ").split())
    return begin.end() + length, (header[1].decode("ascii", "replace"), header[2] == b"True", shape)
