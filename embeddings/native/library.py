"""The shared library of a room's kernel, opened by ctypes, and the instruction set that it uses.

``hatch_build.py`` makes one library a room of the C sources in its ``kernel`` folder. Every function is in it once a
level: ``scan_baseline``, ``scan_avx2``, ``scan_avx512`` (on arm64 ``scan_neon``).
"""

import ctypes
import os
import platform
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import KernelError

LIBRARY_FILE = "library.so"
FORCED = "THISPLUSTHAT_KERNEL"
"""The environment variable that forces a level, or ``none``: for tests, and to find out whether a kernel is at fault.
"""
LEVELS = ("neon",) if platform.machine() in ("arm64", "aarch64") else ("baseline", "avx2", "avx512")
"""From the fewest instructions to the most."""
ROW_FLOATS = 16
"""Rows of matrices begin at multiples of 64 bytes, as vector.h has it."""


class Library:
    """A room's kernel at one level."""

    def __init__(self, path: Path, content: ctypes.CDLL, level: str) -> None:
        self.path = path
        self.level = level
        self._content = content

    def function(self, name: str, result: Any, arguments: Sequence[Any]) -> Callable[..., Any]:
        """The build of ``name`` for this level. The caller must have checked every size."""
        try:
            found = self._content[f"{name}_{self.level}"]
        except AttributeError as error:
            raise KernelError(f"{self.path} has no {name}: it is of another version. {_BUILD_AGAIN}") from error
        found.restype, found.argtypes = result, list(arguments)
        return found


_BUILD_AGAIN = "Install the package again, or run: python hatch_build.py"


def load_library(room: str) -> Library:
    """The kernel of the package ``room``, such as "embeddings.search", for this processor.

    Raises `KernelError` that says why there is none.
    """
    forced = os.environ.get(FORCED, "")
    if forced == "none":
        raise KernelError(f"{FORCED} is none, which switches the kernels off.")
    if forced and forced not in LEVELS:
        raise KernelError(f"{FORCED} is {forced}, and can be {', '.join(LEVELS)} or none.")
    return _load(room, forced)


def missing_kernel(room: str) -> KernelError | None:
    """Why `load_library` finds no kernel of ``room``; None where it finds one."""
    try:
        load_library(room)
    except KernelError as error:
        return error
    return None


@cache
def _load(room: str, forced: str) -> Library:
    path, content = _open(room)
    best = _level_of(content)
    level = forced or best
    if LEVELS.index(level) > LEVELS.index(best):
        raise KernelError(f"{FORCED} is {forced}, which this processor does not have: its best is {best}.")
    return Library(path, content, level)


@cache
def _open(room: str) -> tuple[Path, ctypes.CDLL]:
    spec = find_spec(room)
    if spec is None or not spec.submodule_search_locations:
        raise KernelError(f"There is no package {room}.")
    path = Path(spec.submodule_search_locations[0]) / "kernel" / LIBRARY_FILE
    if not path.exists():
        raise KernelError(f"No kernel was compiled when this package was installed ({path} is missing). {_BUILD_AGAIN}")
    try:
        return path, ctypes.CDLL(str(path))
    except OSError as error:
        raise KernelError(f"{path} cannot be opened: {error}. {_BUILD_AGAIN}") from error


def _level_of(content: ctypes.CDLL) -> str:
    content.native_level.restype = ctypes.c_int
    content.native_level.argtypes = []
    return LEVELS[min(content.native_level(), len(LEVELS) - 1)]


def processor_level(room: str) -> str:
    """The best level that this processor can run. Raises `KernelError` if the room has no kernel to ask."""
    return _level_of(_open(room)[1])


def aligned_rows(rows: int, columns: int, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """Zeros [rows, columns rounded up], where each row begins at a multiple of 64 bytes."""
    kind = np.dtype(dtype)
    step = 64 // kind.itemsize
    wide = -(-columns // step) * step
    room = np.zeros(rows * wide + step, kind)
    start = -room.ctypes.data % 64 // kind.itemsize
    return room[start : start + rows * wide].reshape(rows, wide)


def address(array: npt.NDArray[Any], dtype: npt.DTypeLike, size: int, name: str) -> int:
    """The address of ``array``, after checking that it is ``size`` numbers of ``dtype`` in one piece.

    Raises TypeError or ValueError: a wrong array is a bug in this program, and C cannot notice it.
    """
    if array.dtype != np.dtype(dtype):
        raise TypeError(f"{name} is of {array.dtype}, not {np.dtype(dtype)}.")
    if array.size != size or not array.flags.c_contiguous:
        raise ValueError(f"{name} is {array.shape}, not {size} numbers in one piece.")
    return int(array.ctypes.data)
