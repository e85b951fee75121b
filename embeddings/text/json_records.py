"""JSON to text: a field of each object, line by line or in one array."""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator

from embeddings.errors import CorpusError

_LONGEST = 1 << 28
"""Characters of one record."""


_LONG_NUMBER = 4_000
"""Digits; Python refuses to read more, which is no fault of the line: only its text is wanted."""
_DECODER = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) < _LONG_NUMBER else float(digits))


def fields_of(text: str, *, whole: bool = False) -> list[str] | None:
    """The fields of the object, or of the first object of the array, that ``text`` begins with; None if it is cut off
    or no JSON, and, if it must be the ``whole`` text, if more follows.
    """
    text = text.removeprefix("\ufeff").strip()
    start = len(text) - len(text.removeprefix("[").lstrip())
    try:
        record, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    after = text[end:].lstrip(" \t\r")
    in_array = start > 0
    if not isinstance(record, dict) or (after and (whole or not (in_array or after.startswith("\n")))):
        return None
    return list(map(_printable, record))


def texts_of_lines(text: str, name: str, first: int, field: str, skip: Callable[[], None] | None) -> str:
    """The ``field`` of each line of ``text``, whose first line has the number ``first``, one after another.

    Raises `CorpusError` that names file and line, or calls ``skip`` for each bad line.
    """
    if "\n" not in text:
        lines: Iterable[str] = (text,)
    else:
        lines = text.split("\n")
    found = []
    for number, line in enumerate(lines, start=first):
        if not line or line.isspace():
            continue
        try:
            found.append(_text_of(_parsed(line, f"{name}, line {number:,}"), f"{name}, line {number:,}", field))
        except CorpusError:
            if skip is None:
                raise
            skip()
    return found[0] if len(found) == 1 else "\n".join(found)


def texts_of_document(chunks: Iterator[bytes], name: str, field: str, skip: Callable[[], None] | None) -> Iterator[str]:
    """The ``field`` of each object in a file that is one array of objects, or several objects, whatever their lines.

    Raises `CorpusError` that says how far the file is JSON.
    """
    for number, record in enumerate(_records(chunks, name), start=1):
        try:
            yield _text_of(record, f"{name}, object {number:,}", field)
        except CorpusError:
            if skip is None:
                raise
            skip()


def _records(chunks: Iterator[bytes], name: str) -> Iterator[object]:
    source = _Characters(chunks)
    source.skip("\ufeff")
    in_array = source.text.startswith("[", source.place)
    source.place += in_array
    decode = _DECODER.raw_decode
    while source.skip(","):
        if in_array and source.text[source.place] == "]":
            source.place += 1
            source.skip("")
            in_array = source.text.startswith("[", source.place)
            source.place += in_array
            continue
        try:
            record, end = decode(source.text, source.place)
        except RecursionError:
            raise CorpusError(f"{name} is nested too deeply at character {source.position:,}.") from None
        except ValueError as error:
            if len(source.text) - source.place > _LONGEST or not source.more():
                reason = str(error).split(":")[0]
                raise CorpusError(
                    f"{name} is no JSON from character {source.position:,}: {reason}. Mend it."
                ) from error
            continue
        if end == len(source.text) and source.more():
            continue  # it may go on: a number has no mark of its end
        source.place = end
        yield record
    if in_array:
        raise CorpusError(f"{name} is cut off: its array has no ] at its end. Get it again.")


class _Characters:
    """The characters of a file from ``place`` on, as many of them as were asked for."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._before = 0
        self._ended = False
        self.text, self.place = "", 0

    @property
    def position(self) -> int:
        """Of ``place``, in the file."""
        return self._before + self.place

    def more(self) -> bool:
        """Read on, twice as far as before. Returns whether there was anything."""
        if self._ended:
            return False
        parts, wanted = [self.text[self.place :]], max(len(self.text) - self.place, 1)
        while wanted > 0 and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            parts.append(self._decode(chunk, self._ended))
            wanted -= len(chunk)
        self._before += self.place
        self.text, self.place = "".join(parts), 0
        return len(self.text) > len(parts[0])

    def skip(self, marks: str) -> bool:
        """Go on to what is neither blank nor of ``marks``. Returns whether there is something."""
        while True:
            while self.place < len(self.text) and self.text[self.place] in f" \t\r\n{marks}":
                self.place += 1
            if self.place < len(self.text):
                return True
            if not self.more():
                return False


def _parsed(line: str, place: str) -> object:
    try:
        return _DECODER.decode(line.strip())  # of sequences of JSON each begins with a record separator
    except RecursionError:
        raise CorpusError(f"{place} is nested too deeply. Mend the line or take it out.") from None
    except ValueError as error:
        raise CorpusError(
            f"{place} is not JSON: {error}. Mend the line or take it out, or add --on-error skip."
        ) from error


def _text_of(record: object, place: str, field: str) -> str:
    if not isinstance(record, dict):
        raise CorpusError(f"{place} is not an object, so it has no field '{field}'.")
    if field not in record:
        there = ", ".join(map(_printable, record)) or "none"
        raise CorpusError(f"{place} has no field '{field}'; it has: {there}. Choose one with --field.")
    value = record[field]
    if value is not None and not isinstance(value, str):
        raise CorpusError(f"{place}: the field '{field}' holds no text but {json.dumps(value)[:40]}.")
    return value or ""


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
