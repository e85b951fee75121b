"""Files compressed by gzip, bzip2, xz, zstd or zip, recognised by their content and read to their very end.

A packed file may be several packed streams on end, with zeros between and behind them, as tapes leave them, or
frames that hold nothing (zstd): all are read. Whatever else follows a stream is a fault, since what was behind it would
be lost.
"""

import bz2
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from embeddings.errors import ModelError

_CHUNK = 1 << 18
_LONGEST_MAGIC = 6
_MEMORY = 1 << 30
"""Memory that unpacking may take, in bytes. Compressors take 65 MB at their strongest usual setting."""
_TRUSTED_BYTES, _TRUSTED_RATIO = 1 << 30, 250
"""A file that unpacks to more than this many bytes, and this many times its packed size, is taken for an attack."""


class DamagedPack(ValueError):
    """Packed data that ends too early, is broken, or is followed by something else. It says where."""


DAMAGED = (DamagedPack, EOFError)
"""Errors of reading a compressed file that is cut off or damaged."""


@contextmanager
def open_unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked if it is packed. Raises `ModelError` as `unpacked` does."""
    with path.open("rb") as raw, unpacked(raw, str(path)) as file:
        yield file


def unpacked(file: IO[bytes], name: str) -> IO[bytes]:
    """What is in ``file``, a pipe or a file, unpacked if it is gzip, bzip2, xz, zstd or a zip archive of one file.

    Closing it leaves ``file`` open where that is packed. Raises `ModelError` for an archive of several files, for one
    that cannot be opened, and, while reading, for what unpacks to so much that it is meant to fill a machine. Raises
    `DamagedPack` while reading.
    """
    magic, file = _peek(file)
    for packing in _PACKINGS:
        if packing.begins(magic):
            return cast(IO[bytes], io.BufferedReader(_Unpacking(file, name, packing), _CHUNK))
    if magic.startswith(_ZIP):
        return open_member(file, name, the_member(file, name))
    return file


def is_packed(path: Path) -> bool:
    """Whether `open_unpacked` would unpack the file."""
    with path.open("rb") as file:
        magic = file.read(_LONGEST_MAGIC)
    return magic.startswith(_ZIP) or any(packing.begins(magic) for packing in _PACKINGS)


# ---- Streams: gzip, bzip2, xz, zstd


class _Decoder(Protocol):
    """One stream being unpacked, as the classes of bz2, lzma and zstd do it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipDecoder:
    """zlib's decompressor, for one member of a gzip file."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


def _zstd_decoder() -> _Decoder:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise ModelError(
            "Files packed by zstd need one more package. Run: pip install backports.zstd; or unpack the file."
        ) from error
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _MEMORY.bit_length() - 1}
    return cast(_Decoder, zstd.ZstdDecompressor(options=options))


@dataclass(frozen=True, slots=True)
class _Packing:
    name: str
    starts: tuple[bytes, ...]
    decoder: Callable[[], _Decoder]

    def begins(self, data: bytes) -> bool:
        """Whether a stream begins with ``data``."""
        return data.startswith(self.starts)


_PACKINGS = (
    _Packing("gzip", (b"\x1f\x8b",), _GzipDecoder),
    _Packing("bzip2", tuple(b"BZh%d" % level for level in range(1, 10)), bz2.BZ2Decompressor),
    _Packing("xz", (b"\xfd7zXZ\0",), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MEMORY)),
    _Packing(
        "zstd",
        (b"\x28\xb5\x2f\xfd", *(bytes([first]) + b"\x2a\x4d\x18" for first in range(0x50, 0x60))),
        _zstd_decoder,
    ),
)


class _Unpacking(io.RawIOBase):
    """Reads all streams of a packed file."""

    def __init__(self, file: IO[bytes], name: str, packing: _Packing) -> None:
        self._file = file
        self._name = name
        self._packing = packing
        self._decoder: _Decoder | None = packing.decoder()
        self._waiting = b""
        self._read_bytes = 0
        self._given_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # collections.abc.Buffer is of 3.12
        while self._decoder is not None:
            if self._decoder.eof:
                self._waiting = self._decoder.unused_data
                self._decoder = self._next()
                continue
            given = self._unpack(self._decoder, len(buffer))
            if given:
                buffer[: len(given)] = given
                self._given_bytes += len(given)
                _require_plausible(self._name, self._given_bytes, self._read_bytes)
                return len(given)
        return 0

    def _unpack(self, decoder: _Decoder, most: int) -> bytes:
        data, ended = b"", False
        if decoder.needs_input:
            data, self._waiting = self._waiting or self._take(), b""
            ended = not data
        try:
            given = decoder.decompress(data, most)
        except _broken() as error:
            raise DamagedPack(
                f"its {self._packing.name} data is broken at or before byte {self._read_bytes:,} ({error})"
            ) from error
        if ended and not given and not decoder.eof:
            raise DamagedPack(f"it ends within its {self._packing.name} data")
        return given

    def _next(self) -> _Decoder | None:
        """The decoder of the next stream, or None at the end of the file."""
        self._waiting = self._waiting.lstrip(b"\0")
        while not self._waiting and (chunk := self._take()):
            self._waiting = chunk.lstrip(b"\0")
        while len(self._waiting) < _LONGEST_MAGIC and (chunk := self._take()):
            self._waiting += chunk
        if not self._waiting:
            return None
        if not self._packing.begins(self._waiting):
            place = self._read_bytes - len(self._waiting)
            raise DamagedPack(f"what follows the end of its {self._packing.name} data, at byte {place:,}, is none")
        return self._packing.decoder()

    def _take(self) -> bytes:
        chunk = self._file.read(_CHUNK)
        self._read_bytes += len(chunk)
        return chunk


def _broken() -> tuple[type[Exception], ...]:
    """What decoders raise for broken data; zstd's own error only where its package is loaded."""
    errors: list[type[Exception]] = [OSError, EOFError, ValueError, zlib.error, lzma.LZMAError]
    module = sys.modules.get("compression.zstd") or sys.modules.get("backports.zstd")
    if module is not None:
        errors.append(module.ZstdError)
    return tuple(errors)


