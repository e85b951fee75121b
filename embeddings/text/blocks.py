"""Files of a corpus → blocks of text.

A file is read once, in one process, in blocks that end where a line or a page ends; `texts_of` turns a block into text
in any other process.
"""

import dataclasses
import hashlib
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from embeddings.errors import CorpusError, ModelError
from embeddings.files import DAMAGED, is_zip, unpacked
from embeddings.text import wikipedia
from embeddings.text.corpus import NO_PARQUET_PIPE, CorpusParameters, OnError, Text, find_texts, head_of, reading_text
from embeddings.text.file_types import TextFormat, is_utf8
from embeddings.text.json_records import texts_of_document, texts_of_lines
from embeddings.text.parquet import open_parquet, texts_of_column

BLOCK_BYTES = 1 << 22
_LONGEST_RECORD = 1 << 28
_NOT_OF_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), " ")
_DOC_LINE = re.compile(r"^</?doc\b[^>\n]*>[ \t\r]*$", re.MULTILINE)
"""What WikiExtractor writes around an article."""


@dataclass(frozen=True, slots=True)
class RawBlock:
    """Some of a file: whole lines or pages, still encoded."""

    name: str
    format: TextFormat
    start: int
    """Where it begins in the unpacked file, in bytes; the first line's number for JSON lines."""
    content: bytes
    namespaces: tuple[str, ...] = ()
    skipped: int = 0
    """Bad objects and pages left out before it."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The text of a block, its titles where it is of a dump, and how many characters could not be decoded."""

    text: str
    titles: Sequence[str] = ()
    articles: int = 0
    undecodable: int = 0
    skipped: int = 0
    """Bad lines, objects and pages that were left out."""


