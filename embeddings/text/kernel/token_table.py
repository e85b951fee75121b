"""The different tokens of a text, found and numbered by C; the regular expression of `tokens` finds the same ones.

The C code takes no memory: all arrays come from here, and grow between two calls.
"""

import ctypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from embeddings.native import address, load_library
from embeddings.text.characters import WORD_KINDS, kinds

_KIND, _BLANK, _ALPHANUMERIC, _DIGIT, _OF_WORD = 15, 16, 32, 64, 128
"""Bits of a character's traits beside its kind, as tokens.c has them."""
_BETWEEN_BLANKS = r"[^\s\0-\x1f\x7f-\x9f]+"
_ROOM = "embeddings.text"
_FIRST_TOKENS, _LETTERS_A_TOKEN = 1 << 12, 8
_POINTERS = ("letters", "starts", "hashes", "table")
_SIZES = ("tokens", "most_tokens", "most_letters", "table_size")

Numbers = npt.NDArray[np.int32]
_Number = TypeVar("_Number", bound=np.generic)


class _Tokens(ctypes.Structure):
    """tokens.c's Tokens."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _SIZES),
    )


@dataclass(frozen=True, slots=True, eq=False)
class DifferentTokens:
    """Tokens, each once: token i is ``letters[starts[i]:starts[i + 1]]``."""

    letters: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.hashes)

    def texts(self, first: int = 0) -> list[str]:
        """The tokens as strings, those before ``first`` left out."""
        begin = int(self.starts[first])
        text = self.letters[begin : self.starts[-1]].tobytes().decode("utf-32-le", "surrogatepass")
        return [text[start:end] for start, end in pairwise((self.starts[first:] - begin).tolist())]


class TokenTable:
    """Numbers tokens from 0 in the order of appearance. Raises `KernelError` where no kernel is compiled."""

    def __init__(self, *, between_blanks: bool = False) -> None:
        """``between_blanks`` are all signs between two blanks a token, not only what words are made of."""
        library = load_library(_ROOM)
        pointer, size = ctypes.c_void_p, ctypes.c_int64
        self._find = library.function(
            "find_tokens", size, [pointer, size, pointer, ctypes.c_int32, pointer, pointer, pointer]
        )
        self._lines = library.function("number_lines", size, [pointer, size, pointer, pointer, pointer])
        self._add = library.function("add_tokens", size, [pointer, size, pointer, pointer])
        self._fill = library.function("fill_table", None, [pointer])
        self._between_blanks = between_blanks
        self._letters: npt.NDArray[np.uint32] = np.empty(_FIRST_TOKENS * _LETTERS_A_TOKEN, np.uint32)
        self._starts: npt.NDArray[np.int64] = np.zeros(_FIRST_TOKENS + 1, np.int64)
        self._hashes: npt.NDArray[np.uint32] = np.empty(_FIRST_TOKENS, np.uint32)
        self._table = np.zeros(2 * _FIRST_TOKENS, np.int32)
        self._numbers = np.empty(0, np.int32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def tokens(self) -> DifferentTokens:
        """All that were met; what is added later is not among them."""
        starts = self._starts[: self._size + 1]
        return DifferentTokens(self._letters[: starts[-1]], starts, self._hashes[: self._size])

    def find(self, text: str) -> Numbers:
        """The tokens of ``text`` by their numbers."""
        all_traits = traits(between_blanks=self._between_blanks)  # held while C reads it
        given = address(all_traits, np.uint8, 0x110000, "traits"), int(self._between_blanks)
        return self._number(text, self._find, *given)

    def lines(self, text: str) -> Numbers:
        """The lines of ``text``, each of which ends with a line break, by their numbers."""
        return self._number(text, self._lines)

    def _number(self, text: str, find: Callable[..., int], *given: int) -> Numbers:
        codes = np.frombuffer(f"\0{text}\0".encode("utf-32-le", "surrogatepass"), np.uint32)
        begin = address(codes, np.uint32, len(text) + 2, "text") + codes.itemsize
        if len(self._numbers) < len(text):
            self._numbers = np.empty(len(text), np.int32)
        place, found = ctypes.c_int64(0), 0
        while place.value < len(text):
            before, about = place.value, self._about()
            numbers = address(self._numbers, np.int32, self._numbers.size, "numbers") + found * self._numbers.itemsize
            found += find(begin, len(text), *given, ctypes.byref(about), ctypes.byref(place), numbers)
            self._size = about.tokens
            if place.value < len(text):
                self._grow(len(text) - before)
        return self._numbers[:found].copy()

    def add(self, others: DifferentTokens) -> tuple[Numbers, list[str]]:
        """The numbers of ``others``, and those of them that were not met before."""
        if others.starts[0] != 0 or (np.diff(others.starts) < 0).any():
            raise ValueError("The tokens do not follow one another.")
        known, numbers, place = self._size, np.empty(len(others), np.int32), 0
        theirs = _Tokens(
            letters=address(others.letters, np.uint32, int(others.starts[-1]), "letters"),
            starts=address(others.starts, np.int64, len(others) + 1, "starts"),
            hashes=address(others.hashes, np.uint32, len(others), "hashes"),
            tokens=len(others),
        )
        while place < len(others):
            before, about = place, self._about()
            place = self._add(
                ctypes.byref(theirs),
                place,
                ctypes.byref(about),
                address(numbers, np.int32, len(others), "numbers"),
            )
            self._size = about.tokens
            if place < len(others):
                self._grow(int(others.starts[-1] - others.starts[before]))
        return numbers, self.tokens.texts(known)

    def _about(self) -> _Tokens:
        most = len(self._hashes)
        return _Tokens(
            letters=address(self._letters, np.uint32, self._letters.size, "letters"),
            starts=address(self._starts, np.int64, most + 1, "starts"),
            hashes=address(self._hashes, np.uint32, most, "hashes"),
            table=address(self._table, np.int32, 2 * most, "table"),
            tokens=self._size,
            most_tokens=most,
            most_letters=self._letters.size,
            table_size=2 * most,
        )

    def _grow(self, letters: int) -> None:
        """Make room: for twice the tokens if those are many, and for ``letters`` more."""
        if 2 * self._size >= len(self._hashes):
            most = 2 * len(self._hashes)
            self._starts, self._hashes = _longer(self._starts, most + 1), _longer(self._hashes, most)
            self._table = np.zeros(2 * most, np.int32)
            self._fill(ctypes.byref(self._about()))
        wanted = int(self._starts[self._size]) + letters
        if self._letters.size < wanted:
            self._letters = _longer(self._letters, max(wanted, 2 * self._letters.size))


def _longer(array: npt.NDArray[_Number], size: int) -> npt.NDArray[_Number]:
    longer = np.zeros(size, array.dtype)
    longer[: len(array)] = array
    return longer


@cache
def traits(*, between_blanks: bool) -> npt.NDArray[np.uint8]:
    """Of each code point its `Kind`, and what regular expressions say of it: uint8 [0x110000]."""
    table = np.frombuffer(kinds(), np.uint8).copy()
    everything = np.arange(len(table), dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    _mark(table, everything, r"\s+", _BLANK)
    _mark(table, everything, r"\w+", _ALPHANUMERIC)
    _mark(table, everything, r"\d+", _DIGIT)
    if between_blanks:
        _mark(table, everything, _BETWEEN_BLANKS, _OF_WORD)
    else:
        table[np.isin(table & _KIND, WORD_KINDS)] |= _OF_WORD
    return table


def _mark(table: npt.NDArray[np.uint8], everything: str, pattern: str, bit: int) -> None:
    for run in re.finditer(pattern, everything):
        table[run.start() : run.end()] |= bit
