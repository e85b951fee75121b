"""Parquet to text: one column of strings, however they are stored."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embeddings.errors import CorpusError

_ROWS = 1_000


def open_parquet(path: Path, name: str, column: str) -> Any:
    """The file as pyarrow's ParquetFile, which has a ``column`` of text. Raises `CorpusError`."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        table = ParquetFile(path)
        schema = table.schema_arrow
    except (pyarrow.ArrowException, OSError) as error:
        raise CorpusError(f"{name} is not Parquet, or is damaged: {error}.") from error
    if column not in schema.names:
        raise CorpusError(
            f"{name} has no column '{column}'; it has: {', '.join(schema.names)}. Choose one with --column."
        )
    if schema.names.count(column) > 1:
        raise CorpusError(f"{name} has more than one column '{column}'. Write it with names that differ.")
    kind = schema.field(column).type
    if not _is_text(kind.value_type if pyarrow.types.is_dictionary(kind) else kind):
        raise CorpusError(f"{name}: the column '{column}' holds {kind}, not text. Choose one with --column.")
    return table


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    names = ("is_string", "is_large_string", "is_string_view", "is_binary", "is_large_binary", "is_binary_view")
    return any(getattr(types, name)(kind) for name in names if hasattr(types, name))


def texts_of_column(table: Any, name: str, column: str) -> Iterator[tuple[int, bytes]]:
    """Rows of the column as lines, some at a time, each with the number of its row group."""
    import pyarrow

    try:
        for group in range(table.metadata.num_row_groups):
            for batch in table.iter_batches(batch_size=_ROWS, row_groups=[group], columns=[column]):
                rows = (row for row in batch.column(0).to_pylist() if row)
                yield group, b"\n".join(row if isinstance(row, bytes) else row.encode() for row in rows)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{name} is damaged in row group {group + 1:,}: {error}. Get it again.") from error