class FileReader:
    """Reads one file of a corpus block by block, and knows its checksum and how far it has come."""

    def __init__(self, text: Text, parameters: CorpusParameters) -> None:
        self.text = text
        self.parameters = parameters
        self.bytes_read = 0
        """Of the file as it lies there, packed."""
        self._sum = hashlib.sha256()
        self._skipped = 0

    @property
    def sha256(self) -> str:
        """Of the whole file, once it has been read."""
        return self._sum.hexdigest()

    def blocks(self) -> Iterator[RawBlock]:
        """The blocks of the file in order. Raises `CorpusError` where it is cut off, damaged or unreadable."""
        name, path = self.text.name, self.text.path
        with reading_text(name):
            if self.text.format is TextFormat.PARQUET:
                yield from self._parquet(Path(str(path)))
                return
            place = path or sys.stdin.fileno()
            with open(place, "rb", closefd=path is not None) as raw:
                if path and raw.seekable() and is_zip(Path(path)):
                    yield from self._archived(raw)
                    return
                with io.BufferedReader(_Summed(raw, self)) as summed, unpacked(summed, name) as file:
                    yield from self.blocks_of(self._recognised(file) if self.text.format is TextFormat.AUTO else file)
                    while summed.read(BLOCK_BYTES):  # what follows the end of packed data is part of the sum as well
                        pass

    def _archived(self, raw: IO[bytes]) -> Iterator[RawBlock]:
        """The blocks of a zip archive, whose table of contents is at its end: it is read twice for its sum."""
        self._sum_up(raw)
        raw.seek(0)
        with unpacked(raw, self.text.name) as file:
            yield from self.blocks_of(file)
        self.bytes_read = self.text.bytes

    def _sum_up(self, raw: IO[bytes]) -> None:
        for chunk in iter(lambda: raw.read(BLOCK_BYTES), b""):
            self._sum.update(chunk)

    def _recognised(self, file: IO[bytes]) -> IO[bytes]:
        """``file`` from its beginning, once it is known what it is: of a pipe nothing is known before it is read."""
        name, head = self.text.name, head_of(file)
        if not head:
            raise CorpusError(f"{name} is empty: nothing came through the pipe.")
        kind = self.parameters.format_of_head(name, TextFormat.AUTO, head)
        if kind is TextFormat.PARQUET:
            raise CorpusError(NO_PARQUET_PIPE)
        self.text = dataclasses.replace(self.text, format=kind)
        return io.BufferedReader(_Ahead(head, file))

    def blocks_of(self, file: IO[bytes]) -> Iterator[RawBlock]:
        """The blocks of the unpacked ``file``, lines or pages.

        Where it is damaged and what is bad is to be skipped, what stands before the damage comes first.
        """
        chunks = _Sound(self._chunks(file), keep=self.parameters.on_error is OnError.SKIP)
        if self.text.format is TextFormat.WIKIPEDIA:
            yield from self._pages(chunks)
        elif self.text.format is TextFormat.JSON:
            yield from self._objects(chunks)
        else:
            yield from self._lines(chunks)
        if chunks.damage is not None:
            raise chunks.damage

    def _objects(self, chunks: "_Sound") -> Iterator[RawBlock]:
        waiting: list[str] = []
        size = 0
        damage = None
        try:
            for text in texts_of_document(chunks, self.text.name, self.parameters.field, self._skip()):
                waiting.append(text)
                size += len(text)
                if size > BLOCK_BYTES:
                    yield self._of_rows("\n".join(waiting).encode("utf-8", "replace"))
                    waiting, size = [], 0
        except CorpusError as error:
            if self.parameters.on_error is not OnError.SKIP:
                raise
            damage = error
        yield self._of_rows("\n".join(waiting).encode("utf-8", "replace"))
        if damage is not None and chunks.damage is None:
            raise damage

    def _skip(self) -> Callable[[], None] | None:
        def skip() -> None:
            self._skipped += 1

        return skip if self.parameters.on_error is OnError.SKIP else None

    def _of_rows(self, content: bytes) -> RawBlock:
        block = RawBlock(self.text.name, TextFormat.TEXT, 0, content, skipped=self._skipped)
        self._skipped = 0
        return block

    def _lines(self, chunks: "_Sound") -> Iterator[RawBlock]:
        by_record = self.text.format is TextFormat.JSONL
        start, parts, size = 1 if by_record else 0, list[bytes](), 0
        for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if by_record and size > _LONGEST_RECORD:
                raise CorpusError(f"{self.text.name}, line {start:,} is longer than {_LONGEST_RECORD >> 20} MB.")
            if b"\n" not in chunk and (by_record or size <= 2 * BLOCK_BYTES):
                continue
            whole = b"".join(parts)
            cut = whole.rfind(b"\n") + 1 or _cut_within(whole)
            yield RawBlock(self.text.name, self.text.format, start, whole[:cut])
            start += whole.count(b"\n", 0, cut) if by_record else cut
            parts, size = ([whole[cut:]], len(whole) - cut) if cut < len(whole) else ([], 0)
        whole, parts = b"".join(parts), []
        if by_record and chunks.damage is not None:
            whole = whole[: whole.rfind(b"\n") + 1]
        if whole:
            yield RawBlock(self.text.name, self.text.format, start, whole)

    def _chunks(self, file: IO[bytes]) -> Iterator[bytes]:
        """Bytes in UTF-8: as they are, or from another encoding."""
        encoding = self.parameters.encoding
        if is_utf8(encoding):
            yield from _pieces(file)
            return
        reader = io.TextIOWrapper(file, encoding, errors="strict" if self.parameters.strict else "replace", newline="")
        try:
            for characters in iter(lambda: reader.read(BLOCK_BYTES), ""):
                yield characters.encode()
        except UnicodeDecodeError as error:
            raise CorpusError(f"{self.text.name} is not {encoding}: {error.reason}. Leave out --strict?") from error
        except UnicodeError as error:  # UTF-16 without its mark
            raise CorpusError(f"{self.text.name} is not {encoding}: {error}. Say another --encoding.") from error
        finally:
            reader.detach()

    def _pages(self, chunks: "_Sound") -> Iterator[RawBlock]:
        spaces, start, rest = None, 0, b""
        for chunk in chunks:
            rest += chunk
            if spaces is None:
                spaces = wikipedia.namespaces(rest)
            first, last = wikipedia.PAGE_START.search(rest), rest.rfind(wikipedia.PAGE_END)
            if first and first.start() < last:
                cut = last + len(wikipedia.PAGE_END)
                at = first.start()
                yield RawBlock(self.text.name, self.text.format, start + at, rest[at:cut], spaces)
                start, rest = start + cut, rest[cut:]
        if not wikipedia.DUMP_END.search(rest) and chunks.damage is None:
            raise CorpusError(
                f"{self.text.name} is cut off: after {start + len(rest):,} bytes (unpacked) it has no "
                "</mediawiki>. Get it again."
            )

    def _parquet(self, path: Path) -> Iterator[RawBlock]:
        with path.open("rb") as raw:
            self._sum_up(raw)
        table = open_parquet(path, self.text.name, self.parameters.column)
        for group, rows in texts_of_column(table, self.text.name, self.parameters.column):
            yield self._of_rows(rows)
            self.bytes_read = self.text.bytes * (group + 1) // table.metadata.num_row_groups


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """``file`` in pieces of `BLOCK_BYTES`; where it is damaged, what stands before the damage comes first."""
    reader = cast(io.BufferedReader, file)
    while True:
        parts: list[bytes] = []
        size = 0
        try:
            while size < BLOCK_BYTES and (part := reader.read1(BLOCK_BYTES - size)):
                parts.append(part)
                size += len(part)
        except (*DAMAGED, ModelError, OSError):
            if parts:
                yield b"".join(parts)
            raise
        if not parts:
            return
        yield b"".join(parts)


