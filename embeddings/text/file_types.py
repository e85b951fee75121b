"""What a file of a corpus is: by what was asked for, by its name, and by its first bytes."""

import json
import re
from enum import StrEnum
from pathlib import Path

from embeddings.errors import CorpusError

HEAD_BYTES = 1 << 16


class TextFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    WIKIPEDIA = "wikipedia"


class NotText(CorpusError):
    """A file that is none of a corpus: a picture, an archive, an empty file. In a folder it is left out."""


_SUFFIXES = {
    ".jsonl": TextFormat.JSONL,
    ".ndjson": TextFormat.JSONL,
    ".jsonlines": TextFormat.JSONL,
    ".json": TextFormat.JSON,
    ".parquet": TextFormat.PARQUET,
}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_PARQUET = b"PAR1"
_ARCHIVES = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"%PDF-", "a PDF file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of an office program"),
)
_TAR_AT, _TAR = 257, b"ustar"
_UTF16, _UTF32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_DUMP = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*<mediawiki\b", re.DOTALL)
_RECORD = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:[^"\\]|\\.)*"\s*:')
_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*[{\[\]\"]")


def format_of_name(name: str, wanted: TextFormat) -> TextFormat:
    """What a file is by its name, unless ``wanted`` says it."""
    if wanted is not TextFormat.AUTO:
        return wanted
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return _SUFFIXES.get(suffixes[-1] if suffixes else "", TextFormat.AUTO)


def format_of_head(name: str, kind: TextFormat, head: bytes, *, field: str, utf8: bool) -> TextFormat:
    """What the file ``name`` is, ``kind`` by its name, now that its beginning is known.

    Raises `NotText` for what is binary, and `CorpusError` for what is not what it was said to be.
    """
    if kind is TextFormat.WIKIPEDIA and not _DUMP.match(head):
        raise CorpusError(f"{name} is not a dump of Wikipedia: it does not begin with <mediawiki.")
    if kind in (TextFormat.AUTO, TextFormat.JSON, TextFormat.TEXT) and head.startswith(_PARQUET):
        return TextFormat.PARQUET
    _require_text(name, head, utf8)
    if kind is TextFormat.JSON:
        return TextFormat.JSONL if _is_line_of_json(head) else TextFormat.JSON
    if kind is not TextFormat.AUTO:
        return kind
    if _DUMP.match(head):
        return TextFormat.WIKIPEDIA
    if _is_line_of_json(head, field):
        return TextFormat.JSONL
    return TextFormat.JSON if _is_array(head, field) else TextFormat.TEXT


def _is_line_of_json(head: bytes, field: str | None = None) -> bool:
    """Whether the first line is an object, with ``field`` if that is given; a long one need only begin like one."""
    if not _RECORD.match(head):
        return False
    line, ended, _ = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if not ended and len(head) >= HEAD_BYTES:
        return True
    try:
        record = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        # A bad line is reported as such, and not read as text.
        return field is not None and b'"' + field.encode("utf-8", "replace") + b'"' in line
    return isinstance(record, dict) and (field is None or field in record)


def _is_array(head: bytes, field: str) -> bool:
    """Whether an array of objects with ``field`` begins."""
    return bool(_ARRAY.match(head)) and b'"' + field.encode("utf-8", "replace") + b'"' in head and b"{" in head[:64]


def _require_text(name: str, head: bytes, utf8: bool) -> None:
    for magic, what in _ARCHIVES:
        if head.startswith(magic):
            raise NotText(f"{name} is {what}, not text. Take the text out of it first.")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise NotText(f"{name} is a tar archive, not text. Unpack it and name the folder.")
    if not utf8:
        return
    if head.startswith((*_UTF32, *_UTF16)):
        width = 32 if head.startswith(_UTF32) else 16
        raise NotText(f"{name} is a binary file, or it is UTF-{width}: if so, add --encoding utf-{width}.")
    zeros = head.count(b"\0")
    if zeros > 2 * len(head) // 5 and (not any(head[::2]) or not any(head[1::2])):
        order = "le" if not any(head[1::2]) else "be"
        raise NotText(f"{name} is a binary file, or it is UTF-16: if so, add --encoding utf-16-{order}.")
    if zeros * 200 > len(head) or (zeros and not _is_utf8(head)):
        raise NotText(f"{name} is a binary file, not text. Leave it out, or say what it is with --format.")


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
