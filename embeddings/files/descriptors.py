"""Files of a model that stay open, so that later reads come from the same model even if it has been replaced."""

import mmap
import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError


class HeldFile:
    """A file that stays open as long as this object is used, even if it is renamed or removed."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
        weakref.finalize(self, os.close, self._descriptor)

    def fileno(self) -> int:
        return self._descriptor

    def mapped(self, path: Path, what: str) -> mmap.mmap:
        """The content, mapped, in large pages where the system has them: for a file of which most is read. Raises
        `ModelError`: ``path``, as the file is called, cannot be read as ``what``.
        """
        try:
            content = mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} cannot be read as {what}: {error}") from error
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # of a kernel without them
                content.madvise(mmap.MADV_HUGEPAGE)
        return content


def row_reader(path: Path, count: int, dimension: int) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]:
    """A function that reads rows of a .npy file of float32 [count, dimension]. It raises `ModelError` if the file has
    become shorter since.
    """
    file, size = HeldFile(path), 4 * dimension
    start = os.fstat(file.fileno()).st_size - count * size

    def read(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        content = b"".join([os.pread(file.fileno(), size, start + row * size) for row in rows.tolist()])
        if len(content) != len(rows) * size:
            raise ModelError(f"{path} has become shorter since it was opened.")
        return np.frombuffer(content, np.float32).reshape(len(rows), dimension)

    return read