def _require_plausible(name: str, unpacked_bytes: int, packed_bytes: int) -> None:
    if unpacked_bytes > _TRUSTED_BYTES and unpacked_bytes > _TRUSTED_RATIO * packed_bytes:
        raise ModelError(
            f"{name} unpacks to over {_TRUSTED_RATIO} times its size and {_TRUSTED_BYTES >> 30} GB, as no text and no "
            "vectors do. If you trust it, unpack it yourself."
        )


# ---- zip archives

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def is_zip(path: Path) -> bool:
    """Whether the file is a zip archive."""
    with path.open("rb") as file:
        return file.read(4) in _ZIP


def members(file: IO[bytes], name: str) -> list[str]:
    """The files in a zip archive, in its order. Raises `ModelError` where it cannot be opened."""
    return [entry.filename for entry in _entries(_archive(file, name))]


def the_member(file: IO[bytes], name: str) -> str:
    """The only file in a zip archive. Raises `ModelError` if there are several, or none."""
    found = members(file, name)
    if len(found) != 1:
        some = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
        what = f"{len(found):,} files ({some})" if found else "no file"
        raise ModelError(f"{name} is a zip archive that holds {what}. Unpack it and take one of them.")
    return found[0]


def open_member(file: IO[bytes], name: str, member: str) -> IO[bytes]:
    """A file of a zip archive. Raises `ModelError` for what cannot be unpacked; `DamagedPack` while reading."""
    archive = _archive(file, name)
    entry = archive.getinfo(member)
    if entry.flag_bits & 1:
        raise ModelError(f"{name} is a zip archive under a password. Unpack it and take {member}.")
    _require_plausible(name, entry.file_size, entry.compress_size)
    try:
        return cast(IO[bytes], io.BufferedReader(_Member(archive.open(entry), archive), _CHUNK))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ModelError(f"{name} is a zip archive that is damaged: {error}. Unpack it and take {member}.") from error


def _archive(file: IO[bytes], name: str) -> zipfile.ZipFile:
    if not file.seekable():
        raise ModelError(f"{name} is a zip archive, which cannot be read from a pipe. Unpack it on the way: funzip.")
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise ModelError(f"{name} is a zip archive that is damaged: {error}. Unpack it and take one file.") from error


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The archive's files, without folders and what macOS puts beside them."""
    return [entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]


class _Member(io.RawIOBase):
    """A file of an archive, whose end and checksum are checked as it is read."""

    def __init__(self, file: IO[bytes], archive: zipfile.ZipFile) -> None:
        self._file = file
        self._archive = archive

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._archive.close()
        super().close()

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # collections.abc.Buffer is of 3.12
        try:
            given = self._file.read(len(buffer))
        except (EOFError, OSError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
            raise DamagedPack(f"its zip data is broken ({error})") from error
        buffer[: len(given)] = given
        return len(given)


# ---- The first bytes


def _peek(file: IO[bytes]) -> tuple[bytes, IO[bytes]]:
    """The first bytes of ``file``, and a file that still begins with them."""
    if file.seekable():
        place = file.tell()
        magic = file.read(_LONGEST_MAGIC)
        file.seek(place)
        return magic, file
    magic = file.read(_LONGEST_MAGIC)
    return magic, cast(IO[bytes], io.BufferedReader(_Rejoined(magic, file), _CHUNK))


class _Rejoined(io.RawIOBase):
    """A pipe that begins with bytes which were read from it already."""

    def __init__(self, start: bytes, file: IO[bytes]) -> None:
        self._start = start
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # collections.abc.Buffer is of 3.12
        given, self._start = self._start[: len(buffer)], self._start[len(buffer) :]
        if not given:
            given = self._file.read(len(buffer))
        buffer[: len(given)] = given
        return len(given)
