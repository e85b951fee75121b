"""What reading a file of vectors gives, whatever its format: blocks of rows, and the faults that were met."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import DAMAGED

BLOCK_VALUES = 2_000_000
"""Numbers in a block: 8 MB as 32-bit floats."""
LONGEST_WORD = 1 << 14
"""Bytes of a word beyond which it is none."""
_MOST_ROWS = 1 << 16
_SHOWN_FAULTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some rows of a file, in its order."""

    words: Sequence[str]
    vectors: npt.NDArray[Any]
    """[words, dimension], of any length and kind of number."""
    places: Sequence[int]
    """Where each row stands in the file, counted from 1 in the source's ``unit``."""
    counts: Sequence[int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A file of vectors that was opened; ``blocks`` reads on as it is consumed."""

    dimension: int
    blocks: Iterator[Block]
    rows: int | None = None
    """Number of rows that the file announces."""
    unit: str = "row"
    subwords: tuple[Mapping[str, int], npt.NDArray[Any]] | None = None
    """Parameters of character n-grams and their vectors [buckets, dimension]."""
    method: str = "unknown"
    parameters: Mapping[str, Any] = field(default_factory=dict)


class Faults:
    """What is wrong with rows of a file: the first stops the import, unless they are to be skipped and counted."""

    def __init__(self, path: Path, *, skip: bool) -> None:
        self.path = path
        self.skip = skip
        self.skipped = 0
        self.messages: list[str] = []

    def skip_row(self, place: str, what: str) -> None:
        """Note a row that cannot be used. Raises `ModelError` unless such rows are to be skipped."""
        self.note(place, what)
        self.skipped += 1

    def note(self, place: str, what: str) -> None:
        """Note something wrong that costs no row."""
        message = f"{place}: {what}"
        if not self.skip:
            raise ModelError(
                f"{self.path}, {message} Mend the file, or import it with --on-error skip to leave out what is wrong."
            )
        if len(self.messages) < _SHOWN_FAULTS:
            self.messages.append(message)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a `ModelError` that names it."""
    try:
        yield
    except MemoryError as error:
        raise ModelError(f"{path} takes more memory to read than there is. It may be damaged.") from error
    except DAMAGED as error:
        raise ModelError(f"{path} is cut off or damaged: {error}. Get it again.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error


def cut_off(path: Path, row: int, announced: int) -> ModelError:
    """The error for a file that ends in the midst of its rows."""
    return ModelError(
        f"{path} is cut off: it announces {announced:,} words and ends within word {row:,}. Get it again."
    )


def decode(word: bytes) -> str | None:
    """``word`` as text, or None if it is not UTF-8."""
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return None


def rows_per_block(dimension: int) -> int:
    """How many rows to take at a time."""
    return min(_MOST_ROWS, max(1, BLOCK_VALUES // max(dimension, 1)))


def require_file(path: Path) -> None:
    """Raises `ModelError` unless ``path`` is a file that can be read twice, and from its middle."""
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "is a pipe or a device" if path.exists() else "does not exist"
        raise ModelError(f"{path} {what}, and a file is needed.{'' if path.is_dir() else ' Save it to one first.'}")


def finite_rows(vectors: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """bool [n]: which of ``vectors`` [n, dimension] hold numbers only, and none beyond 32-bit floats."""
    with np.errstate(over="ignore"):
        numbers = vectors.astype(np.float32, copy=False)
    return np.asarray(np.isfinite(numbers).all(axis=1))
