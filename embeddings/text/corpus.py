"""Text to train on, wherever it is: files, folders, archives, dumps, tables, a pipe → blocks of text.

Files are read once, in one process, in blocks that end where a line or a page ends; `texts_of` turns a block into text
in any other process. What can be known to be wrong is said before anything is read: see `find_texts`.
"""

import dataclasses
import hashlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from embeddings.errors import CorpusError, ModelError
from embeddings.files import DAMAGED, made_by_program, output_folder_of, unpacked
from embeddings.text import wikipedia

STANDARD_INPUT = "-"
BLOCK_BYTES = 1 << 22
HEAD_BYTES = 1 << 16
_LONGEST_RECORD = 1 << 28
_BINARY = "{} is a binary file, not text. Leave it out, or say what it is with --format."


class TextFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSONL = "jsonl"
    PARQUET = "parquet"
    WIKIPEDIA = "wikipedia"


_SUFFIXES = {
    ".jsonl": TextFormat.JSONL,
    ".ndjson": TextFormat.JSONL,
    ".parquet": TextFormat.PARQUET,
}
_PACKED = (".gz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class CorpusParameters:
    """How files are read. Each field is an option of ``thisplusthat train``."""

    format: TextFormat = dataclasses.field(
        default=TextFormat.AUTO,
        metadata={"help": "What the files are; auto goes by their names and beginnings (.jsonl, .parquet, XML dumps)."},
    )
    field: str = dataclasses.field(
        default="text", metadata={"help": "Field of the objects in JSON lines that holds the text."}
    )
    column: str = dataclasses.field(default="text", metadata={"help": "Column of Parquet files that holds the text."})
    encoding: str = dataclasses.field(default="utf-8", metadata={"help": "Encoding of text files and of JSON lines."})
    strict: bool = dataclasses.field(
        default=False, metadata={"help": "Stop at bytes that are not of the encoding; otherwise they are counted."}
    )


@dataclass(frozen=True, slots=True)
class Text:
    """One file of a corpus, looked at but not read."""

    path: Path | str | None
    """None is the standard input; a string is the address of a file that Spark reads."""
    format: TextFormat
    bytes: int
    """As it lies there, packed; 0 where it is not known."""

    @property
    def name(self) -> str:
        return str(self.path) if self.path else "standard input"


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Some of a file: whole lines or pages, still encoded."""

    name: str
    format: TextFormat
    start: int
    """Where it begins in the unpacked file, in bytes; the first line's number for JSON lines."""
    content: bytes
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """The text of a block, its titles where it is of a dump, and how many characters could not be decoded."""

    text: str
    titles: Sequence[str] = ()
    articles: int = 0
    undecodable: int = 0


def find_texts(places: Sequence[str | Path], parameters: CorpusParameters) -> list[Text]:
    """The files that ``places`` name (files, folders, ``-``), each opened and looked into.

    Raises `CorpusError` for one that is missing, empty, not readable, binary, or lacks the column that is asked for.
    """
    texts: list[Text] = []
    for place in places:
        if str(place) == STANDARD_INPUT:
            kind = TextFormat.TEXT if parameters.format is TextFormat.AUTO else parameters.format
            if kind is TextFormat.PARQUET:
                raise CorpusError("Parquet cannot be read from a pipe, since its table of contents is at its end.")
            texts.append(Text(None, kind, 0))
            continue
        path = Path(place).expanduser()
        if path.is_dir():
            _require_input(path)
            made = cache(made_by_program)
            files = sorted(file for file in path.rglob("*") if _counts(file, path) and not output_folder_of(file, made))
            if not files:
                raise CorpusError(f"{path} has no files in it.")
            texts.extend(_look_at(file, parameters) for file in files)
        else:
            _require_input(path)
            texts.append(_look_at(path, parameters))
    if not texts:
        raise CorpusError("There is nothing to train on: name files, folders, or - for the standard input.")
    return texts


def _require_input(path: Path) -> None:
    """Raises `CorpusError` for what this program wrote itself."""
    if folder := output_folder_of(path):
        raise CorpusError(
            f"{path} is no text to train on: {folder} is a model or the work folder of a training. Leave it out."
        )


def _counts(file: Path, folder: Path) -> bool:
    return file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)


def _look_at(path: Path, parameters: CorpusParameters) -> Text:
    with _reading(str(path)):
        size = path.stat().st_size
        if not size:
            raise CorpusError(f"{path} is empty. Leave it out.")
        kind = format_of_name(path.name, parameters)
        if kind is TextFormat.PARQUET:
            _open_parquet(path, parameters.column)
        else:
            with path.open("rb") as raw, unpacked(raw, str(path)) as file:
                kind = format_of_head(str(path), kind, file.read(HEAD_BYTES), parameters)
    return Text(path, kind, size)