def _cut_within(line: bytes) -> int:
    """Where to cut a line without an end: after a blank or a Chinese full stop, or at least between two characters."""
    cut = line.rfind(b" ") + 1 or line.rfind("。".encode()) + 3
    if cut > 2:
        return cut
    cut = len(line) - 4
    while line[cut] & 0xC0 == 0x80 and cut > len(line) - 8:
        cut -= 1
    return cut


def paragraphs(place: Path, parameters: CorpusParameters) -> Iterator[str]:
    """The lines of text of all files at ``place``, in their order. Raises `CorpusError` as `FileReader.blocks` does."""
    for text in find_texts([str(place)], parameters):
        for block in FileReader(text, parameters).blocks():
            yield from texts_of(block, parameters).text.split("\n")


def texts_of(block: RawBlock, parameters: CorpusParameters) -> TextBlock:
    """Decode ``block`` and take the text out of it. Raises `CorpusError` that names the file and the place."""
    if block.format is TextFormat.WIKIPEDIA:
        return _articles_of(block, parameters)
    skipped = block.skipped
    text, undecodable = _decode(block, parameters.strict)
    if block.format is TextFormat.JSONL:

        def skip() -> None:
            nonlocal skipped
            skipped += 1

        skipping = skip if parameters.on_error is OnError.SKIP else None
        text = texts_of_lines(text, block.name, block.start, parameters.field, skipping)
    elif "<doc " in text or "</doc>" in text:
        text = _DOC_LINE.sub("", text)
    return TextBlock(text, undecodable=undecodable, skipped=skipped)


def _articles_of(block: RawBlock, parameters: CorpusParameters) -> TextBlock:
    """The articles of a block of pages. What XML cannot have, controls and bytes that are not UTF-8, parts words."""
    undecodable, skipped = 0, block.skipped
    try:
        found = list(wikipedia.articles(block.content, block.namespaces))
    except CorpusError:
        text, undecodable = _decode(block, parameters.strict)
        content = text.translate(_NOT_OF_XML).encode("utf-8", "replace")
        try:
            found = list(wikipedia.articles(content, block.namespaces))
        except CorpusError as error:
            if parameters.on_error is not OnError.SKIP:
                place = f"after {block.start:,} bytes (unpacked)"
                raise CorpusError(f"{block.name}, {place}: {error}") from error
            found = []
            for page in content.split(wikipedia.PAGE_END)[:-1]:
                starts = [found.start() for found in wikipedia.PAGE_START.finditer(page)]
                whole = page[starts[-1] if starts else 0 :] + wikipedia.PAGE_END
                try:
                    found += wikipedia.articles(whole, block.namespaces)
                except CorpusError:
                    skipped += 1
    joined = "\n".join(article.text for article in found)
    return TextBlock(joined, [article.title for article in found], len(found), undecodable, skipped)


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
        undecodable = text.count("\ufffd") - block.content.count("\ufffd".encode())
        return text.removeprefix("\ufeff"), undecodable
    return text.removeprefix("\ufeff"), 0


class _Sound:
    """Pieces of a file up to where it is damaged; what was wrong is kept for the end, if it is to be kept."""

    def __init__(self, chunks: Iterator[bytes], *, keep: bool) -> None:
        self._chunks = chunks
        self._keep = keep
        self.damage: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except (*DAMAGED, CorpusError, ModelError, OSError) as error:
            if not self._keep:
                raise
            self.damage = error
            raise StopIteration from None


class _Ahead(io.RawIOBase):
    """A file whose ``head`` has been read already."""

    def __init__(self, head: bytes, file: IO[bytes]) -> None:
        self._head = head
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # collections.abc.Buffer is of 3.12
        chunk = self._head[: len(buffer)] if self._head else self._file.read(len(buffer))
        self._head = self._head[len(chunk) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Summed(io.RawIOBase):
    """A file whose bytes are counted and summed as they are read."""

    def __init__(self, raw: IO[bytes], reading: FileReader) -> None:
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
