"""Text to train on, wherever Hadoop finds it → a DataFrame of blocks of text, as `corpus` cuts them.

Spark cuts files at line breaks (dumps at the ends of pages), and every block knows where it stands, so that what
follows can be put into the order of the text. What it cannot cut is read by one task: .gz, and, since Hadoop has no
codec for them, .xz and .zst, which that task unpacks itself.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from embeddings.errors import CorpusError, ModelError
from embeddings.files import DAMAGED, made_by_program, output_folder_of, unpacked
from embeddings.spark.cluster import Cluster, literal
from embeddings.text import (
    HEAD_BYTES,
    STANDARD_INPUT,
    CorpusParameters,
    FileReader,
    RawBlock,
    Text,
    TextFormat,
    is_utf8,
    wikipedia,
)

BLOCK_BYTES = 1 << 20
BLOCKS_SCHEMA = "file int, start long, part int, place long, content binary, ends boolean"
"""``file``, ``start`` and ``part`` order the blocks; ``place`` is what errors name; ``ends``: a dump ends within it."""
_BY_HADOOP, _WHOLE = (".gz", ".bz2"), (".xz", ".zst")
_MAGICS = ((b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ\0", ".xz"), (b"\x28\xb5\x2f\xfd", ".zst"))
_HIDDEN = (".", "_")
"""What Hadoop takes for hidden: _SUCCESS and the like."""
_LARGEST_WHOLE = (1 << 31) - (1 << 20)
"""Spark holds a file that is not cut as one array."""


Key = tuple[str, str, str]
"""Scheme, host and path of a file: Hadoop writes the same address in several ways."""


@dataclass(frozen=True, slots=True)
class SparkText:
    """One file of a corpus: its ``text`` has the address as name."""

    text: Text
    key: Key
    packing: str = ""
    """The suffix it is packed by, if it is."""
    namespaces: tuple[str, ...] = ()


def find_spark_texts(cluster: Cluster, places: Sequence[str], parameters: CorpusParameters) -> list[SparkText]:
    """The files that ``places`` name: files, folders and patterns (``*``), each looked into. Raises `CorpusError`."""
    if not is_utf8(parameters.encoding) and parameters.encoding.lower().replace("-", "").startswith(("utf16", "utf32")):
        raise CorpusError(
            f"Spark cuts text at line breaks, which {parameters.encoding} does not write as one byte. Convert the text "
            "to UTF-8 first, or leave out --engine spark."
        )
    texts: list[SparkText] = []
    for place in places:
        if place == STANDARD_INPUT:
            raise CorpusError("A cluster cannot read the standard input: name files or folders.")
        texts += [_look_at(cluster, *found, parameters) for found in _files(cluster, place)]
    return texts


def _files(cluster: Cluster, place: str) -> Iterator[tuple[str, Key, int]]:
    """Names and lengths of the files that ``place`` names, in the order in which the local engine reads them."""
    if "://" not in place:
        place = str(Path(place).expanduser())
    with cluster.reaching(place) as (system, path):
        # A name with brackets in it may be a pattern or not: what is there under that very name is meant.
        there = [system.getFileStatus(path)] if system.exists(path) else list(system.globStatus(path) or ())
        if not there:
            raise CorpusError(f"{place} cannot be read: No such file or directory.")
        for found in there:
            if found.getPath().getName().startswith(_HIDDEN):
                raise CorpusError(f"{place}: Hadoop leaves out what begins with a dot or an underscore. Rename it.")
            if not found.isDirectory():
                yield *_named(found.getPath()), int(found.getLen())
                continue
            folder = PurePosixPath(found.getPath().toUri().getPath())
            listed, files = system.listFiles(found.getPath(), True), []
            made = cache(made_by_program)
            while listed.hasNext():
                file = listed.next()
                inside = PurePosixPath(file.getPath().toUri().getPath()).relative_to(folder)
                if not any(part.startswith(_HIDDEN) for part in inside.parts) and not _is_output(file.getPath(), made):
                    files.append((inside, *_named(file.getPath()), int(file.getLen())))
            if not files:
                raise CorpusError(f"{place} has no files in it.")
            yield from ((address, key, length) for _, address, key, length in sorted(files))


def _is_output(path: Any, made: Callable[[Path], bool]) -> bool:
    """Whether a file of this machine is in a model or in the work folder of a training."""
    address = path.toUri()
    return address.getScheme() in (None, "", "file") and output_folder_of(Path(address.getPath()), made) is not None


def _named(path: Any) -> tuple[str, Key]:
    """The name of a Hadoop path, with no letter of it encoded, and its key."""
    address = path.toUri()
    return path.toString(), (address.getScheme() or "", address.getAuthority() or "", address.getPath())


def _look_at(cluster: Cluster, address: str, key: Key, size: int, parameters: CorpusParameters) -> SparkText:
    if not size:
        raise CorpusError(f"{address} is empty. Leave it out.")
    name = PurePosixPath(key[2]).name
    kind = parameters.format_of_name(name)
    if kind is TextFormat.PARQUET:
        _check_parquet(cluster, address, parameters.column)
        return SparkText(Text(address, kind, size), key)
    packed = cluster.read_bytes(address, HEAD_BYTES)
    packing = next((suffix for magic, suffix in _MAGICS if packed.startswith(magic)), "")
    if packing == ".bz2":  # the first block has to be there as a whole to be unpacked
        packed = cluster.read_bytes(address, 1 << 20)
    if packing and not name.lower().endswith(packing):
        raise CorpusError(f"{address} is packed as {packing}, and Spark goes by names: rename it to {name}{packing}.")
    if packing in _WHOLE and size > _LARGEST_WHOLE:
        raise CorpusError(
            f"{address} has {size / 1e9:.1f} GB, and Spark cannot cut {packing}: only up to 2 GB go. Pack it as .bz2, "
            "which Spark cuts, or unpack it."
        )
    try:
        with unpacked(io.BufferedReader(io.BytesIO(packed)), address) as file:
            head = file.read1(HEAD_BYTES) if hasattr(file, "read1") else file.read(HEAD_BYTES)
    except (*DAMAGED, OSError) as error:
        raise CorpusError(f"{address} is cut off or damaged: {error}. Get it again.") from error
    except ModelError as error:
        raise CorpusError(str(error)) from error
    kind = parameters.format_of_head(address, kind, head)
    if kind in (TextFormat.JSON, TextFormat.PARQUET):
        what = "Parquet: name it .parquet." if kind is TextFormat.PARQUET else "JSON over several lines."
        raise CorpusError(f"{address} is {what} Spark cuts files at line breaks: write one object a line (.jsonl).")
    namespaces = wikipedia.namespaces(head) if kind is TextFormat.WIKIPEDIA else ()
    return SparkText(Text(address, kind, size), key, packing, namespaces)


def _check_parquet(cluster: Cluster, address: str, column: str) -> None:
    fields = {
        field.name: field.dataType.simpleString()
        for field in cluster.run(
            "looking at the corpus", lambda: cluster.session.read.parquet(literal(address)).schema.fields
        )
    }
    if column not in fields:
        raise CorpusError(f"{address} has no column '{column}'; it has: {', '.join(fields)}. Choose one with --column.")
    if fields[column] != "string":
        raise CorpusError(
            f"{address}: the column '{column}' holds {fields[column]}, not text. Choose one with --column."
        )


def read_blocks(cluster: Cluster, texts: Sequence[SparkText], parameters: CorpusParameters) -> Any:
    """The blocks of ``texts`` as a DataFrame of `BLOCKS_SCHEMA`."""
    from pyspark.sql import functions

    numbered = {text.key: (number, text) for number, text in enumerate(texts)}
    frames = []
    for (kind, whole), group in _groups(texts).items():
        reader, value = cluster.session.read, "value"
        addresses = [literal(text.text.name) for text in group]
        if whole:
            frame, value = reader.format("binaryFile").load(addresses), "content"
        elif kind is TextFormat.PARQUET:
            frame, value = reader.parquet(*addresses), parameters.column
        else:
            line_end = wikipedia.PAGE_END.decode() if kind is TextFormat.WIKIPEDIA else "\n"
            frame = reader.option("lineSep", line_end).text(addresses)
        rows = frame.select(
            functions.col("_metadata.file_path").alias("path"),
            functions.col("_metadata.file_block_start").alias("start"),
            functions.col(f"`{value}`").cast("binary").alias("value"),
        )
        cut = _unpack(numbered, parameters) if whole else _gather(numbered, parameters)
        blocks = rows.mapInArrow(cut, BLOCKS_SCHEMA)
        if whole or any(text.packing == ".gz" for text in group):
            blocks = blocks.repartition(2 * cluster.processors)
        frames.append(blocks)
    together = frames[0]
    for frame in frames[1:]:
        together = together.unionAll(frame)
    return together


def _groups(texts: Sequence[SparkText]) -> dict[tuple[TextFormat, bool], list[SparkText]]:
    groups: dict[tuple[TextFormat, bool], list[SparkText]] = {}
    for text in texts:
        groups.setdefault((text.text.format, text.packing in _WHOLE), []).append(text)
    return groups


Numbered = Mapping[Key, tuple[int, SparkText]]
Batches = Callable[[Iterator[Any]], Iterator[Any]]


def _key_of(path: str) -> Key:
    """The key of a path as Spark's readers say it, with letters encoded."""
    parts = urlsplit(path)
    return parts.scheme, parts.netloc, unquote(parts.path)


