"""The length and the checksum of a file, and what reading one says when it fails."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import ModelError


@dataclass(frozen=True, slots=True)
class FileSum:
    """The length in bytes and the SHA-256 of one file of a model."""

    bytes: int
    sha256: str


def file_sum(path: Path) -> FileSum:
    """Length and SHA-256 of a file. Raises `ModelError` where it cannot be read."""
    with reading_file(path), path.open("rb") as file:
        return FileSum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


@contextmanager
def reading_file(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed read into a `ModelError` that names the file."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
