"""The files of marisa-trie, checked before that library maps them: it is written in C++ and trusts all their numbers.

A file holds a trie of the keys in LOUDS (Jacobson 1989): the nodes by breadth, for each a 1 a child and then a 0. A
node has a byte, or a link: to a node of the next trie, from which the way to the root spells what the node stands for,
and in the last trie to a text in the tail. What is checked here is that no number leads out of the file, that every way
ends at its root, and how long the keys can be.
"""

import mmap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import open_regular, reading_file

LONGEST_KEY = 1 << 18
"""Bytes of a key: longer ones are refused, since a small file can spell keys of any length."""

_TOO_LONG = "it spells keys that are longer than any word"
_MAGIC = b"We love Marisa.\0"
_MOST_TRIES = 127
_MOST_EXTRA_BITS = 24
_NO_NODE, _NO_EXTRA = 0xFFFFFFFF, 0xFFFFFF
_WORD, _BLOCK = 64, 512
"""Bits of a unit, and those to whose first one a bit vector knows the way."""
_RANK = np.dtype([("before", "<u4"), ("low", "<u4"), ("high", "<u4")])
_RANK_SHIFTS = np.array([0, 7, 15, 23, 32, 41, 50], np.uint64)
"""Where in the two numbers of a rank the ones before its second unit stand, before its third, and so on."""
_CACHED = np.dtype([("parent", "<u4"), ("child", "<u4"), ("link", "<u4")])

Numbers = npt.NDArray[np.integer[Any]]


def check_trie(path: Path) -> None:
    """Raises `ModelError` unless marisa-trie can read the file at ``path`` without leaving it or going in circles."""
    with open_regular(path) as file, reading_file(path):
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise ModelError(f"{path} is empty.") from error
    try:
        reader = _Reader(np.frombuffer(mapped, np.uint8))
        reader.expect(bytes(reader.take(len(_MAGIC))) == _MAGIC, "it does not begin as a trie")
        first = _read_trie(reader, 1)
        reader.expect(reader.left == 0, "something follows its end")
        reader.expect(_longest_key(first, LONGEST_KEY) <= LONGEST_KEY, _TOO_LONG)
    except _DamagedTrie as error:
        raise ModelError(f"{path} is damaged: {error}.") from error


class _DamagedTrie(Exception):
    pass