def _gather(numbered: Numbered, parameters: CorpusParameters) -> Batches:
    """Rows, in the order of the text, → blocks of about `BLOCK_BYTES` that are of one piece of a file."""

    def gather(batches: Iterator[Any]) -> Iterator[Any]:
        of_piece: tuple[str, int] | None = None
        blocks = _Blocks(parameters)
        for batch in batches:
            for path, start, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                if of_piece != (path, start):
                    yield from blocks.flush()
                    of_piece = (path, start)
                    blocks.begin(*numbered[_key_of(path)], start)
                if value:
                    blocks.add(value)
                else:
                    blocks.lines += 1
                if blocks.size >= BLOCK_BYTES:
                    yield from blocks.flush()
        yield from blocks.flush()

    return gather


class _Blocks:
    """Lines (or pages, or rows) that become a block."""

    def __init__(self, parameters: CorpusParameters) -> None:
        self._encoding = None if is_utf8(parameters.encoding) else parameters.encoding
        self._errors = "strict" if parameters.strict else "replace"
        self._rows: list[bytes] = []
        self.size = self.lines = 0
        self._ends = False

    def begin(self, number: int, text: SparkText, start: int) -> None:
        """Rows of the piece of a file that begins at the byte ``start`` follow."""
        self._number, self._text, self._start = number, text, start
        self._part, self.lines, self._place = 0, 1, start
        self._bytes = start

    def add(self, row: bytes) -> None:
        if self._text.text.format is TextFormat.WIKIPEDIA:
            first = wikipedia.PAGE_START.search(row)
            self._ends |= wikipedia.DUMP_END.search(row) is not None
            if first is None:
                return
            row = row[first.start() :] + wikipedia.PAGE_END
        if not self._rows:
            self._place = self.lines if self._text.text.format is TextFormat.JSONL else self._bytes
        self._rows.append(row.removeprefix(b"\xef\xbb\xbf"))
        self.size += len(row) + 1
        self._bytes += len(row) + 1
        self.lines += 1

    def flush(self) -> Iterator[Any]:
        """The block of the rows so far, if there are any."""
        if not self._rows and not self._ends:
            return
        content = b"\n".join(self._rows)
        if self._encoding and self._text.text.format is not TextFormat.PARQUET:
            content = self._transcoded(content)
        yield _as_batch(self._number, self._start, self._part, self._place, content, self._ends)
        self._part += 1
        self._rows, self.size, self._ends = [], 0, False

    def _transcoded(self, content: bytes) -> bytes:
        try:
            return content.decode(str(self._encoding), self._errors).encode()
        except UnicodeDecodeError as error:
            name = self._text.text.name
            raise CorpusError(f"{name} is not {self._encoding}: {error.reason}. Leave out --strict?") from error


