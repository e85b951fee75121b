"""fastText's models with their n-grams, as its own program saves them (Dictionary::save, FastText::saveModel, 12)."""

import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import is_packed, open_unpacked
from embeddings.formats.headers import MOST_WORDS, require_dimension
from embeddings.formats.ngrams import NgramParameters, means_with_ngrams, require_ngrams
from embeddings.formats.sources import (
    LONGEST_WORD,
    Block,
    Faults,
    Source,
    cut_off,
    decode,
    finite_rows,
    reading,
    require_file,
    rows_per_block,
)

FASTTEXT_MAGIC = struct.pack("<i", 793712314)
_CHUNK = 1 << 20
_ROWS_AT_ONCE = 1 << 14
_NAMES = (
    "window",
    "epochs",
    "min_count",
    "negative",
    "word_ngrams",
    "loss",
    "model",
    "buckets",
    "min_n",
    "max_n",
)
_MODELS = {1: "cbow", 2: "skip-gram", 3: "supervised"}


@dataclass(frozen=True, slots=True, eq=False)
class _FastText:
    dimension: int
    parameters: dict[str, Any]
    words: list[bytes]
    counts: list[int]
    matrix: npt.NDArray[np.float32]
    """[words + buckets, dimension], mapped into memory."""


def is_fasttext_binary(start: bytes, size: int) -> bool:  # noqa: ARG001
    return start.startswith(FASTTEXT_MAGIC)


def read_fasttext_binary(path: Path, faults: Faults) -> Source:
    """fastText's .bin: every word's vector is the mean of its own and of its n-grams' (Bojanowski et al. 2017)."""
    require_file(path)
    with reading(path), open_unpacked(path) as file:
        model = _open(path, _Fields(path, file))
    ngrams = NgramParameters(*(int(model.parameters[name]) for name in ("min_n", "max_n", "buckets")))
    has_ngrams = ngrams.max_n > 0 and ngrams.buckets > 0
    subwords = None
    if has_ngrams:
        rows = model.matrix[len(model.words) :]
        _require_finite(path, rows)
        subwords = ({"min_n": ngrams.min_n, "max_n": ngrams.max_n, "buckets": ngrams.buckets}, rows)
    return Source(
        model.dimension,
        _blocks(model, ngrams if has_ngrams else None, faults),
        rows=len(model.words),
        unit="word",
        subwords=subwords,
        method=f"fasttext {_MODELS.get(model.parameters['model'], '')}".strip(),
        parameters={**model.parameters, "dimension": model.dimension},
    )


class _Fields:
    """Takes fields of a stream one after the other, and knows how far it is."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self.path = path
        self.file = file
        self._buffer = b""
        self._start = 0
        self._read = 0

    @property
    def place(self) -> int:
        """Bytes taken so far."""
        return self._read - len(self._buffer) + self._start

    def take(self, form: str) -> tuple[Any, ...]:
        """Values of ``form`` in `struct`'s language."""
        return struct.unpack("<" + form, self.take_bytes(struct.calcsize("<" + form)))

    def take_bytes(self, size: int) -> bytes:
        while len(self._buffer) - self._start < size:
            if not self._fill():
                raise ModelError(f"{self.path} is cut off. Get it again.")
        taken = self._buffer[self._start : self._start + size]
        self._start += size
        return taken

    def word(self, number: int, total: int) -> bytes:
        """The bytes up to the next zero."""
        while (end := self._buffer.find(b"\0", self._start, self._start + LONGEST_WORD + 1)) < 0:
            if len(self._buffer) - self._start > LONGEST_WORD:
                raise ModelError(f"{self.path} is damaged: word {number:,} is longer than {LONGEST_WORD:,} bytes.")
            if not self._fill():
                raise cut_off(self.path, number, total)
        taken = self._buffer[self._start : end]
        self._start = end + 1
        return taken

    def copy(self, size: int, target: IO[bytes]) -> None:
        """The next ``size`` bytes to ``target``."""
        while size:
            if self._start == len(self._buffer) and not self._fill():
                raise ModelError(f"{self.path} is cut off: {size:,} bytes of its matrix are missing. Get it again.")
            taken = self._buffer[self._start : self._start + size]
            target.write(taken)
            self._start += len(taken)
            size -= len(taken)

    def drain(self) -> None:
        """Read to the end, where a packed file has its checksum."""
        while self._fill():
            self._start = len(self._buffer)

    def _fill(self) -> bool:
        chunk = self.file.read(_CHUNK)
        self._buffer, self._start = self._buffer[self._start :] + chunk, 0
        self._read += len(chunk)
        return bool(chunk)


