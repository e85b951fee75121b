"""Files packed by gzip, bzip2, xz or zstd, recognised by what is inside."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from embeddings.errors import ModelError

DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""What Python raises for packed data that is cut off or damaged."""


@contextmanager
def open_unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacking gzip, bzip2, xz and zstd by what is inside and not by the name."""
    with path.open("rb") as raw, unpacked(raw, str(path)) as file:
        yield file


def unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    """What is in ``file``, unpacked if it is gzip, bzip2, xz or zstd. Raises `ModelError` for a zip archive."""
    magic = cast(io.BufferedReader, file).peek(6)[:6]
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(file))
    if magic.startswith(b"BZh"):
        return bz2.open(file)
    if magic == b"\xfd7zXZ\0":
        return lzma.open(file)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow

        return cast(IO[bytes], io.BufferedReader(pyarrow.CompressedInputStream(file, "zstd")))
    if magic.startswith(b"PK\x03\x04"):
        raise ModelError(f"{name} is a zip archive, which can hold several files. Unpack it and take one of them.")
    return file
