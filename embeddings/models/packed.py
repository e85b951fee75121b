"""A whole model as one small file: vectors as small integers, each direction coded by the frequency of its values.

Every number is rounded to a multiple of one step, the same in all directions of a principal component analysis: at a
given size this is the rounding with the least error, since directions of little variance then take few bits of
themselves (reverse water-filling, Cover and Thomas, chapter 10). Rare words may take a wider step than frequent ones.
"""

import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import Lock
from embeddings.models.model import Card, Manifest
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, write_texts
from embeddings.models.writer import ModelWriter
from embeddings.native import processors
from embeddings.progress import Progress, no_progress
from embeddings.search import IndexReport, Matrix

_FORMAT = 1
_ABOUT, _WORDS, _COUNTS, _CODES = "about.json", "words.xz", "counts.xz", "codes"
_MOST_ROWS, _MOST_DIMENSIONS = 10_000_000, 4096
_BLOCK_ROWS = 4_000
"""Few enough that their vectors are always written to the same memory."""


@dataclass(frozen=True, slots=True)
class Band:
    """Rows that share a step: all rows before ``end`` that are in no earlier band."""

    end: int
    step: float


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a packed file holds, one entry a row."""

    words: Sequence[str]
    vectors: Matrix
    counts: Sequence[int]
    card: Card
    display: Sequence[str | None] | None = None
    descriptions: Sequence[str | None] | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A packed file but for its vectors."""

    path: Path
    bands: Sequence[Band]
    dimension: int
    card: Card
    words: Sequence[str]
    counts: Sequence[int]
    texts: Mapping[str, Sequence[str]]
    """What rows are named and described as, by the name of the file that holds it."""


def rounded(vectors: Matrix, bands: Sequence[Band]) -> npt.NDArray[np.int8]:
    """int8 [rows, dimension]: each number divided by its band's step. Raises `ModelError` where a step is too small."""
    codes = np.empty(vectors.shape, np.int8)
    for rows, step in _slices(bands, len(vectors)):
        whole = np.rint(vectors[rows] / np.float32(step))
        if np.abs(whole).max(initial=0) > 127:
            raise ModelError(f"A step of {step} is too small for numbers up to {np.abs(vectors[rows]).max():.3f}.")
        codes[rows] = whole
    return codes


def pack(path: Path, content: Content, bands: Sequence[Band]) -> int:
    """Write ``content`` as one file. The same content gives the same bytes."""
    codes = rounded(content.vectors, bands)
    about: dict[str, Any] = {
        "format": _FORMAT,
        "rows": len(content.words),
        "dimension": content.vectors.shape[1],
        "bands": [asdict(band) for band in bands],
        "card": asdict(content.card),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:

        def add(name: str, bytes_of_it: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), bytes_of_it)

        add(_ABOUT, json.dumps(about, ensure_ascii=False, sort_keys=True).encode("utf-8"))
        add(_WORDS, _lines(content.words))
        add(_COUNTS, lzma.compress(np.asarray(content.counts, "<u8").tobytes(), preset=9))
        for name, texts in ((DISPLAY_FILE, content.display), (DESCRIPTIONS_FILE, content.descriptions)):
            if texts is not None:
                add(name, _lines([text or "" for text in texts]))
        for number, (rows, _) in enumerate(_slices(bands, len(codes))):
            add(f"{_CODES}{number}", _by_frequency(np.ascontiguousarray(codes[rows].T)))
    return path.stat().st_size


def unpack(
    packed: Path,
    path: Path,
    *,
    name: str | None = None,
    lock: Lock | None = None,
    progress: Progress = no_progress,
    measured: IndexReport | None = None,
) -> Manifest:
    """Make the model folder ``path`` of a packed file; an index that was ``measured`` on these vectors is built as it
    says, and not measured.

    Raises `ModelError` naming what is wrong with the file.
    """
    part = _read(packed)
    with ModelWriter(path, part.dimension, expected_rows=len(part.words), lock=lock) as writer:
        _append(writer, part, progress)
        for name_of_texts, texts in part.texts.items():
            write_texts(writer.folder / name_of_texts, texts)
        return writer.finish(replace(part.card, name=name or part.card.name), progress=progress, measured=measured)


@contextmanager
def _opened(packed: Path) -> Iterator[zipfile.ZipFile]:
    """The packed file; what goes wrong while it is read is its fault."""
    try:
        with zipfile.ZipFile(packed) as archive:
            yield archive
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ModelError(
            f"{packed} is not a packed model, or is damaged: {error}. Install the package again."
        ) from error
    except OSError as error:
        raise ModelError(f"{packed} cannot be read: {error.strerror or error}.") from error


