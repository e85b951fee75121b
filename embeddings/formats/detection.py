"""The format of a vector file, by its content. Its name counts only if two formats fit equally well."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embeddings.errors import ModelError
from embeddings.files import is_packed, open_unpacked
from embeddings.formats.headers import Header, is_header, read_header, require_utf_8
from embeddings.formats.numbers import is_number, trailing_numbers
from embeddings.formats.sources import LONGEST_WORD, decode, reading, require_file
from embeddings.formats.text import GAP, first_lines

_START_BYTES = 1 << 20
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
Beginning = Callable[[bytes, int], bool]
"""Whether the first bytes of a file, and its size, are those of a format."""
_WHOLE_ONLY = {"parquet": "Parquet", "safetensors": "safetensors", "gensim": "a Python pickle"}


def format_inside(path: Path, begins: Mapping[str, Beginning]) -> str | None:
    """The name of the format of the file or folder at ``path``, or None if it is none that can be imported.

    ``begins`` has formats that are known by their first bytes; the others are lines, and known by what is in those.
    Raises `ModelError` for what cannot be read, or says itself what is wrong with it.
    """
    if path.is_dir():
        if (path / "tokenizer.json").exists() and (path / "model.safetensors").exists():
            return "model2vec"
        raise ModelError(f"{path} is a folder, but not model2vec's, which has tokenizer.json and model.safetensors.")
    require_file(path)
    with reading(path), open_unpacked(path) as file:
        start = file.read(_START_BYTES)
        packed = is_packed(path)
    size = path.stat().st_size
    name = next((name for name, is_beginning in begins.items() if is_beginning(start, size)), None)
    if name in _WHOLE_ONLY and packed:
        raise ModelError(f"{path} is {_WHOLE_ONLY[name]} that was packed, which is read from its middle. Unpack it.")
    if name is not None:
        return name
    if start.startswith(b"\x93NUMPY"):
        raise ModelError(f"{path} is an array of numpy's, which has no words. Import a file that has both.")
    require_utf_8(path, start)
    return _of_lines(path, start)


def _of_lines(path: Path, start: bytes) -> str | None:
    first, _, body = start.partition(b"\n")
    whole = len(start) < _START_BYTES
    if is_header(first):
        lines = [GAP.split(line) for line in first_lines(body, _START_BYTES - len(first) - 1)]
        if _is_one_column(first, lines, whole=whole):
            return "glove"
        return _word2vec(path, read_header(path, first), body, lines, whole=whole)
    lines = [GAP.split(line) for line in first_lines(start, _START_BYTES)]
    numbered = sum(trailing_numbers(fields) > 0 for fields in lines)
    return "glove" if lines and 2 * numbered >= len(lines) else None


def _is_one_column(first: bytes, lines: Sequence[Sequence[bytes]], *, whole: bool) -> bool:
    """Whether a file that seems to begin with a header is one of GloVe's with one number a line."""
    announced, dimension = first.split()[-2:]
    counted = whole and announced == str(len(lines)).encode()
    return (
        dimension != b"1"
        and not counted
        and bool(lines)
        and all(len(fields) == 2 and is_number(fields[1]) for fields in lines)
    )


def _word2vec(path: Path, header: Header, body: bytes, lines: Sequence[Sequence[bytes]], *, whole: bool) -> str:
    """Which of word2vec's formats this is: text if its lines are rows of numbers, binary if its bytes fit that."""
    good = sum(_is_row(fields, header.dimension) for fields in lines)
    binary = _fits_binary(header, body, whole=whole)
    if lines and good == len(lines):
        return "word2vec-binary" if whole and binary and ".bin" in path.suffixes else "word2vec"
    if binary and (whole or _has_binary(body)):
        return "word2vec-binary"
    numbered = sum(trailing_numbers(fields) > 0 for fields in lines)
    return "word2vec-binary" if 2 * numbered < max(len(lines), 1) and _has_binary(body) else "word2vec"


def _is_row(fields: Sequence[bytes], dimension: int) -> bool:
    """Whether the line has as many numbers at its end as the header says, and no more unless its word is a number."""
    return len(fields) > dimension and trailing_numbers(fields[-dimension - 2 :]) == dimension


def _has_binary(body: bytes) -> bool:
    """Whether some of these bytes are of no text in UTF-8."""
    if body.translate(None, _CONTROLS) != body:
        return True
    return any(decode(line) is None for line in body.split(b"\n")[:-1])


def _fits_binary(header: Header, body: bytes, *, whole: bool) -> bool:
    """Whether ``body``, what follows the header, is rows in word2vec's binary format: all of them, if it is whole."""
    place, size = 0, 4 * header.dimension
    for _ in range(header.words):
        while body[place : place + 1] == b"\n":
            place += 1
        end = body.find(b" ", place, place + LONGEST_WORD)
        if not whole and (end < 0 or end + 1 + size > len(body)) and place > size:
            return True
        if end <= place or b"\n" in body[place:end] or end + 1 + size > len(body):
            return False
        place = end + 1 + size
    return not body[place:].strip() if whole else False
