"""Vectors as text: word2vec's and fastText's with a header, GloVe's without, and tables for TensorFlow's Projector."""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import open_unpacked
from embeddings.formats.sources import Block, Faults, Source, decode, reading, rows_per_block
from embeddings.models import Model
from embeddings.search import Matrix

_LONGEST_LINE = 1 << 20
_PEEKED_LINES = 1000
_HEADER = re.compile(rb"\s*([0-9]+)[ \t]+([0-9]+)\s*")
_GAP = re.compile(rb"[ \t]+")
_LINE_END = b" \t\r\n"


def read_header(line: bytes) -> tuple[int, int] | None:
    """Number of words and dimension from the first line of word2vec's formats, or None if it is no such header."""
    match = _HEADER.fullmatch(line)
    return (int(match[1]), int(match[2])) if match else None


def read_word2vec_text(path: Path, faults: Faults) -> Source:
    """word2vec's text format, which fastText's .vec shares: ``count dimension``, then a word and its numbers a line."""
    with reading(path), open_unpacked(path) as file:
        header = read_header(file.readline(_LONGEST_LINE))
    if header is None or header[1] == 0:
        raise ModelError(f"{path} does not begin with a line of two numbers, as word2vec's formats do. Is it GloVe's?")
    return Source(header[1], _read(path, header[1], faults, announced=header[0]), rows=header[0], unit="line")


def read_glove_text(path: Path, faults: Faults) -> Source:
    """GloVe's text format: a word and its numbers a line; the word may hold spaces, so it is split from the right."""
    with reading(path), open_unpacked(path) as file:
        lines = [line.strip(_LINE_END) for line in islice(file, _PEEKED_LINES)]
    numbers = Counter(len(_GAP.findall(line)) for line in lines if line)
    if not numbers or (dimension := numbers.most_common(1)[0][0]) == 0:
        raise ModelError(f"{path} is not a text file of a word and its numbers a line.")
    return Source(dimension, _read(path, dimension, faults, announced=None), unit="line")


def _read(path: Path, dimension: int, faults: Faults, announced: int | None) -> Iterator[Block]:
    found = 0
    with reading(path), open_unpacked(path) as file:
        lines = enumerate(_lines(file, path), start=1)
        if announced is not None:
            next(lines)
        while some := list(islice(lines, rows_per_block(dimension))):
            kept = [(place, line.strip(_LINE_END)) for place, line in some]
            kept = [(place, line) for place, line in kept if line]
            found += len(kept)
            yield _parse(kept, dimension, faults)
    if announced is not None and found != announced:
        faults.note("line 1", f"the header announces {announced:,} words, and {found:,} follow.")


def _lines(file: IO[bytes], path: Path) -> Iterator[bytes]:
    for line in iter(lambda: file.readline(_LONGEST_LINE), b""):
        if len(line) == _LONGEST_LINE:
            raise ModelError(f"{path} has a line of over a million bytes, so it is not a text file of vectors.")
        yield line


def _parse(lines: list[tuple[int, bytes]], dimension: int, faults: Faults) -> Block:
    """Parse the numbers of many lines at once, which takes a fraction of the time; one by one where that fails."""
    words, numbers = [], []
    for _, line in lines:
        word, _, rest = line.partition(b" ")
        words.append(decode(word))
        numbers.append(rest)
    regular = None not in words and all(rest.count(b" ") == dimension - 1 for rest in numbers)
    vectors = _parse_numbers(numbers, dimension) if regular else None
    if vectors is None or len(vectors) != len(lines):
        return _parse_one_by_one(lines, dimension, faults)
    return Block([word for word in words if word is not None], vectors, [place for place, _ in lines])


def _parse_numbers(lines: list[bytes], dimension: int) -> Matrix | None:
    """The table of numbers [lines, dimension], or None if something in it is no number."""
    import pyarrow
    from pyarrow import csv

    names = [str(column) for column in range(dimension)]
    try:
        table = csv.read_csv(
            pyarrow.BufferReader(b"\n".join(lines)),
            read_options=csv.ReadOptions(column_names=names, block_size=2 * _LONGEST_LINE),
            parse_options=csv.ParseOptions(delimiter=" ", quote_char=False),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.float32()), null_values=[]),
        )
    except pyarrow.ArrowInvalid:
        return None
    vectors = np.empty((table.num_rows, dimension), np.float32)
    for place, column in enumerate(table.columns):
        vectors[:, place] = column.to_numpy()
    return vectors


