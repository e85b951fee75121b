"""Vectors in Parquet files: a column of words, and one of lists of numbers or one of numbers for each dimension."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.extras import need
from embeddings.formats.headers import MOST_NUMBERS, require_dimension
from embeddings.formats.sources import LONGEST_WORD, Block, Faults, Source, decode, require_file, rows_per_block
from embeddings.formats.text import blocks_of
from embeddings.models import Model

_TRUSTED_BYTES, _TRUSTED_RATIO = 1 << 30, 250
_SPARE_NUMBERS = 1_000_000
_LIST_KINDS = ("is_list", "is_large_list", "is_fixed_size_list", "is_list_view", "is_large_list_view")
_TEXT_KINDS = ("is_string", "is_large_string", "is_string_view")


@dataclass(frozen=True, slots=True)
class _Columns:
    word: str
    numbers: tuple[str, ...]
    lists: bool
    count: str | None


def is_parquet(start: bytes, size: int) -> bool:  # noqa: ARG001
    return start.startswith(b"PAR1")


def read_parquet(path: Path, faults: Faults) -> Source:
    """A column of words (the first of text) and one of lists of numbers, or a column of numbers a dimension."""
    require_file(path)
    pyarrow, parquet = need("pyarrow", "formats", "Reading Parquet"), need("pyarrow.parquet", "formats", "Parquet")
    try:
        schema = parquet.read_schema(path)
        columns = _columns(path, schema)
        file = parquet.ParquetFile(path, read_dictionary=[columns.word], memory_map=True)
        rows = file.metadata.num_rows
        _require_plausible(path, file.metadata, columns)
        dimension = _list_length(path, file, columns) if columns.lists else len(columns.numbers)
        require_dimension(path, dimension)
        _require_size(path, rows, dimension)
        _require_even(path, file.metadata, columns, dimension)
    except _errors(pyarrow) as error:
        raise ModelError(f"{path} cannot be read as Parquet: {_short(error)}") from error
    return Source(dimension, _blocks(path, file, columns, dimension, faults), rows=rows)


def _errors(pyarrow: Any) -> tuple[type[Exception], ...]:
    """What pyarrow raises for damaged files: its own errors, and Python's where it uses them."""
    return (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError, IndexError, KeyError, TypeError)


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _columns(path: Path, schema: Any) -> _Columns:
    types = need("pyarrow.types", "formats", "Reading Parquet")

    def is_one(kind: Any, tests: Sequence[str]) -> bool:
        return any(getattr(types, test)(kind) for test in tests if hasattr(types, test))

    def is_text(kind: Any) -> bool:
        return is_one(kind.value_type if types.is_dictionary(kind) else kind, _TEXT_KINDS)

    def is_list(kind: Any) -> bool:
        return is_one(kind, _LIST_KINDS) and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type))

    texts = [entry.name for entry in schema if is_text(entry.type)]
    lists = [entry.name for entry in schema if is_list(entry.type)]
    numbers = [entry.name for entry in schema if types.is_floating(entry.type)]
    if not texts or not (lists or numbers):
        shown = ", ".join(f"{entry.name} ({entry.type})" for entry in list(schema)[:20])
        raise ModelError(
            f"{path} needs a column of words and one of lists of numbers (or one of numbers for each dimension); "
            f"it has {shown}."
        )
    counted = "count" in schema.names and types.is_integer(schema.field("count").type)
    return _Columns(texts[0], tuple(lists[:1] or numbers), bool(lists), "count" if counted else None)


def _require_plausible(path: Path, metadata: Any, columns: _Columns) -> None:
    """Raises `ModelError` for words and lists that, by the file's own account, are none."""
    for rows, chunk in _chunks(metadata):
        name = chunk.path_in_schema.split(".")[0]
        if name == columns.word and chunk.total_uncompressed_size > (64 << 20) + rows * LONGEST_WORD:
            raise ModelError(f"{path} has words of over {LONGEST_WORD:,} bytes in its column '{name}'.")
        if name in columns.numbers and not 0 <= chunk.num_values <= (rows + 1) * MOST_NUMBERS:
            raise ModelError(f"{path} has {chunk.num_values:,} numbers in its column '{name}' for {rows:,} rows.")


def _require_even(path: Path, metadata: Any, columns: _Columns, dimension: int) -> None:
    """Raises `ModelError` if lists hold far more numbers than rows of this ``dimension`` do."""
    for rows, chunk in _chunks(metadata):
        most = 2 * rows * dimension + _SPARE_NUMBERS
        if chunk.path_in_schema.split(".")[0] in columns.numbers and chunk.num_values > most:
            raise ModelError(
                f"{path} has {chunk.num_values:,} numbers in {rows:,} rows, of which the first has {dimension:,}."
            )


