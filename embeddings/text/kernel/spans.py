"""What capitals.c finds in tokens as they are spelled. Sizes and numbers are checked here: C checks none."""

import ctypes
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
import numpy.typing as npt

from embeddings.native import address
from embeddings.text.kernel.functions import Ids, call, check_ids

SPAN = np.dtype(
    [
        ("hash", np.uint64),
        ("first", np.int64),
        ("apart", np.uint32),
        ("met", np.uint32),
        ("whole", np.uint32),
        ("length", np.uint32),
    ]
)
_FIRST_PLACES = 1 << 14


class Trait(IntFlag):
    """What is known of a spelling, as capitals.c has it."""

    CAPITAL = 1
    """It has a capital letter."""
    SHOUTED = 2
    """It is all in capitals, two or more."""
    CLOSE = 4
    """It stands within a name of its own accord."""
    LOOSE = 8
    """It stands within a name, but between two names as well."""
    ARTICLE = 16
    INITIAL = 32
    """It is one capital."""
    CASELESS = 64
    """It has no letters that could be capitals: a number, a word of another script."""


Spans = npt.NDArray[np.void]
"""[spans] of `SPAN`."""
Traits = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]


class _Text(ctypes.Structure):
    """capitals.c's Text."""

    _fields_ = (
        ("ids", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("traits", ctypes.c_void_p),
        ("word_of", ctypes.c_void_p),
    )


class _SpanTable(ctypes.Structure):
    """capitals.c's SpanTable."""

    _fields_ = (
        ("spans", ctypes.c_void_p),
        ("places", ctypes.c_int64),
        ("used", ctypes.c_int64),
        ("often", ctypes.c_void_p),
        ("estimates", ctypes.c_int64),
        ("least", ctypes.c_int32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Hashing:
    """What the hash of a run is made of: a random number for each word, times powers of an odd number."""

    random: npt.NDArray[np.uint64]
    base: np.uint64


@dataclass(frozen=True, slots=True, eq=False)
class SpelledTokens:
    """Reads blocks of tokens as they are spelled."""

    traits: Traits
    """[spellings] of each the sum of what is true of it."""
    word_of: Ids
    """[spellings] number of the word that each is."""

    def count(self, ids: Ids, met: Counts, within: Counts) -> None:
        """Add how often each spelling is met, and how often where its capitals tell something."""
        size = len(self.traits)
        call(
            "count_spellings",
            ctypes.byref(self.of_block(ids)),
            address(met, np.int64, size, "met"),
            address(within, np.int64, size, "within"),
        )

    def subjects(self, ids: Ids) -> tuple[Counts, Counts]:
        """Where runs of words in CAPITALS begin that a sentence begins with, and how long they are."""
        starts, lengths = (np.empty(len(ids), np.int64) for _ in range(2))
        found = call("find_subjects", ctypes.byref(self.of_block(ids)), starts.ctypes.data, lengths.ctypes.data)
        return starts[:found], lengths[:found]

    def of_block(self, ids: Ids) -> _Text:
        """What C is given."""
        size = len(self.traits)
        check_ids(ids, size)
        traits = address(self.traits, np.uint8, size, "traits")
        return _Text(
            address(ids, np.int32, len(ids), "ids"), len(ids), traits, address(self.word_of, np.int32, size, "word_of")
        )


class SpanTable:
    """Counts runs of capitalised words, each different one once.

    The text is gone through twice: first to estimate which runs are met more than once, since most are not.
    """

    def __init__(self, tokens: SpelledTokens, mostly: npt.NDArray[np.bool_], hashing: Hashing, size: int) -> None:
        """``mostly`` [words] says which words have a capital more often than not; ``size`` is that of the corpus."""
        check_ids(tokens.word_of, len(hashing.random))
        self._tokens = tokens
        self._mostly = mostly
        self._hashing = hashing
        self._spans = np.zeros(_FIRST_PLACES, SPAN)
        self._used = 0
        self._often = np.zeros(1 << max(size, 1).bit_length(), np.uint8)

    def spans(self, least: int) -> Spans:
        """Those that were met at least so often, in no order."""
        return self._spans[self._spans["met"] >= max(least, 1)]

    def look(self, ids: Ids) -> None:
        """Estimate how often the runs of a block are met."""
        self._go_through(ids, 0, None)

    def add(self, ids: Ids, place: int, least: int) -> None:
        """Count the runs of a block that begins at ``place`` of the corpus, if they are met so often, once or twice."""
        self._go_through(ids, place, least)

    def _go_through(self, ids: Ids, place: int, least: int | None) -> None:
        """Only look if no ``least`` number is given."""
        text, links = self._tokens.of_block(ids), np.empty(len(ids), np.uint8)
        words = len(self._hashing.random)
        random = address(self._hashing.random, np.uint64, words, "random")
        call("link_capitals", ctypes.byref(text), address(self._mostly, np.bool_, words, "mostly"), links.ctypes.data)
        at = 0
        while at < len(ids):
            table = self._table(least)
            given = (ctypes.byref(text), links.ctypes.data, random, int(self._hashing.base), place, at)
            at = call("count_spans", *given, ctypes.byref(table))
            self._used = table.used
            if at < len(ids):
                self._grow()

    def _grow(self) -> None:
        spans, self._spans, self._used = self._spans, np.zeros(4 * len(self._spans), SPAN), 0
        table = self._table(1)
        call("add_spans", address(spans, SPAN, len(spans), "spans"), len(spans), ctypes.byref(table))
        self._used = table.used

    def _table(self, least: int | None) -> _SpanTable:
        places, estimates = len(self._spans), len(self._often)
        spans = None if least is None else address(self._spans, SPAN, places, "spans")
        often = address(self._often, np.uint8, estimates, "often")
        return _SpanTable(spans, places, self._used, often, estimates, least or 0)
