"""The length and the checksum of a file."""

from dataclasses import dataclass
from pathlib import Path

from embeddings.files.failures import reading_file


@dataclass(frozen=True, slots=True)
class FileSum:
    """The length in bytes and the SHA-256 of one file of a model."""

    bytes: int
    sha256: str


def file_sum(path: Path) -> FileSum:
    """Length and SHA-256 of a file. Raises `ModelError` where it cannot be read."""
    with reading_file(path), path.open("rb") as file:
        import hashlib

        return FileSum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())
