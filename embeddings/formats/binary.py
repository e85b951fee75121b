"""Vectors as bytes: word2vec's binary format, and fastText's models with their character n-grams."""

import gzip
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import open_unpacked
from embeddings.formats.sources import Block, Faults, Source, cut_off, decode, reading, rows_per_block
from embeddings.formats.text import blocks_of, read_header
from embeddings.models import Model

FASTTEXT_MAGIC = struct.pack("<i", 793712314)
_CHUNK = 1 << 23
_LONGEST_WORD = 1 << 14


def read_word2vec_binary(path: Path, faults: Faults) -> Source:
    """word2vec's binary format: ``count dimension``, then a word, a space and its 32-bit floats, over and over."""
    with reading(path), open_unpacked(path) as file:
        header = read_header(file.readline(1000))
    if header is None or header[1] == 0:
        raise ModelError(f"{path} does not begin with a line of two numbers, as word2vec's formats do.")
    return Source(header[1], _read_word2vec(path, *header, faults), rows=header[0], unit="word")


def _read_word2vec(path: Path, announced: int, dimension: int, faults: Faults) -> Iterator[Block]:
    size, most = 4 * dimension, rows_per_block(dimension)
    with reading(path), open_unpacked(path) as file:
        file.readline(1000)
        words: list[str] = []
        places: list[int] = []
        rows: list[bytes] = []
        buffer, start = b"", 0
        for place in range(1, announced + 1):
            while (end := buffer.find(b" ", start)) < 0 or len(buffer) < end + 1 + size:
                if end < 0 and len(buffer) - start > _LONGEST_WORD:
                    raise ModelError(
                        f"{path}, word {place:,}: there is no end to it. The file is not word2vec's binary."
                    )
                chunk = file.read(_CHUNK)
                if not chunk:
                    raise cut_off(path, place, announced)
                buffer, start = buffer[start:] + chunk, 0
            written = buffer[start:end].lstrip(b"\n")
            word = decode(written)
            if word is None:
                faults.skip_row(f"word {place:,}", f"{written!r} is not UTF-8.")
            else:
                words.append(word)
                places.append(place)
                rows.append(buffer[end + 1 : end + 1 + size])
            start = end + 1 + size
            if len(rows) == most or (place == announced and rows):
                yield Block(words, np.frombuffer(b"".join(rows), "<f4").reshape(-1, dimension), places)
                words, places, rows = [], [], []
        if (buffer[start:] + file.read(100)).strip():
            faults.note(f"word {announced:,}", f"the header announces {announced:,} words, and more follows them.")


def write_word2vec_binary(model: Model, path: Path, count: int) -> None:
    """word2vec's binary format, packed if the name ends in .gz."""
    with gzip.open(path, "wb", compresslevel=6) if ".gz" in path.suffixes else path.open("wb") as file:
        file.write(f"{count} {model.dimension}\n".encode())
        for words, vectors in blocks_of(model, count):
            for word, vector in zip(words, vectors.astype("<f4"), strict=True):
                if " " in word or word.startswith("\n"):
                    raise ModelError(
                        f"The word {word!r} holds white space, which this format cannot. Choose safetensors or parquet."
                    )
                file.write(word.encode("utf-8") + b" " + vector.tobytes() + b"\n")


# ---- fastText, as its own program saves a model (Dictionary::save and FastText::saveModel, version 12)


@dataclass(frozen=True, slots=True, eq=False)
class _FastText:
    dimension: int
    parameters: dict[str, Any]
    words: list[bytes]
    counts: list[int]
    matrix: npt.NDArray[np.float32]
    """[words + buckets, dimension], mapped into memory."""


_ARGUMENTS = ("window", "epochs", "min_count", "negative", "word_ngrams", "loss", "model", "buckets", "min_n", "max_n")
_MODELS = {1: "cbow", 2: "skip-gram", 3: "supervised"}