def _chunks(metadata: Any) -> Iterator[tuple[int, Any]]:
    """Number of rows and description of each column in each group of rows."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            yield group.num_rows, group.column(place)


def _require_size(path: Path, rows: int, dimension: int) -> None:
    size = rows * dimension * 4
    if rows < 0 or (size > _TRUSTED_BYTES and size > _TRUSTED_RATIO * path.stat().st_size):
        raise ModelError(
            f"{path} unpacks to {rows:,} rows of {dimension:,} numbers, over {_TRUSTED_RATIO} times its size, as no "
            "vectors do."
        )


def _list_length(path: Path, file: Any, columns: _Columns) -> int:
    for batch in file.iter_batches(batch_size=64, columns=list(columns.numbers)):
        for length in _lengths(batch.column(0)).tolist():
            if length > 0:
                return int(length)
    raise ModelError(f"{path} has no numbers in its column '{columns.numbers[0]}'.")


def _blocks(path: Path, file: Any, columns: _Columns, dimension: int, faults: Faults) -> Iterator[Block]:
    pyarrow = need("pyarrow", "formats", "Reading Parquet")
    wanted = [columns.word, *columns.numbers, *([columns.count] if columns.count else [])]
    start = 1
    try:
        for batch in file.iter_batches(batch_size=rows_per_block(dimension), columns=wanted):
            words = _words(path, batch.column(columns.word))
            lengths, vectors = _vectors(batch, columns, dimension)
            counts = batch.column(columns.count).to_pylist() if columns.count else [0] * len(words)
            kept = []
            for row, (word, length, count) in enumerate(zip(words, lengths.tolist(), counts, strict=True)):
                if what := _fault(word, length, dimension, count or 0):
                    faults.skip_row(f"row {start + row:,}", what)
                else:
                    kept.append(row)
            place = np.cumsum(lengths == dimension) - 1
            yield Block(
                [str(words[row]) for row in kept],
                vectors[place[kept]],
                [start + row for row in kept],
                [counts[row] or 0 for row in kept] if columns.count else None,
            )
            start += len(words)
    except _errors(pyarrow) as error:
        raise ModelError(f"{path} is cut off or damaged: {_short(error)}") from error


def _fault(word: str | bytes | None, length: int, dimension: int, count: int) -> str | None:
    if word is None:
        return "there is no word."
    if isinstance(word, bytes):
        return f"{word[:100]!r} is not UTF-8."
    if length != dimension:
        return f"'{word[:100]}' has {max(length, 0):,} numbers, not {dimension:,}."
    if count < 0:
        return f"'{word[:100]}' was counted {count:,} times."
    return None


def _words(path: Path, column: Any) -> list[str | bytes | None]:
    """The words of a column of codes; bytes where one is not UTF-8, None where it is missing."""
    pyarrow, compute = need("pyarrow", "formats", "Reading Parquet"), need("pyarrow.compute", "formats", "Parquet")
    codes = column if pyarrow.types.is_dictionary(column.type) else column.dictionary_encode()
    dictionary = codes.dictionary
    longest = compute.max(compute.binary_length(dictionary)).as_py() or 0
    if longest > LONGEST_WORD:
        raise ModelError(f"{path} has a word of {longest:,} bytes; {LONGEST_WORD:,} can be.")
    written = [None if value is None else value.as_buffer() for value in dictionary.cast(pyarrow.large_binary())]
    words = [None if buffer is None else _text(buffer.to_pybytes()) for buffer in written]
    return [None if code is None else words[code] for code in codes.indices.to_pylist()]


def _text(written: bytes) -> str | bytes:
    text = decode(written)
    return written if text is None else text


def _vectors(batch: Any, columns: _Columns, dimension: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """How many numbers each row has, -1 for none, and the rows [n, dimension] of those that have ``dimension``."""
    if not columns.lists:
        rows = [batch.column(name).to_numpy(zero_copy_only=False) for name in columns.numbers]
        return np.full(batch.num_rows, dimension), _as_floats(np.stack(rows, axis=1))
    compute = need("pyarrow.compute", "formats", "Reading Parquet")
    lists = batch.column(columns.numbers[0])
    lengths = _lengths(lists)
    numbers = _as_floats(compute.list_flatten(lists).to_numpy(zero_copy_only=False))
    present = np.maximum(lengths, 0)
    if int(present.sum()) != len(numbers):
        raise ValueError("lists and numbers do not match")
    begins = (np.cumsum(present) - present)[lengths == dimension]
    return lengths, numbers[begins[:, None] + np.arange(dimension)]


def _lengths(lists: Any) -> npt.NDArray[np.int64]:
    """How many numbers each of ``lists`` has, -1 for one that is missing."""
    compute = need("pyarrow.compute", "formats", "Reading Parquet")
    lengths = compute.fill_null(compute.list_value_length(lists), -1)
    return np.asarray(lengths.to_numpy(zero_copy_only=False), np.int64)


def _as_floats(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        return numbers.astype(np.float32, copy=False)


def write_parquet(model: Model, path: Path, count: int) -> None:
    """Columns ``word``, ``vector`` (a list of 32-bit floats) and ``count`` (0 where unknown)."""
    pyarrow, parquet = need("pyarrow", "formats", "Writing Parquet"), need("pyarrow.parquet", "formats", "Parquet")
    vector = pyarrow.list_(pyarrow.float32(), model.dimension)
    schema = pyarrow.schema([("word", pyarrow.string()), ("vector", vector), ("count", pyarrow.int64())])
    start = 0
    with parquet.ParquetWriter(path, schema) as writer:
        for words, vectors in blocks_of(model, count):
            lists = pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), model.dimension)
            counts = model.counts[start : start + len(words)].astype(np.int64)
            writer.write_table(pyarrow.table([words, lists, counts], schema=schema))
            start += len(words)