class _Reader:
    """Takes one part of a file after the other."""

    def __init__(self, content: npt.NDArray[np.uint8]) -> None:
        self._content = content
        self._place = 0

    @property
    def left(self) -> int:
        return len(self._content) - self._place

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise _DamagedTrie(otherwise)

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        self.expect(size <= self.left, "it ends early")
        self._place += size
        return self._content[self._place - size : self._place]

    def number(self, dtype: str = "<u4") -> int:
        return int(self.take(np.dtype(dtype).itemsize).view(dtype)[0])

    def vector(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        size = self.number("<u8")
        self.expect(size % np.dtype(dtype).itemsize == 0, "a vector of it does not end with a whole number")
        content = self.take(size)
        self.take(-size % 8)
        return content.view(dtype)


@dataclass(frozen=True, eq=False)
class _Bits:
    """A bit vector, with what makes it quick to count and to find ones."""

    units: npt.NDArray[np.uint64]
    size: int
    ones: int
    before: npt.NDArray[np.int64]
    """[units + 1]: the ones before each unit."""

    def at(self, places: Numbers) -> npt.NDArray[np.bool_]:
        shifted = self.units[places >> 6] >> (places & 63).astype(np.uint64)
        ones: npt.NDArray[np.bool_] = (shifted & np.uint64(1)).astype(bool)
        return ones

    def rank(self, places: Numbers) -> npt.NDArray[np.int64]:
        """How many ones stand before each of ``places``."""
        units = places >> 6
        below = (np.uint64(1) << (places & 63).astype(np.uint64)) - np.uint64(1)
        counts: npt.NDArray[np.int64] = self.before[units] + np.bitwise_count(self.units[units] & below)
        return counts

    def select(self, numbers: Numbers) -> npt.NDArray[np.intp]:
        """Where the ones of these ``numbers`` stand, counted from 0."""
        if len(numbers) > len(self.units):
            return self.places[numbers]
        units = np.searchsorted(self.before, numbers, "right") - 1
        within = np.unpackbits(self.units[units].view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
        passed = within.cumsum(axis=1, dtype=np.uint8) <= (numbers - self.before[units])[:, None]
        found: npt.NDArray[np.intp] = units * _WORD + np.count_nonzero(passed, axis=1)
        return found

    @cached_property
    def places(self) -> npt.NDArray[np.intp]:
        """Where all ones stand."""
        return np.flatnonzero(np.unpackbits(self.units.view(np.uint8), bitorder="little").view(bool))

    @cached_property
    def zeros_before(self) -> npt.NDArray[np.int64]:
        return np.arange(0, _WORD * len(self.before), _WORD) - self.before

    def select_zero(self, number: int) -> int:
        """Where the zero of this ``number`` stands, counted from 0."""
        unit = int(self.zeros_before.searchsorted(number, "right")) - 1
        word, left = ~int(self.units[unit]), number - int(self.zeros_before[unit])
        for _ in range(left):
            word &= word - 1
        return unit * _WORD + (word & -word).bit_length() - 1


@dataclass(frozen=True, eq=False)
class _Trie:
    louds: _Bits
    links: _Bits
    extras: npt.NDArray[np.unsignedinteger[Any]]
    bases: npt.NDArray[np.uint8]
    tail: "_Tail"
    next: "_Trie | None"
    levels: list[int]
    """The first node of each level of the trie, and the number of nodes."""

    @property
    def nodes(self) -> int:
        return self.louds.ones

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The bytes that each node spells; of more than `LONGEST_KEY`, one more than that."""
        lengths = np.ones(self.nodes, np.int64)
        links = self.extras.astype(np.int64) * 256 + self.bases[self.links.places]
        lengths[self.links.places] = self.next.lengths[links] if self.next else self.tail.lengths(links)
        lengths[0] = 0
        parents = self.louds.places - np.arange(self.nodes) - 1
        for start, end in zip(self.levels[1:], self.levels[2:], strict=False):
            longer = lengths[start:end] + lengths[parents[start:end]]
            lengths[start:end] = np.minimum(longer, LONGEST_KEY + 1)
        lengths[0] = 1  # where a link leads to a root, its byte is taken
        return lengths


@dataclass(frozen=True, eq=False)
class _Tail:
    """Texts, each of which ends before a zero byte, or where ``ends`` has a one."""

    content: npt.NDArray[np.uint8]
    ends: _Bits

    @cached_property
    def _ends(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.content == 0) if self.ends.size == 0 else self.ends.places + 1

    @property
    def longest(self) -> int:
        return int(np.diff(self._ends, prepend=0).max(initial=0))

    def lengths(self, starts: Numbers) -> npt.NDArray[np.int64]:
        """How far the texts that begin at ``starts`` reach."""
        begins = np.zeros(len(self.content), np.int64)
        begins[self._ends[self._ends < len(begins)]] = 1
        if self.ends.size == 0:  # there a zero byte is the end of the text before it, and itself an empty one
            begins[1:], begins[0] = begins[:-1].copy(), 0
        ends: npt.NDArray[np.int64] = self._ends[begins.cumsum()[starts]]
        return ends - starts


def _read_trie(reader: _Reader, number: int) -> _Trie:
    """Read and check a trie and those behind it; ``number`` is 1 for that of the keys."""
    reader.expect(number <= _MOST_TRIES, "it holds too many tries")
    louds = _read_bits(reader, ranked=True, zeros=number == 1, ones=True)
    terminals = _read_bits(reader, ranked=number == 1, ones=number == 1)
    links = _read_bits(reader, ranked=True)
    bases = reader.vector(np.uint8)
    extras = _read_extras(reader)
    tail = _Tail(reader.vector(np.uint8), _read_bits(reader))
    nodes = louds.ones
    reader.expect(_is_tree(louds), "its nodes are no tree")
    reader.expect(len(bases) == nodes == links.size and not _bit(links, 0), "its nodes are not counted")
    if number == 1:
        reader.expect(terminals.size == nodes + 1 and not _bit(terminals, nodes), "its keys are not counted")
    else:
        reader.expect(terminals.size == 0, "its keys are not counted")
    reader.expect(len(extras) == links.ones, "its links are not counted")
    last = len(tail.content) - 1
    if tail.ends.size:
        closed = tail.ends.size == last + 1 and _bit(tail.ends, last)
    else:
        closed, last = last < 0 or tail.content[last] == 0, last - 1
    reader.expect(bool(closed), "its tail has no end")
    following = _read_trie(reader, number + 1) if links.ones and not len(tail.content) else None
    trie = _Trie(louds, links, extras, bases, tail, following, _levels(reader, louds))
    _check_links(reader, trie, last if following is None else following.nodes - 1)
    _check_cache(reader, trie)
    reader.expect(reader.number() == trie.levels[2] - 1, "it miscounts the children of its root")
    reader.number()  # The settings that it was made with: marisa-trie checks them itself.
    return trie


def _bit(bits: _Bits, place: int) -> bool:
    return bool(bits.at(np.array([place]))[0])


def _read_bits(reader: _Reader, *, ranked: bool = False, zeros: bool = False, ones: bool = False) -> _Bits:
    """Read a bit vector, and check what it says of itself: ranks, and where each 512th of its zeros or ones stands."""
    units = reader.vector("<u8")
    size, number = reader.number(), reader.number()
    ranks, zero_places, one_places = reader.vector(_RANK), reader.vector("<u4"), reader.vector("<u4")
    reader.expect(len(units) == -(-size // _WORD), "a bit vector of it has another length")
    reader.expect(size % _WORD == 0 or int(units[-1]) >> size % _WORD == 0, "a bit vector of it has another length")
    before = np.zeros(len(units) + 1, np.int64)
    np.cumsum(np.bitwise_count(units), out=before[1:])
    bits = _Bits(units, size, number, before)
    reader.expect(before[-1] == number, "a bit vector of it has another number of ones")
    holds = _are_ranks(ranks, before, size) if ranked else not len(ranks)
    reader.expect(bool(holds), "a bit vector of it is counted wrong")
    for places, wanted, value in ((zero_places, zeros, 0), (one_places, ones, 1)):
        holds = _are_places(places.astype(np.int64), bits, value) if wanted else not len(places)
        reader.expect(bool(holds), "a bit vector of it is counted wrong")
    return bits


def _are_ranks(ranks: npt.NDArray[Any], before: npt.NDArray[np.int64], size: int) -> bool:
    blocks = -(-size // _BLOCK) + 1
    if len(ranks) != blocks:
        return False
    filled = np.full(8 * blocks, before[-1])
    filled[: len(before)] = before
    of_units = filled.reshape(blocks, 8)
    relative = (of_units[:, 1:] - of_units[:, :1]).astype(np.uint64) << _RANK_SHIFTS
    packed = ranks["low"].astype(np.uint64) | ranks["high"].astype(np.uint64) << np.uint64(32)
    return bool((ranks["before"] == of_units[:, 0]).all() and (packed == relative.sum(axis=1, dtype=np.uint64)).all())


def _are_places(places: npt.NDArray[np.int64], bits: _Bits, value: int) -> bool:
    """Whether ``places`` are those of each 512th bit of this ``value``, and the size."""
    number = bits.ones if value else bits.size - bits.ones
    if len(places) != -(-number // _BLOCK) + 1 or places[-1] != bits.size or (places[:-1] >= bits.size).any():
        return False
    found = bits.rank(places[:-1])
    passed = found if value else places[:-1] - found
    return bool((bits.at(places[:-1]) == value).all() and (passed == np.arange(0, number, _BLOCK)).all())


def _read_extras(reader: _Reader) -> npt.NDArray[np.unsignedinteger[Any]]:
    """The upper bits of the links, which are packed."""
    units = reader.vector("<u8")
    bits, mask, number = reader.number(), reader.number(), reader.number("<u8")
    reader.expect(bits <= _MOST_EXTRA_BITS and mask == (1 << bits) - 1, "its links are not packed")
    reader.expect(len(units) == (-(-bits * number // _WORD) if bits else min(number, 1)), "its links are not packed")
    if not bits:
        reader.expect(number <= reader.left * 8, "its links are not counted")
        return np.zeros(number, np.uint32)
    if bits in (8, 16):
        whole: npt.NDArray[np.unsignedinteger[Any]] = units.view(f"<u{bits // 8}")[:number]
        return whole
    # Every eighth number begins at the same bit of a byte.
    lines = -(-number // 8)
    packed = np.zeros(lines * bits + 8, np.uint8)
    packed[: units.nbytes] = units.view(np.uint8)[: lines * bits + 8]
    unpacked = np.empty((lines, 8), np.uint32)
    for place in range(8):
        column = np.ndarray((lines,), "<u4", packed, place * bits // 8, (bits,))
        unpacked[:, place] = column >> np.uint32(place * bits % 8) & np.uint32(mask)
    return unpacked.reshape(-1)[:number]


def _is_tree(louds: _Bits) -> bool:
    """Whether each node stands behind its parent: no more zeros than ones come before any one.

    Where a unit begins with 64 more ones, that holds within it too.
    """
    if not louds.ones or louds.size != 2 * louds.ones + 2 or int(louds.units[0]) & 3 != 1:
        return False
    ahead = louds.before[:-1] - louds.zeros_before[:-1]
    narrow = np.flatnonzero(ahead < _WORD)
    content = louds.units[narrow].view(np.uint8).reshape(-1, 8)
    counts = np.bitwise_count(content)
    before = ahead[narrow, None] + 2 * (counts.cumsum(axis=1, dtype=np.int64) - counts) - np.arange(0, _WORD, 8)
    return bool((before >= _ZEROS_AHEAD[content]).all())


def _most_zeros_ahead() -> npt.NDArray[np.int8]:
    """By byte: how many more zeros than ones come before one of its ones, at most; -128 if it has none."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(np.int8)
    ahead = np.arange(8) - 2 * (bits.cumsum(axis=1) - bits)
    most: npt.NDArray[np.int8] = np.where(bits, ahead, -128).max(axis=1).astype(np.int8)
    return most


_ZEROS_AHEAD = _most_zeros_ahead()


def _levels(reader: _Reader, louds: _Bits) -> list[int]:
    levels = [0, 1]
    while levels[-1] > levels[-2]:
        reader.expect(len(levels) <= LONGEST_KEY, _TOO_LONG)
        levels.append(louds.select_zero(levels[-1]) - levels[-1])
    return levels


def _longest_key(trie: _Trie, bound: int) -> int:
    """The bytes of the longest key, or a larger number that does not exceed ``bound``, if that takes less time to say:
    as many times what a link stands for as there are levels.
    """
    longest = _longest_key(trie.next, bound // len(trie.levels)) if trie.next else trie.tail.longest
    most = max(longest, 1) * len(trie.levels)
    return most if most <= bound else int(trie.lengths.max())


def _check_links(reader: _Reader, trie: _Trie, most: int) -> None:
    """No link leads beyond ``most``."""
    large = np.flatnonzero(trie.extras > (most - 255) // 256)
    if len(large):
        links = trie.extras[large].astype(np.int64) * 256 + trie.bases[trie.links.select(large)]
        reader.expect(int(links.max()) <= most, "a link of it leads nowhere")


def _check_cache(reader: _Reader, trie: _Trie) -> None:
    """What is kept of some nodes is what the trie says of them."""
    cached = reader.vector(_CACHED)
    reader.expect(len(cached).bit_count() == 1, "the size of its cache is no power of two")
    free = cached["child"] == _NO_NODE
    reader.expect(bool((cached["parent"][free] == _NO_NODE).all()), "its cache is not that of its nodes")
    parents, children, kept = (cached[name][~free].astype(np.int64) for name in ("parent", "child", "link"))
    reader.expect(bool(((parents < children) & (children < trie.nodes)).all()), "its cache is not that of its nodes")
    places = parents + children + 1
    linked = trie.links.at(children)
    extras = np.full(len(children), _NO_EXTRA, np.int64)
    extras[linked] = trie.extras[trie.links.rank(children[linked])]
    holds = trie.louds.at(places) & (trie.louds.rank(places) == children) & (kept == extras << 8 | trie.bases[children])
    reader.expect(bool(holds.all()), "its cache is not that of its nodes")
