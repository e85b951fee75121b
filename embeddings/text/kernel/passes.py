"""What passes.c does to the numbers of a text. Sizes and numbers are checked here: C checks none."""

import ctypes
from dataclasses import dataclass
from enum import IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.native import address
from embeddings.text.kernel.functions import Ids, call, check_ids

Places = npt.NDArray[np.int64]
BREAK, RARE, CONTENT = -2, -1, 0
"""Roles of words that are in no pair, that are too rare to be, and that are at its ends."""


class Around(IntFlag):
    """What may stand around a pair: before it a determiner or what goes before verbs, behind it a function word."""

    DETERMINER = 1
    VERBAL = 2
    FUNCTION = 4


_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64


def tidy_ids(ids: Ids, becomes: Ids | None = None) -> tuple[Ids, int]:
    """``ids`` tidied as `tokens.tidy` does it, and how long the longest sentence is.

    ``becomes`` says what each number stands for.
    """
    if becomes is not None:
        check_ids(ids, len(becomes))
    to, longest = np.empty(len(ids) + 1, np.int32), ctypes.c_int64()
    written = call(
        "tidy",
        address(ids, np.int32, len(ids), "ids"),
        len(ids),
        None if becomes is None else address(becomes, np.int32, len(becomes), "becomes"),
        to.ctypes.data,
        ctypes.byref(longest),
    )
    return to[:written], longest.value


def expand_ids(ids: Ids, starts: Places, lengths: Places, parts: Ids) -> Ids:
    """``ids`` with each exchanged for its stretch of ``parts``."""
    check_ids(ids, len(starts))
    if len(starts) and not (starts.min() >= 0 <= lengths.min() and (starts + lengths).max() <= len(parts)):
        raise IndexError(f"Stretches reach beyond {len(parts)} parts.")
    given = (
        address(ids, np.int32, len(ids), "ids"),
        len(ids),
        address(starts, np.int64, len(starts), "starts"),
        address(lengths, np.int64, len(starts), "lengths"),
        address(parts, np.int32, len(parts), "parts"),
    )
    to = np.empty(call("expand", *given, None), np.int32)
    call("expand", *given, to.ctypes.data)
    return to


def count_numbers(ids: Ids, size: int) -> Places:
    """How often each number below ``size`` is in ``ids``."""
    check_ids(ids, size)
    counts = np.zeros(size, np.int64)
    call("count", address(ids, np.int32, len(ids), "ids"), len(ids), counts.ctypes.data)
    return counts


class _Roles(ctypes.Structure):
    """passes.c's Roles."""

    _fields_ = (("roles", _POINTER), ("words", _SIZE), ("codes", _SIZE))


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """What each word does in a pair: `BREAK`, `RARE`, `CONTENT`, or the code of a connecting word."""

    of_words: Ids
    codes: int
    """Above the highest code."""

    def keys(self, ids: Ids) -> Places:
        """The keys of the pairs in ``ids``."""
        keys = np.empty(len(ids), np.int64)
        return keys[: self._find(ids, keys, None, None)]

    def pairs(self, ids: Ids) -> tuple[Places, Places, Places]:
        """The pairs in ``ids``: their keys, and the places of their first and second words."""
        keys, starts, stops = (np.empty(len(ids), np.int64) for _ in range(3))
        found = self._find(ids, keys, starts.ctypes.data, stops.ctypes.data)
        return keys[:found], starts[:found], stops[:found]

    def join(self, ids: Ids, keys: Places, begins: Places) -> Ids:
        """``ids`` with the pairs of ``keys`` (sorted; those of a word begin at its ``begins``) joined from the left."""
        to = np.empty(len(ids), np.int32)
        return to[: call("join_pairs", *self._given(ids, keys, begins), to.ctypes.data)]

    def around(self, ids: Ids, keys: Places, begins: Places, kinds: npt.NDArray[np.uint8]) -> Places:
        """[keys, 3] how often each kind of `Around` stands around each pair; ``kinds`` are those of each word."""
        met = np.zeros((len(keys), 3), np.int64)
        of_words = address(kinds, np.uint8, len(self.of_words), "kinds")
        call("count_around", *self._given(ids, keys, begins), of_words, met.ctypes.data)
        return met

    def _given(self, ids: Ids, keys: Places, begins: Places) -> tuple[Any, ...]:
        if len(begins) != len(self.of_words) + 1 or begins[0] < 0 or (begins[1:] < begins[:-1]).any():
            raise ValueError("The pairs are not in the order of their first words.")
        return (
            ctypes.byref(self._checked(ids)),
            address(ids, np.int32, len(ids), "ids"),
            len(ids),
            address(keys, np.int64, int(begins[-1]), "keys"),
            address(begins, np.int64, len(self.of_words) + 1, "begins"),
        )

    def _find(self, ids: Ids, keys: Places, starts: int | None, stops: int | None) -> int:
        roles, address_of_ids = ctypes.byref(self._checked(ids)), address(ids, np.int32, len(ids), "ids")
        return call("find_pairs", roles, address_of_ids, len(ids), keys.ctypes.data, starts, stops)

    def _checked(self, ids: Ids) -> _Roles:
        words = len(self.of_words)
        check_ids(ids, words)
        return _Roles(address(self.of_words, np.int32, words, "roles"), words, self.codes)


class _Trie(ctypes.Structure):
    """passes.c's Trie."""

    _fields_ = tuple((name, _POINTER) for name in ("first", "begins", "words", "reached", "phrase_at"))


@dataclass(frozen=True, slots=True, eq=False)
class Trie:
    """Phrases by their words: the steps of a node are ``words[begins[node]:begins[node + 1]]``, sorted."""

    first: Ids
    """[words] node that a phrase's first word leads to, -1 where none begins with it."""
    begins: Places
    words: Ids
    reached: Ids
    """Node that each step leads to."""
    phrase_at: Ids
    """[nodes] phrase that ends there, -1 if none does."""

    def __post_init__(self) -> None:
        nodes, steps = len(self.phrase_at), len(self.words)
        if len(self.begins) != nodes + 1 or self.begins[0] != 0 or self.begins[-1] != steps:
            raise ValueError(f"{len(self.begins)} beginnings are not those of {nodes} nodes with {steps} steps.")
        if (np.diff(self.begins) < 0).any() or max(self.first.max(initial=-1), self.reached.max(initial=-1)) >= nodes:
            raise IndexError(f"A step leads beyond {nodes} nodes.")

    def find(self, ids: Ids, becomes: Ids | None = None) -> tuple[Places, Places]:
        """Where phrases begin and which, from left to right, the longest at each place, none overlapping.

        ``becomes`` says what word each number stands for, where that is not itself.
        """
        check_ids(ids, len(self.first) if becomes is None else len(becomes))
        if becomes is not None:
            check_ids(becomes, len(self.first))
        nodes, steps = len(self.phrase_at), len(self.words)
        trie = _Trie(
            address(self.first, np.int32, len(self.first), "first"),
            address(self.begins, np.int64, nodes + 1, "begins"),
            address(self.words, np.int32, steps, "words"),
            address(self.reached, np.int32, steps, "reached"),
            address(self.phrase_at, np.int32, nodes, "phrase_at"),
        )
        places, phrases = np.empty(len(ids), np.int64), np.empty(len(ids), np.int64)
        found = call(
            "find_known",
            ctypes.byref(trie),
            address(ids, np.int32, len(ids), "ids"),
            len(ids),
            None if becomes is None else address(becomes, np.int32, len(becomes), "becomes"),
            places.ctypes.data,
            phrases.ctypes.data,
        )
        return places[:found], phrases[:found]