def _open(path: Path, fields: _Fields) -> _FastText:
    magic, version = fields.take("4si")
    if magic != FASTTEXT_MAGIC or version != 12:
        raise ModelError(f"{path} is not a fastText model of version 12. Save it anew with a newer fastText.")
    dimension, *arguments, _, _ = fields.take("12id")
    parameters = dict(zip(_NAMES, arguments, strict=True))
    total, number, labels, _, pruned = fields.take("3i2q")
    if not (0 < number <= total == number + labels <= MOST_WORDS) or labels < 0:
        raise ModelError(f"{path} is damaged: it claims {number:,} words and {labels:,} labels, {total:,} together.")
    require_dimension(path, dimension)
    _require_lengths(path, parameters)
    words, counts = _dictionary(path, fields, total)
    if len(words) != number:
        raise ModelError(f"{path} is damaged: it claims {number:,} words and has {len(words):,}.")
    if pruned not in (-1, 0):
        raise ModelError(
            f"{path} has {pruned:,} pruned n-grams, as quantised models do. Use the .bin it was made from."
        )
    (quantised,) = fields.take("B")
    if quantised:
        raise ModelError(f"{path} is quantised (.ftz), which cannot be imported. Use the .bin that it was made from.")
    rows, columns = fields.take("2q")
    if columns != dimension or rows != len(words) + parameters["buckets"]:
        raise ModelError(f"{path} is damaged: its matrix is {rows:,} × {columns:,}, which does not fit its words.")
    return _FastText(dimension, parameters, words, counts, _matrix(path, fields, rows, columns))


def _require_lengths(path: Path, parameters: dict[str, Any]) -> None:
    """Raises `ModelError` for n-grams that cannot be."""
    if parameters["buckets"] < 0:
        raise ModelError(f"{path} is damaged: it claims {parameters['buckets']:,} buckets for n-grams.")
    require_ngrams(path, parameters["min_n"], parameters["max_n"])


def _dictionary(path: Path, fields: _Fields, total: int) -> tuple[list[bytes], list[int]]:
    words, counts = [], []
    for place in range(1, total + 1):
        word = fields.word(place, total)
        count, kind = fields.take("qb")
        if kind not in (0, 1) or count < 0:
            raise ModelError(f"{path} is damaged: word {place:,} is of kind {kind} and was counted {count:,} times.")
        if kind == 0:
            words.append(word)
            counts.append(count)
    return words, counts


def _matrix(path: Path, fields: _Fields, rows: int, columns: int) -> npt.NDArray[np.float32]:
    """The matrix [rows, columns] as the file has it, or, of a packed file, a temporary copy of it."""
    size = rows * columns * 4
    if not is_packed(path):
        place = fields.place
        if path.stat().st_size < place + size:
            raise ModelError(f"{path} is cut off: its matrix of {rows:,} × {columns} is not all there. Get it again.")
        return np.memmap(path, "<f4", "r", place, (rows, columns)).view(np.ndarray)
    folder = tempfile.gettempdir()
    if (free := shutil.disk_usage(folder).free) < size:
        raise ModelError(
            f"{path} unpacks to {size / 1e6:,.0f} MB, and {folder} has {free / 1e6:,.0f} MB left. "
            "Unpack it elsewhere, or set TMPDIR to a folder with more space."
        )
    with tempfile.TemporaryFile() as copy:
        fields.copy(size, copy)
        fields.drain()
        copy.flush()
        return np.memmap(copy, "<f4", "r", 0, (rows, columns)).view(np.ndarray)


def _require_finite(path: Path, rows: npt.NDArray[np.float32]) -> None:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        finite = finite_rows(rows[start : start + _ROWS_AT_ONCE])
        if not finite.all():
            bad = start + int(np.flatnonzero(~finite)[0])
            raise ModelError(
                f"{path} is damaged: the vector of its n-grams in bucket {bad:,} is not of finite numbers."
            )


def _blocks(model: _FastText, ngrams: NgramParameters | None, faults: Faults) -> Iterator[Block]:
    size = max(1, rows_per_block(model.dimension) // 32)
    for start in range(0, len(model.words), size):
        words, places = [], []
        for row, written in enumerate(model.words[start : start + size], start):
            word = decode(written)
            if word is None:
                faults.skip_row(f"word {row + 1:,}", f"{written[:100]!r} is not UTF-8.")
            else:
                words.append(word)
                places.append(row + 1)
        if words:
            rows = [place - 1 for place in places]
            vectors = np.array(model.matrix[rows], np.float32)
            if ngrams is not None:
                # fastText's own mark for the end of a sentence has no n-grams.
                named = [b"" if model.words[row] == b"</s>" else model.words[row] for row in rows]
                vectors = means_with_ngrams(vectors, named, model.matrix[len(model.words) :], ngrams)
            yield Block(words, vectors, places, [model.counts[row] for row in rows])