def _parse_one_by_one(lines: Iterable[tuple[int, bytes]], dimension: int, faults: Faults) -> Block:
    words, rows, places = [], [], []
    for place, line in lines:
        pieces = _GAP.split(line)
        word = decode(b" ".join(pieces[:-dimension]))
        where = f"line {place:,}"
        if len(pieces) < dimension + 1:
            faults.skip_row(where, f"{len(pieces) - 1} numbers follow the word where {dimension} are expected.")
        elif word is None:
            faults.skip_row(where, f"{b' '.join(pieces[:-dimension])!r} is not UTF-8.")
        else:
            try:
                rows.append(np.array(pieces[-dimension:], np.float32))
            except ValueError:
                faults.skip_row(where, f"what follows '{word}' is not {dimension} numbers.")
            else:
                words.append(word)
                places.append(place)
    vectors = np.stack(rows) if rows else np.empty((0, dimension), np.float32)
    return Block(words, vectors, places)


def write_word2vec_text(model: Model, path: Path, count: int) -> None:
    """word2vec's and fastText's text format, packed if the name ends in .gz."""
    _require_words(model, count, r"\s", "white space", "glove, safetensors and parquet")
    _write(model, path, count, header=f"{count} {model.dimension}\n")


def write_glove_text(model: Model, path: Path, count: int) -> None:
    """GloVe's text format, packed if the name ends in .gz."""
    _require_words(model, count, r"[\n\r]|^[ \t]|[ \t]$", "a line break or a blank at its end", "safetensors, parquet")
    _write(model, path, count, header="")


def write_projector(model: Model, path: Path, count: int) -> None:
    """Two tables for TensorFlow's Projector: the vectors at ``path``, the words at NAME.metadata.tsv beside it."""
    _require_words(model, count, r"[\t\n\r]", "a tab or a line break", "safetensors and parquet")
    with metadata_path(path).open("w", encoding="utf-8", newline="\n") as file:
        for word in islice(model.vocabulary, count):
            file.write(f"{word}\n")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for _, vectors in blocks_of(model, count):
            file.writelines("\t".join(numbers) + "\n" for numbers in _shown(vectors))


def metadata_path(path: Path) -> Path:
    """Where the words of a Projector's table go."""
    return path.with_name(f"{path.name.removesuffix('.tsv')}.metadata.tsv")


def blocks_of(model: Model, count: int) -> Iterator[tuple[list[str], Matrix]]:
    """The first ``count`` words of ``model`` and their vectors at the lengths they had, some at a time."""
    size = rows_per_block(model.dimension)
    for start in range(0, count, size):
        rows = slice(start, min(start + size, count))
        yield model.vocabulary.words(range(rows.start, rows.stop)), model.vectors[rows] * model.norms[rows, None]


def _write(model: Model, path: Path, count: int, header: str) -> None:
    with gzip.open(path, "wb", compresslevel=6) if ".gz" in path.suffixes else path.open("wb") as file:
        file.write(header.encode())
        for words, vectors in blocks_of(model, count):
            lines = (f"{word} {' '.join(row)}\n" for word, row in zip(words, _shown(vectors), strict=True))
            file.writelines(line.encode("utf-8") for line in lines)


def _shown(vectors: Matrix) -> Iterator[list[str]]:
    """Each row's numbers in nine digits, from which a 32-bit float is read back as it was."""
    return (["%.9g" % value for value in row] for row in vectors.tolist())  # noqa: UP031  (f-strings take longer)


def _require_words(model: Model, count: int, pattern: str, what: str, others: str) -> None:
    unfit = re.compile(pattern)
    for word in chain(islice(model.vocabulary, count)):
        if unfit.search(word):
            raise ModelError(f"The word {word!r} holds {what}, which this format cannot. Choose among {others}.")