def format_of_head(name: str, kind: TextFormat, head: bytes, parameters: CorpusParameters) -> TextFormat:
    """What the file ``name`` is, ``kind`` by its name, now that its beginning is known. Raises `CorpusError`."""
    if parameters.format is TextFormat.AUTO and head.lstrip()[:10] == b"<mediawiki":
        kind = TextFormat.WIKIPEDIA
    if kind is TextFormat.WIKIPEDIA and b"<mediawiki" not in head:
        raise CorpusError(f"{name} is not a dump of Wikipedia: it does not begin with <mediawiki.")
    if b"\0" in head and is_utf8(parameters.encoding):
        hint = " It may be UTF-16: add --encoding utf-16." if head[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        raise CorpusError(_BINARY.format(name) + hint)
    return kind


def format_of_name(name: str, parameters: CorpusParameters) -> TextFormat:
    """What a file is by its name, unless it was said."""
    if parameters.format is not TextFormat.AUTO:
        return parameters.format
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return _SUFFIXES.get(suffixes[-1] if suffixes else "", TextFormat.TEXT)


class FileReading:
    """Reads one file of a corpus block by block, and knows its checksum and how far it has come."""

    def __init__(self, text: Text, parameters: CorpusParameters) -> None:
        self.text = text
        self.parameters = parameters
        self.bytes_read = 0
        """Of the file as it lies there, packed."""
        self._sum = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of the whole file, once it has been read."""
        return self._sum.hexdigest()

    def blocks(self) -> Iterator[RawBlock]:
        """The blocks of the file in order. Raises `CorpusError` where it is cut off, damaged or unreadable."""
        name, path = self.text.name, self.text.path
        with _reading(name):
            if self.text.format is TextFormat.PARQUET:
                yield from self._parquet(Path(str(path)))
                return
            place = path or sys.stdin.fileno()
            with (
                open(place, "rb", closefd=path is not None) as raw,
                io.BufferedReader(_Summed(raw, self)) as summed,
                unpacked(summed, name) as file,
            ):
                yield from self.blocks_of(file)
                while summed.read(BLOCK_BYTES):  # what follows the end of packed data is part of the sum as well
                    pass

    def blocks_of(self, file: IO[bytes]) -> Iterator[RawBlock]:
        """The blocks of the unpacked ``file``, lines or pages."""
        return self._pages(file) if self.text.format is TextFormat.WIKIPEDIA else self._lines(file)

    def _lines(self, file: IO[bytes]) -> Iterator[RawBlock]:
        by_record = self.text.format is TextFormat.JSONL
        start, rest = 1 if by_record else 0, b""
        for chunk in self._chunks(file):
            rest += chunk
            cut = rest.rfind(b"\n") + 1
            if not cut and not by_record:
                cut = rest.rfind(b" ") + 1 if len(rest) > 2 * BLOCK_BYTES else 0
            if len(rest) > _LONGEST_RECORD:
                raise CorpusError(f"{self.text.name}, line {start:,} is longer than {_LONGEST_RECORD >> 20} MB.")
            if cut:
                yield RawBlock(self.text.name, self.text.format, start, rest[:cut])
                start += rest.count(b"\n", 0, cut) if by_record else cut
                rest = rest[cut:]
        if rest:
            yield RawBlock(self.text.name, self.text.format, start, rest)

    def _chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        """Bytes in UTF-8: as they are, or from another encoding."""
        encoding = self.parameters.encoding
        if is_utf8(encoding):
            yield from iter(lambda: file.read(BLOCK_BYTES), b"")
            return
        reader = io.TextIOWrapper(file, encoding, errors="strict" if self.parameters.strict else "replace", newline="")
        try:
            for characters in iter(lambda: reader.read(BLOCK_BYTES), ""):
                yield characters.encode()
        except UnicodeDecodeError as error:
            raise CorpusError(f"{self.text.name} is not {encoding}: {error.reason}. Leave out --strict?") from error
        finally:
            reader.detach()

    def _pages(self, file: IO[bytes]) -> Iterator[RawBlock]:
        spaces, start, rest = None, 0, b""
        for chunk in iter(lambda: file.read(BLOCK_BYTES), b""):
            rest += chunk
            if spaces is None:
                spaces = wikipedia.namespaces(rest)
            first, last = rest.find(wikipedia.PAGE_START), rest.rfind(wikipedia.PAGE_END)
            if 0 <= first < last:
                cut = last + len(wikipedia.PAGE_END)
                yield RawBlock(self.text.name, self.text.format, start + first, rest[first:cut], spaces)
                start, rest = start + cut, rest[cut:]
        if wikipedia.DUMP_END not in rest:
            raise CorpusError(
                f"{self.text.name} is cut off: after {start + len(rest):,} bytes (unpacked) it has no "
                "</mediawiki>. Get it again."
            )

    def _parquet(self, path: Path) -> Iterator[RawBlock]:
        with path.open("rb") as raw:
            for chunk in iter(lambda: raw.read(BLOCK_BYTES), b""):
                self._sum.update(chunk)
        table = _open_parquet(path, self.parameters.column)
        groups = table.metadata.num_row_groups
        for group in range(groups):
            for batch in table.iter_batches(batch_size=1_000, row_groups=[group], columns=[self.parameters.column]):
                rows = [row for row in batch.column(0).to_pylist() if row]
                yield RawBlock(self.text.name, self.text.format, group, "\n".join(rows).encode("utf-8", "replace"))
            self.bytes_read = self.text.bytes * (group + 1) // groups


def texts_of(block: RawBlock, parameters: CorpusParameters) -> ReadBlock:
    """Decode ``block`` and take the text out of it. Raises `CorpusError` that names the file and the place."""
    if block.format is TextFormat.WIKIPEDIA:
        try:
            found = list(wikipedia.articles(block.content, block.namespaces))
        except CorpusError as error:
            raise CorpusError(f"{block.name}, after {block.start:,} bytes (unpacked): {error}") from error
        return ReadBlock("\n".join(article.text for article in found), [article.title for article in found], len(found))
    text, undecodable = _decode(block, parameters.strict)
    if block.format is TextFormat.JSONL:
        lines = enumerate(text.split("\n"), start=block.start)
        text = "\n".join(
            _field_of(line, block.name, number, parameters.field) for number, line in lines if line.strip()
        )
    return ReadBlock(text, undecodable=undecodable)


def _decode(block: RawBlock, strict: bool) -> tuple[str, int]:
    try:
        text = block.content.decode("utf-8")
    except UnicodeDecodeError as error:
        if strict:
            place = (
                f"line {block.start:,} or later"
                if block.format is TextFormat.JSONL
                else f"byte {block.start + error.start:,}"
            )
            raise CorpusError(
                f"{block.name} is not UTF-8 at {place}: {error.reason}. Say its --encoding, or leave out --strict."
            ) from error
        text = block.content.decode("utf-8", errors="replace")
        return text, text.count("\ufffd") - block.content.count("\ufffd".encode())
    return text.removeprefix("\ufeff"), 0


def _field_of(line: str, name: str, number: int, key: str) -> str:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise CorpusError(f"{name}, line {number:,} is not JSON: {error}. Mend the line or take it out.") from error
    if not isinstance(record, dict):
        raise CorpusError(f"{name}, line {number:,} is not an object, so it has no field '{key}'.")
    if key not in record:
        there = ", ".join(record) or "none"
        raise CorpusError(f"{name}, line {number:,} has no field '{key}'; it has: {there}. Choose one with --field.")
    value = record[key]
    if value is not None and not isinstance(value, str):
        raise CorpusError(f"{name}, line {number:,}: the field '{key}' holds no text but {json.dumps(value)[:40]}.")
    return value or ""


def _open_parquet(path: Path, column: str):  # type: ignore[no-untyped-def]  # pyarrow has no types
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        table = ParquetFile(path)
    except pyarrow.ArrowException as error:
        raise CorpusError(f"{path} is not Parquet, or is damaged: {error}.") from error
    if column not in table.schema_arrow.names:
        raise CorpusError(
            f"{path} has no column '{column}'; it has: {', '.join(table.schema_arrow.names)}. Choose one with --column."
        )
    kind = table.schema_arrow.field(column).type
    if not (pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind)):
        raise CorpusError(f"{path}: the column '{column}' holds {kind}, not text. Choose one with --column.")
    return table


class _Summed(io.RawIOBase):
    """A file whose bytes are counted and summed as they are read."""

    def __init__(self, raw: IO[bytes], reading: FileReading) -> None:
        self._raw = raw
        self._reading = reading

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # collections.abc.Buffer is of 3.12
        chunk = self._raw.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._reading.bytes_read += len(chunk)
        self._reading._sum.update(chunk)
        return len(chunk)


def is_utf8(encoding: str) -> bool:
    """Whether text in ``encoding`` can be taken as it is."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "ascii")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a `CorpusError` that names it."""
    try:
        yield
    except ModelError as error:  # an archive is refused the same way wherever it is met
        raise CorpusError(str(error)) from error
    except DAMAGED as error:
        raise CorpusError(f"{name} is cut off or damaged: {error}. Get it again.") from error
    except IsADirectoryError as error:
        raise CorpusError(f"{name} is a folder.") from error
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}.") from error
