"""The first line of word2vec's formats: how many words follow, and of how many numbers each."""

import re
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import ModelError

MOST_NUMBERS = 100_000
"""Dimensions beyond which a file is damaged, or made to fill a machine."""
MOST_WORDS = 10_000_000_000
BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_HEADER = re.compile(rb"\s*([+-]?[0-9]+)[ \t]+([+-]?[0-9]+)\s*")
_LONGEST_HEADER = 1000


@dataclass(frozen=True, slots=True)
class Header:
    words: int
    dimension: int


def is_header(line: bytes) -> bool:
    """Whether ``line`` is two whole numbers, be they good for a header or not."""
    return _HEADER.fullmatch(line.removeprefix(BOM)) is not None


def read_header(path: Path, line: bytes) -> Header:
    """The header that ``line``, the first of the file, holds. Raises `ModelError` for numbers that cannot be."""
    match = _HEADER.fullmatch(line.removeprefix(BOM))
    if match is None:
        raise ModelError(f"{path} does not begin with a line of two numbers, as word2vec's formats do. Is it GloVe's?")
    words, dimension = match[1], match[2]
    return Header(
        _bounded(path, "words", words, MOST_WORDS),
        _bounded(path, "numbers for each word", dimension, MOST_NUMBERS),
    )


def _bounded(path: Path, what: str, written: bytes, most: int) -> int:
    shown = written.decode() if len(written) <= 20 else f"a number of {len(written):,} digits of"
    number = int(written) if len(written) <= 20 else most + 1
    if not 0 < number <= most:
        raise ModelError(f"{path}, line 1: the header announces {shown} {what}, which cannot be: 1 to {most:,} can.")
    return number


def require_dimension(path: Path, dimension: int) -> int:
    """``dimension``, if vectors can have it. Raises `ModelError` that names the file."""
    if not 0 < dimension <= MOST_NUMBERS:
        raise ModelError(
            f"{path} claims {dimension:,} numbers for each word, which cannot be: 1 to {MOST_NUMBERS:,} can."
        )
    return dimension


def require_utf_8(path: Path, start: bytes) -> None:
    """Raises `ModelError` for text in UTF-16, which its first bytes give away."""
    if start[:2] in _UTF_16:
        raise ModelError(f"{path} is text in UTF-16. Save it as UTF-8: iconv -f UTF-16 -t UTF-8 {path.name}.")
