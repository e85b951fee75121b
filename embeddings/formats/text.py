"""Vectors as text: word2vec's and fastText's with a header, GloVe's without, and tables for TensorFlow's Projector."""

import gzip
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import open_unpacked
from embeddings.formats.headers import BOM, Header, read_header, require_dimension, require_utf_8
from embeddings.formats.numbers import is_number, parse_row, parse_table, trailing_numbers
from embeddings.formats.sources import (
    LONGEST_WORD,
    Block,
    Faults,
    Source,
    decode,
    reading,
    require_file,
    rows_per_block,
)
from embeddings.models import Model
from embeddings.search import Matrix

GAP = re.compile(rb"[ \t]+")
LINE_END = b" \t\r\n"
_PEEKED_BYTES, _PEEKED_LINES = 1 << 22, 200
_BLOCK_BYTES = 1 << 25
_NUMBER_BYTES = 64
"""What a number takes at most, with the blank before it."""
_MOST_BLANK_LINES, _MOST_EXTRA_ROWS = 1_000_000, 1_000_000


def read_word2vec_text(path: Path, faults: Faults) -> Source:
    """word2vec's text format, which fastText's .vec shares: ``count dimension``, then a word and its numbers a line."""
    require_file(path)
    with reading(path), open_unpacked(path) as file:
        line = file.readline(1000)
    require_utf_8(path, line)
    header = read_header(path, line)
    return Source(header.dimension, _read(path, header.dimension, faults, header), rows=header.words, unit="line")


def read_glove_text(path: Path, faults: Faults) -> Source:
    """GloVe's text format: a word and its numbers a line; the word may hold spaces, so it is split from the right."""
    require_file(path)
    with reading(path), open_unpacked(path) as file:
        start = file.read(_PEEKED_BYTES)
    require_utf_8(path, start)
    numbers = Counter(trailing_numbers(GAP.split(line)) for line in first_lines(start, _PEEKED_BYTES))
    del numbers[0]
    if not numbers:
        raise ModelError(f"{path} is not a text file of a word and its numbers a line.")
    dimension = require_dimension(path, numbers.most_common(1)[0][0])
    return Source(dimension, _read(path, dimension, faults, None), unit="line")


def first_lines(start: bytes, wanted: int) -> list[bytes]:
    """The first lines that are not blank in ``start``, of which ``wanted`` bytes were asked for: whole ones only."""
    lines = start.removeprefix(BOM).split(b"\n")
    if len(start) >= wanted and len(lines) > 1:
        lines.pop()
    return list(islice((line.strip(LINE_END) for line in lines if line.strip(LINE_END)), _PEEKED_LINES))


def _read(path: Path, dimension: int, faults: Faults, header: Header | None) -> Iterator[Block]:
    found = 0
    with reading(path), open_unpacked(path) as file:
        lines = _lines(file, path, LONGEST_WORD + _NUMBER_BYTES * dimension, faults)
        if header is not None:
            next(lines)
        while some := _take(lines, rows_per_block(dimension)):
            found += len(some)
            yield _parse([(place, line) for place, line in some if line is not None], dimension, faults)
            if header is not None and found > header.words + _MOST_EXTRA_ROWS and not faults.skip:
                break
    if header is not None and found != header.words:
        faults.note("line 1", f"the header announces {header.words:,} words, and {found:,} follow.")


def _lines(file: IO[bytes], path: Path, longest: int, faults: Faults) -> Iterator[tuple[int, bytes | None]]:
    """Number and content of each line that is not blank; None for one that is too long."""
    place = blank = 0
    while line := file.readline(longest):
        place += 1
        if place == 1 and line.startswith(BOM) and line[len(BOM) : len(BOM) + 1].strip():
            line = line[len(BOM) :]
        if len(line) == longest and not line.endswith(b"\n"):
            while (rest := file.readline(longest)) and not rest.endswith(b"\n"):
                pass
            faults.skip_row(f"line {place:,}", f"it is longer than {longest:,} bytes, so it is no row of vectors.")
            yield place, None
        elif content := line.strip(LINE_END):
            blank = 0
            yield place, content
        else:
            blank += 1
            if blank > _MOST_BLANK_LINES:
                raise ModelError(f"{path}, line {place:,}: over a million blank lines follow each other.")


def _take(lines: Iterator[tuple[int, bytes | None]], most: int) -> list[tuple[int, bytes | None]]:
    """Up to ``most`` of ``lines``, and no more than fit into a block."""
    some, size = [], 0
    for place, line in islice(lines, most):
        some.append((place, line))
        size += len(line or b"")
        if size > _BLOCK_BYTES:
            break
    return some


def _parse(lines: Sequence[tuple[int, bytes]], dimension: int, faults: Faults) -> Block:
    """Parse the numbers of many lines at once, which takes a fraction of the time; one by one where that fails."""
    words, numbers, places = [], [], []
    for place, line in lines:
        word, _, rest = line.partition(b" ")
        if rest.count(b" ") != dimension - 1 or b"  " in rest or b"\t" in line:
            split = _split(line, dimension)
            if isinstance(split, str):
                faults.skip_row(f"line {place:,}", split)
                continue
            word, rest = split
        text = decode(word)
        if text is None:
            faults.skip_row(f"line {place:,}", f"{word[:100]!r} is not UTF-8.")
            continue
        words.append(text)
        numbers.append(rest)
        places.append(place)
    vectors = parse_table(numbers, dimension)
    if vectors is None:
        return _parse_one_by_one(words, numbers, places, faults)
    return Block(words, vectors, places)


def _split(line: bytes, dimension: int) -> tuple[bytes, bytes] | str:
    """The word and its numbers, a blank between them; or what is wrong with the line."""
    gaps = list(GAP.finditer(line))
    if len(gaps) < dimension:
        return f"{len(gaps)} numbers follow the word where {dimension} are expected."
    word = line[: gaps[-dimension].start()]
    fields = GAP.split(line[gaps[-dimension].end() :])
    before = GAP.split(word)
    if len(before) > 1 and is_number(before[-1]):
        return f"{trailing_numbers(before) + dimension} numbers follow the word where {dimension} are expected."
    return word, b" ".join(fields)


def _parse_one_by_one(words: list[str], numbers: list[bytes], places: list[int], faults: Faults) -> Block:
    kept, rows = [], []
    for index, (word, line, place) in enumerate(zip(words, numbers, places, strict=True)):
        fields = line.split(b" ")
        row = parse_row(fields)
        if row is None:
            wrong = next(field for field in fields if not is_number(field))
            what = f"what follows '{word[:100]}' is not {len(fields)} numbers"
            faults.skip_row(f"line {place:,}", f"{what}: {wrong[:40].decode(errors='replace')!r} is none.")
        else:
            kept.append(index)
            rows.append(row)
    dimension = len(numbers[0].split(b" ")) if numbers else 0
    vectors = np.stack(rows) if rows else np.empty((0, dimension), np.float32)
    return Block([words[index] for index in kept], vectors, [places[index] for index in kept])


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
