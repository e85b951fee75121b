"""The type of a corpus file: by the options, by its name, and by its first bytes."""

import codecs
import re
from enum import StrEnum
from pathlib import Path

from embeddings.errors import CorpusError
from embeddings.text.json_records import fields_of

HEAD_BYTES = 1 << 16


class TextFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSONL = "jsonl"
    JSON = "json"
    PARQUET = "parquet"
    WIKIPEDIA = "wikipedia"


class NotText(CorpusError):
    """A file that is not text: a picture, an archive, an empty file. In a folder it is left out."""


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
    (b"{\\rtf", "a document of an office program (RTF)"),
    (b"\x04\x22\x4d\x18", "packed by lz4"),
    (b"\x1f\x9d", "packed by compress (.Z)"),
    (b"\x1f\xa0", "packed by compress (.z)"),
    (b"LZIP", "packed by lzip"),
    (b"\x5d\0\0", "packed by lzma, the old form of xz"),
    (b"\xff\x06\0\0sNaPpY", "packed by Snappy"),
    (b"MSCF", "a cabinet archive"),
    (b"\x60\xea", "an ARJ archive"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC\x03", "an ORC file"),
    (b"ARROW1", "an Arrow file"),
    (b"WARC/", "a web archive (WARC)"),
)
_TAR_AT, _TAR = 257, b"ustar"
_UTF16, _UTF32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_DUMP = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?xml.*?\?>|<!--.*?-->|<!DOCTYPE[^>]*>)*<mediawiki\b", re.DOTALL)
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s+|<\?xml.*?\?>|<!--.*?-->)*<(?:!doctype\s+html|html)\b", re.DOTALL | re.IGNORECASE
)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\s|[\w.-]+(?::[\w.-]+)?\s[^<>]*\bxmlns)")
_RECORD = re.compile(rb"""(?:\xef\xbb\xbf)?[\s\x1e]*\{\s*(?:\}\s*\{|"(?:[^"\\]|\\.)*"\s*:|'[^'\n]*'\s*:)""")
"""An object of JSON, or an empty one before another, or what only a JSON reader can say is none."""
_ARRAY = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*(?:\]\s*$|\{\s*(?:\}|"(?:[^"\\]|\\.)*"\s*:))')
_ISO_2022 = re.compile(rb"\x1b\$(?:([@B]|\([@BD])|\)C|\)[AGE]|A)")
_CONTROLS = bytes(code for code in (*range(0x20), 0x7F) if code not in b"\t\n\v\f\r\x1b")
_MOST_CONTROLS, _MOST_UNDECODABLE = 0.02, 0.3