def read_fasttext_binary(path: Path, faults: Faults) -> Source:
    """fastText's .bin: every word's vector is the mean of its own and of its n-grams' (Bojanowski et al. 2017)."""
    with reading(path), path.open("rb") as file:
        model = _open_fasttext(path, file)
    ngrams = {name: int(model.parameters[name]) for name in ("min_n", "max_n", "buckets")}
    has_ngrams = ngrams["max_n"] > 0 and ngrams["buckets"] > 0
    return Source(
        model.dimension,
        _read_fasttext(model, ngrams if has_ngrams else None, faults),
        rows=len(model.words),
        unit="word",
        subwords=(ngrams, model.matrix[len(model.words) :]) if has_ngrams else None,
        method=f"fasttext {_MODELS.get(model.parameters['model'], '')}".strip(),
        parameters={**model.parameters, "dimension": model.dimension},
    )


def _open_fasttext(path: Path, file: IO[bytes]) -> _FastText:
    def take(form: str) -> tuple[Any, ...]:
        size = struct.calcsize("<" + form)
        taken = file.read(size)
        if len(taken) < size:
            raise ModelError(f"{path} is cut off. Get it again.")
        return struct.unpack("<" + form, taken)

    magic, version = take("4si")
    if magic != FASTTEXT_MAGIC or version != 12:
        raise ModelError(f"{path} is not a fastText model of version 12. Save it anew with a newer fastText.")
    dimension, *arguments, _, _ = take("12id")
    total, number, labels, _, pruned = take("3i2q")
    if not (0 < number <= total == number + labels) or dimension <= 0:
        raise ModelError(f"{path} is damaged: it claims {number:,} words of {dimension} dimensions.")
    words, counts = [], []
    for word, count, kind in _dictionary(path, file, total):
        if kind == 0:
            words.append(word)
            counts.append(count)
    file.seek(8 * max(pruned, 0), 1)
    (quantised,) = take("?")
    if quantised:
        raise ModelError(f"{path} is quantised (.ftz), which cannot be imported. Use the .bin that it was made from.")
    rows, columns = take("2q")
    parameters = dict(zip(_ARGUMENTS, arguments, strict=True))
    if columns != dimension or rows != len(words) + parameters["buckets"]:
        raise ModelError(f"{path} is damaged: its matrix is {rows:,} × {columns}, which does not fit its words.")
    offset = file.tell()
    if path.stat().st_size < offset + rows * columns * 4:
        raise ModelError(f"{path} is cut off: its matrix of {rows:,} × {columns} is not all there. Get it again.")
    matrix = np.memmap(path, "<f4", "r", offset, (rows, columns)).view(np.ndarray)
    return _FastText(dimension, parameters, words, counts, matrix)


def _dictionary(path: Path, file: IO[bytes], total: int) -> Iterator[tuple[bytes, int, int]]:
    for place in range(1, total + 1):
        word = bytearray()
        while (byte := file.read(1)) != b"\0":
            if not byte:
                raise cut_off(path, place, total)
            word += byte
        entry = file.read(9)
        if len(entry) < 9:
            raise cut_off(path, place, total)
        count, kind = struct.unpack("<qb", entry)
        yield bytes(word), count, kind


def _read_fasttext(model: _FastText, ngrams: dict[str, int] | None, faults: Faults) -> Iterator[Block]:
    from gensim.models.fasttext import ft_ngram_hashes

    first_bucket = len(model.words)
    size = max(1, rows_per_block(model.dimension) // 32)
    for start in range(0, len(model.words), size):
        words, places, rows_of_words = [], [], []
        for row, written in enumerate(model.words[start : start + size], start):
            word = decode(written)
            if word is None:
                faults.skip_row(f"word {row + 1:,}", f"{written!r} is not UTF-8.")
                continue
            rows = [row]
            if ngrams is not None and word != "</s>":
                hashes = ft_ngram_hashes(word, ngrams["min_n"], ngrams["max_n"], ngrams["buckets"])
                rows += [first_bucket + bucket for bucket in hashes]
            words.append(word)
            places.append(row + 1)
            rows_of_words.append(rows)
        if words:
            lengths = np.array([len(rows) for rows in rows_of_words])
            together = model.matrix.take([row for rows in rows_of_words for row in rows], axis=0)
            sums = np.add.reduceat(together, np.cumsum(lengths) - lengths, axis=0)
            counts = [model.counts[place - 1] for place in places]
            yield Block(words, sums / lengths[:, None], places, counts)