def _unpack(numbered: Numbered, parameters: CorpusParameters) -> Batches:
    """Whole files → their blocks, unpacked and cut as the local engine does it."""

    def unpack(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            for path, _, value in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number, text = numbered[_key_of(path)]
                name = text.text.name
                try:
                    file = unpacked(io.BufferedReader(io.BytesIO(value)), name)
                    for part, block in enumerate(FileReader(text.text, parameters).blocks_of(file)):
                        yield _as_batch(number, 0, part, block.start, block.content, True)
                except DAMAGED as error:
                    raise CorpusError(f"{name} is cut off or damaged: {error}. Get it again.") from error

    return unpack


def _as_batch(number: int, start: int, part: int, place: int, content: bytes, ends: bool) -> Any:
    import pyarrow

    names = ("file", "start", "part", "place", "content", "ends")
    types = (pyarrow.int32(), pyarrow.int64(), pyarrow.int32(), pyarrow.int64(), pyarrow.binary(), pyarrow.bool_())
    values = (number, start, part, place, content, ends)
    arrays = [pyarrow.array([value], kind) for value, kind in zip(values, types, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, names)


def as_raw(texts: Sequence[SparkText], file: int, start: int, place: int, content: bytes) -> RawBlock:
    """A row of the blocks as `corpus.texts_of` takes it."""
    text = texts[file]
    name = text.text.name
    if start and text.text.format is TextFormat.JSONL:
        name += f", counted from byte {start:,}"
    return RawBlock(name, text.text.format, place, content, text.namespaces)
