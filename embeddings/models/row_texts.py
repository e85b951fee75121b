"""A short text for some rows of a model, read by memory map: a word, how it is written, or what it is."""

import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError

DISPLAY_FILE = "display.texts"
"""The usual spelling of words whose spelling differs from the vocabulary's: ``New York Times``."""
DESCRIPTIONS_FILE = "descriptions.texts"
"""What the subject of an article is, in one line: ``2002 American superhero film``."""

ManyRows = Sequence[int] | npt.NDArray[np.integer[Any]]
_MAGIC = b"TEXTS001"
_HEADER = len(_MAGIC) + 8
_MANY = 100
"""Rows whose texts are read together: fewer take less time each by itself."""
_AT_ONCE = 2048
"""Of rows that are read together: their bytes stay in the processor's cache."""


class RowTexts:
    """Texts by row. Most rows may have none."""

    def __init__(self, offsets: npt.NDArray[np.uint32], content: mmap.mmap, start: int) -> None:
        """``offsets`` [count + 1] say where each text begins, counted from ``start`` in ``content``."""
        self._starts, self._bytes = offsets, np.frombuffer(content, np.uint8)
        self._offsets = offsets.data  # of which single numbers are read five times as fast
        self._content = content
        self._start = start

    def __len__(self) -> int:
        return len(self._offsets) - 1

    @property
    def addresses(self) -> tuple[int, int]:
        """Where the offsets are, and what they are counted from, for kernels."""
        return self._starts.ctypes.data, self._bytes.ctypes.data + self._start

    def of(self, row: int) -> str | None:
        """The text of a row, or None where there is none."""
        return self.of_each([row])[0]

    def of_each(self, rows: Sequence[int]) -> list[str | None]:
        """`of` for each of ``rows``."""
        if len(rows) >= _MANY:
            return [text or None for text in self._read_together(rows, "replace")]
        offsets, content, base = self._offsets, self._content, self._start
        return [
            content[base + start : base + end].decode("utf-8", "replace")
            if (end := offsets[row + 1]) > (start := offsets[row])
            else None
            for row in rows
        ]

    def words(self, rows: ManyRows) -> list[str]:
        """The texts of ``rows``, each of which has one. Raises UnicodeDecodeError for what is no text."""
        if len(rows) >= _MANY:
            return self._read_together(rows, "strict")
        offsets, content, base = self._offsets, self._content, self._start
        return [content[base + offsets[row] : base + offsets[row + 1]].decode() for row in rows]

    def _read_together(self, rows: ManyRows, errors: str) -> list[str]:
        """The texts of ``rows``, empty where there is none, in half of the time."""
        texts: list[str] = []
        for start in range(0, len(rows), _AT_ONCE):
            some = np.array(rows[start : start + _AT_ONCE], np.int64)
            read = self._gather(some).decode("utf-8", errors).split("\0")
            if len(read) != len(some):  # a text holds a NUL itself
                read = [self._gather(one).decode("utf-8", errors) for one in some[:, None]]
            texts += read
        return texts

    def _gather(self, rows: npt.NDArray[np.int64]) -> bytes:
        """The texts of ``rows`` with a NUL between them."""
        starts = self._starts[rows].astype(np.int64)
        lengths = self._starts[rows + 1] - starts + 1  # with the NUL
        ends = np.cumsum(lengths)
        places = np.repeat(self._start + starts - ends + lengths, lengths)
        places += np.arange(len(places))
        gathered = self._bytes.take(places, mode="clip")  # after the last text the file ends
        gathered[ends - 1] = 0
        return gathered[:-1].tobytes()


def write_texts(path: Path, texts: Sequence[str | None]) -> None:
    """Write a text for each row, None for a row without. Raises `ModelError` for more than 4 GB."""
    encoded = [(text or "").encode("utf-8") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.uint64)
    if ends[-1] > np.iinfo(np.uint32).max:
        raise ModelError(f"{path} would be larger than 4 GB. Give fewer or shorter texts.")
    with path.open("wb") as file:
        file.write(_MAGIC + len(encoded).to_bytes(8, "little"))
        file.write(ends.astype("<u4").tobytes())
        file.writelines(encoded)


def open_texts(path: Path, count: int, *, of_all: bool = False) -> RowTexts:
    """Open the texts of a model of ``count`` rows, all of which have one if they are ``of_all``. Raises `ModelError`
    naming the file that is not what is expected.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.") from error
    start = _HEADER + 4 * (count + 1)
    if content[:_HEADER] != _MAGIC + count.to_bytes(8, "little") or len(content) < start:
        raise ModelError(f"{path} is damaged: it does not hold the texts of {count:,} rows.")
    offsets = np.frombuffer(content, "<u4", count + 1, _HEADER)
    if offsets[0] != 0 or int(offsets[-1]) != len(content) - start or (offsets[1:] < offsets[:-1]).any():
        raise ModelError(f"{path} is damaged: its texts are not one behind the other.")
    if of_all and (offsets[1:] == offsets[:-1]).any():
        raise ModelError(f"{path} is damaged: a row has no text.")
    return RowTexts(offsets, content, start)