def _read(packed: Path) -> _Part:
    with _opened(packed) as archive:
        about = json.loads(_member(archive, _ABOUT, 10_000_000))
        if about["format"] != _FORMAT:
            raise ModelError(f"{packed} is of format {about['format']}, and this program reads {_FORMAT}. Update it.")
        rows, dimension = int(about["rows"]), int(about["dimension"])
        bands = [Band(int(band["end"]), float(band["step"])) for band in about["bands"]]
        if not (0 < rows <= _MOST_ROWS and 0 < dimension <= _MOST_DIMENSIONS and bands and bands[-1].end == rows):
            raise ModelError(f"{packed} is damaged: {rows} rows of {dimension} dimensions in {len(bands)} bands.")
        words = _split(_unxz(_member(archive, _WORDS), rows * 400), rows)
        counts = np.frombuffer(_unxz(_member(archive, _COUNTS), rows * 8), "<u8").tolist()
        texts = {
            name: _split(_unxz(_member(archive, name), rows * 1000), rows)
            for name in (DISPLAY_FILE, DESCRIPTIONS_FILE)
            if name in archive.namelist()
        }
        return _Part(packed, bands, dimension, Card(**about["card"]), words, counts, texts)


def _append(writer: ModelWriter, part: _Part, progress: Progress) -> None:
    """Write the rows of a packed file, with their vectors."""
    rows, start = len(part.words), 0
    block = np.empty((_BLOCK_ROWS, part.dimension), np.float32)
    with _opened(part.path) as archive:
        for codes, step in _unpacked(archive, _slices(part.bands, rows), part.dimension):
            for first in range(0, codes.shape[1], _BLOCK_ROWS):
                progress("unpacking vectors", start, rows)
                some = codes[:, first : first + _BLOCK_ROWS].T
                here = slice(start, start + len(some))
                vectors = np.multiply(some, np.float32(step), out=block[: len(some)])
                writer.append(part.words[here], vectors, part.counts[here])
                start += len(some)


def _slices(bands: Sequence[Band], rows: int) -> list[tuple[slice, float]]:
    ends = [0, *(band.end for band in bands)]
    if ends != sorted(set(ends)) or ends[-1] != rows or any(not band.step > 0 for band in bands):
        raise ModelError(f"The bands {ends[1:]} do not cover {rows} rows one after the other, each with a step.")
    return [(slice(start, band.end), band.step) for start, band in zip(ends, bands, strict=False)]


def _unpacked(
    archive: zipfile.ZipFile, slices: Sequence[tuple[slice, float]], dimension: int
) -> Iterator[tuple[npt.NDArray[np.int8], float]]:
    """The codes of each band [dimension, rows] with its step; others are unpacked while one is written."""

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(processors()) as beside:
        bands = [
            beside.submit(_codes, _member(archive, f"{_CODES}{number}"), rows.stop - rows.start, dimension)
            for number, (rows, _) in enumerate(slices)
        ]
        for (_, step), band in zip(slices, bands, strict=True):
            yield band.result(), step


def _by_frequency(codes: npt.NDArray[np.int8]) -> bytes:
    """``codes`` by Huffman's codes alone, made anew for every 30,000 numbers or so: directions differ, rows do not."""
    coder = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(codes.tobytes()) + coder.flush()


def _codes(content: bytes, rows: int, dimension: int) -> npt.NDArray[np.int8]:
    """int8 [dimension, rows]. Raises ValueError where ``content`` does not hold just that many numbers."""
    decoder = zlib.decompressobj()
    unpacked = decoder.decompress(content, rows * dimension + 1)
    if len(unpacked) != rows * dimension:
        raise ValueError(f"{len(unpacked):,} numbers where {rows * dimension:,} are announced")
    return np.frombuffer(unpacked, np.int8).reshape(dimension, rows)


def _lines(texts: Sequence[str]) -> bytes:
    if any("\n" in text for text in texts):
        raise ModelError("A word or a text with a line's end in it cannot be packed. Leave it out.")
    return lzma.compress("\n".join(texts).encode("utf-8"), preset=9 | lzma.PRESET_EXTREME)


def _split(content: bytes, rows: int) -> list[str]:
    lines = content.decode("utf-8").split("\n")
    if len(lines) != rows:
        raise ValueError(f"{len(lines):,} lines where {rows:,} are announced")
    return lines


def _unxz(content: bytes, most: int) -> bytes:
    decoder = lzma.LZMADecompressor(memlimit=200_000_000)
    unpacked = decoder.decompress(content, most)
    if not decoder.eof:
        raise ValueError("a part is cut off or larger than can be")
    return unpacked


def _member(archive: zipfile.ZipFile, name: str, most: int = 1_000_000_000) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise ValueError(f"{name} is larger than can be")
    return archive.read(name)