def format_of_name(name: str, wanted: TextFormat) -> TextFormat:
    """What a file is by its name, unless ``wanted`` says it."""
    if wanted is not TextFormat.AUTO:
        return wanted
    suffixes = [suffix.lower() for suffix in Path(name).suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return _SUFFIXES.get(suffixes[-1] if suffixes else "", TextFormat.AUTO)


def format_of_head(name: str, kind: TextFormat, head: bytes, *, field: str, encoding: str = "utf-8") -> TextFormat:
    """What the file ``name`` is, ``kind`` by its name, now that its beginning is known.

    Raises `NotText` for what is binary, and `CorpusError` for what is not what it was said to be.
    """
    if kind in (TextFormat.AUTO, TextFormat.JSON, TextFormat.TEXT) and head.startswith(_PARQUET):
        return TextFormat.PARQUET
    if not is_utf8(encoding):
        _require_no_archive(name, head)
        try:
            head = codecs.getincrementaldecoder(encoding)("replace").decode(head).encode("utf-8", "replace")
        except UnicodeError as error:  # UTF-16 without its mark
            raise CorpusError(f"{name} is not {encoding}: {error}. Say another --encoding.") from error
    if kind is TextFormat.WIKIPEDIA and not _DUMP.match(head):
        raise CorpusError(f"{name} is not a dump of Wikipedia: it does not begin with <mediawiki.")
    if is_utf8(encoding):
        _require_no_archive(name, head)
        _require_utf8(name, head)
    return _kind_of_text(name, kind, head, field)


def _kind_of_text(name: str, kind: TextFormat, head: bytes, field: str) -> TextFormat:
    """What the text ``head``, in UTF-8, is."""
    if kind is TextFormat.JSON:
        return TextFormat.JSONL if _is_line_of_json(head) else TextFormat.JSON
    if kind is not TextFormat.AUTO:
        return kind
    if _DUMP.match(head):
        return TextFormat.WIKIPEDIA
    if (is_page := _PAGE.match(head)) or _XML.match(head):
        what = "a web page (HTML)" if is_page else "XML, and no dump of a wiki"
        raise NotText(
            f"{name} is {what}, not text. Take the text out of it first, or take it as it stands with --format text."
        )
    in_array = bool(_ARRAY.match(head))
    if not in_array and not _RECORD.match(head):
        return TextFormat.TEXT
    fields = fields_of(head.decode("utf-8", "replace"))
    if fields and field not in fields:
        raise CorpusError(
            f"{name} is JSON whose objects have no field '{field}'; they have: {', '.join(fields) or 'none'}. Choose "
            "one with --field, or take it as text with --format text."
        )
    if not in_array and (fields == [] or _is_line_of_json(head, field)):
        return TextFormat.JSONL
    return TextFormat.JSON if in_array or fields is not None else TextFormat.TEXT


def _is_line_of_json(head: bytes, field: str | None = None) -> bool:
    """Whether the first line is an object, with ``field`` if that is given; a long one need only begin like one."""
    if not _RECORD.match(head):
        return False
    line, ended, _ = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if not ended and len(head) >= HEAD_BYTES:
        return True
    fields = fields_of(line.decode("utf-8", "replace"), whole=True)
    if fields is None:
        # A bad line is reported as such, and not read as text.
        named = field is not None and re.search(rb"""(["'])%b\1""" % re.escape(field.encode("utf-8", "replace")), line)
        return bool(named)
    return field is None or field in fields


def is_utf8(encoding: str) -> bool:
    """Whether text in ``encoding`` can be taken as it is."""
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii", "us-ascii")


def _require_no_archive(name: str, head: bytes) -> None:
    for magic, what in _ARCHIVES:
        if head.startswith(magic):
            raise NotText(f"{name} is {what}, not text. Take the text out of it first.")
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise NotText(f"{name} is a tar archive, not text. Unpack it and name the folder.")


def _require_utf8(name: str, head: bytes) -> None:
    """Raises `NotText` for what is no text in any encoding, or UTF-16; `CorpusError` for text in another encoding."""
    if head.startswith((*_UTF32, *_UTF16)):
        width = 32 if head.startswith(_UTF32) else 16
        raise NotText(f"{name} is a binary file, or it is UTF-{width}: if so, add --encoding utf-{width}.")
    zeros = head.count(b"\0")
    if wide := _wide_encoding(head, zeros):
        raise NotText(f"{name} is a binary file, or it is {wide.upper()[:6]}: if so, add --encoding {wide}.")
    if switch := _ISO_2022.search(head):
        raise CorpusError(
            f"{name} is text in ISO-2022: add --encoding {'iso-2022-jp' if switch[1] else 'iso-2022-kr'}."
        )
    valid = _is_valid_utf8(head)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if zeros * 200 > len(head) or (not valid and (zeros or controls > _MOST_CONTROLS * len(head))):
        raise NotText(
            f"{name} is a binary file, not text (or of another encoding, such as UTF-16: say its --encoding). Leave it "
            "out, or say what it is with --format."
        )
    if not valid:
        text = head.decode("utf-8", "replace")
        undecodable = text.count("\ufffd")
        if undecodable > _MOST_UNDECODABLE * len(text):
            raise CorpusError(
                f"{name} is not UTF-8: {undecodable:,} of its first {len(text):,} characters are not. Say its "
                "--encoding, such as cp1251, gb18030 or latin-1."
            )


def _wide_encoding(head: bytes, zeros: int) -> str:
    """UTF-32 or UTF-16 without a mark, where most of it is of the Latin alphabet; else nothing."""
    if zeros * 10 > 7 * len(head):
        if not any(head[2::4]) and not any(head[3::4]):
            return "utf-32-le"
        if not any(head[0::4]) and not any(head[1::4]):
            return "utf-32-be"
    if zeros * 5 > 2 * len(head):
        if not any(head[1::2]):
            return "utf-16-le"
        if not any(head[0::2]):
            return "utf-16-be"
    return ""


def _is_valid_utf8(head: bytes) -> bool:
    """Whether ``head`` is UTF-8, a last character that is cut aside."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
