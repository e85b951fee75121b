"""Runs of capitalised words, counted: New York Times, Bank of America, the Beatles.

A name is a run of capitalised words, with words such as *of* inside. A capital at the start of a sentence counts only
where the word is mostly capitalised elsewhere. An article's subject, in CAPITALS where its first sentence begins, is a
name as well. Everything is counted on arrays of word numbers, block by block; see `names` for what is a name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.text.phrases import Counts
from embeddings.text.spellings import Spellings
from embeddings.text.tokens import END, FIRST_WORD, Ids

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
LONGEST = 8
"""Words of the longest name, connecting words included."""
_LONGEST_GAP = 2
_MAX_SPANS = 12_000_000
"""Runs that are kept while counting; beyond it those that were met once are forgotten."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))


@dataclass(slots=True, eq=False)
class Spans:
    """Runs of capitalised words and the runs within them, each once, by their hashes (sorted)."""

    hashes: Hashes
    met: Counts
    """How often each is met, within longer runs as well."""
    whole: Counts
    """How often each is met as a whole run."""
    first: Counts
    """Place in the corpus of its first word where it is met first, and where it is met last."""
    last: Counts
    words: npt.NDArray[np.int32]
    """[spans, 8] numbers of its words where it is met first, then zeros."""

    def __len__(self) -> int:
        return len(self.hashes)


@dataclass(frozen=True, slots=True, eq=False)
class Capitals:
    """How often each word is met, and how often within a sentence, with a capital and in all: int64 [words + 2]."""

    met: Counts
    within: Counts
    capital: Counts

    @property
    def mostly(self) -> Flags:
        """Which words have a capital more often than not."""
        return (self.capital > 0) & (2 * self.capital >= self.within)


def shouted_runs(ids: Ids, spellings: Spellings) -> Flags:
    """Which tokens of ``ids`` are in a run of words in CAPITALS: their capitals say nothing of the words."""
    shouted = spellings.shouted[ids]
    beside = np.zeros(len(ids), bool)
    beside[1:] = shouted[:-1]
    beside[:-1] |= shouted[1:]
    return shouted & beside


def count_capitals(blocks: Iterable[Ids], spellings: Spellings) -> Capitals:
    """Count the words of ``blocks``, tokens as they are spelled."""
    met, within = (np.zeros(len(spellings.word_of), np.int64) for _ in range(2))  # of each spelling
    for ids in blocks:
        inside = not_first(ids) & ~shouted_runs(ids, spellings) & (ids >= FIRST_WORD)
        met += np.bincount(ids, minlength=len(met))
        within += np.bincount(ids[inside], minlength=len(met))

    def of_words(counts: Counts) -> Counts:
        found = np.zeros(len(spellings.words) + FIRST_WORD, np.int64)
        np.add.at(found, spellings.word_of, counts)
        return found

    return Capitals(of_words(met), of_words(within), of_words(np.where(spellings.capital, within, 0)))


def not_first(ids: Ids) -> Flags:
    """Which tokens of a block do not begin a sentence."""
    not_first = np.ones(len(ids), bool)
    not_first[:1] = False
    not_first[1:] = ids[:-1] != END
    return not_first


class SpanCounter:
    """Counts runs of capitalised words in blocks of tokens as they are spelled."""

    def __init__(self, spellings: Spellings, capitals: Capitals, seed: int = 1) -> None:
        self._spellings = spellings
        self._mostly = capitals.mostly
        self._random = np.random.default_rng(seed).integers(0, 2**64, len(self._mostly), dtype=np.uint64)
        self._powers, self._inverses = _powers(_BASE, 1), _powers(_INVERSE, 1)
        self._parts: list[Spans] = []
        self._place = 0
        self.subjects: Counter[tuple[int, ...]] = Counter()
        """Runs of words in CAPITALS at the starts of sentences."""

    def add(self, ids: Ids) -> None:
        """Count the runs of a block."""
        if len(self._powers) <= len(ids):
            self._powers, self._inverses = _powers(_BASE, len(ids) + 1), _powers(_INVERSE, len(ids) + 1)
        shouted = shouted_runs(ids, self._spellings)
        self._parts.append(self._spans(ids, shouted))
        self.subjects.update(self._subjects(ids, shouted))
        self._place += len(ids)
        if sum(map(len, self._parts)) > 2 * _MAX_SPANS:
            self._parts = [_merge(self._parts)]
            if len(self._parts[0]) > _MAX_SPANS:
                self._parts = [_chosen(self._parts[0], self._parts[0].met > 1)]

    def finish(self, least: int) -> Spans:
        """The runs that were met at least so often."""
        return _merge(self._parts, least)

    def _spans(self, ids: Ids, shouted: Flags) -> Spans:
        words = self._spellings.word_of[ids]
        capital = self._spellings.capital[ids] & ~shouted & (not_first(ids) | self._mostly[words])
        sums = np.zeros(len(ids) + 1, np.uint64)
        np.cumsum(self._random[words] * self._powers[: len(ids)], out=sums[1:])
        places = np.flatnonzero(capital)
        broken = np.cumsum((self._spellings.joins[ids] == 0) & ~capital, dtype=np.int32)[places]
        linked = (np.diff(places) <= _LONGEST_GAP + 1) & (broken[1:] == broken[:-1])
        starts, stops, whole = _runs(linked, places)
        loose = np.cumsum((self._spellings.joins[ids] > 1) & ~capital, dtype=np.int32)[places]
        apart = linked & (loose[1:] != loose[:-1])
        # A run that ends where a loose connecting word (and, in, for) follows is whole as well.
        strict_starts, strict_stops, strict_whole = _runs(linked & ~apart, places)
        keep = loose[starts] != loose[stops]
        starts = places[np.concatenate((starts[keep], strict_starts))]
        stops = places[np.concatenate((stops[keep], strict_stops))] + 1
        whole = np.concatenate((whole[keep], strict_whole))
        hashes = (sums[stops] - sums[starts]) * self._inverses[starts]
        order = np.argsort(hashes)
        hashes, starts, stops, whole = hashes[order], starts[order], stops[order], whole[order]
        firsts = _firsts(hashes)
        if not len(firsts):
            return _nothing()
        within = starts[firsts, None] + np.arange(LONGEST)
        shown = np.where(within < stops[firsts, None], words[np.minimum(within, len(words) - 1)], 0)
        return Spans(
            hashes[firsts],
            np.diff(np.append(firsts, len(hashes))),
            np.add.reduceat(whole, firsts, dtype=np.int64),
            np.minimum.reduceat(starts, firsts) + self._place,
            np.maximum.reduceat(starts, firsts) + self._place,
            shown.astype(np.int32),
        )

    def _subjects(self, ids: Ids, shouted: Flags) -> Iterator[tuple[int, ...]]:
        spellings = self._spellings
        upper = shouted | ((spellings.initial[ids] | spellings.caseless[ids]) & (ids >= FIRST_WORD))
        starts = np.flatnonzero(~not_first(ids) & (ids >= FIRST_WORD))
        articles = spellings.article[ids[starts]] & ~shouted[starts]
        starts = starts + articles
        starts = starts[starts < len(ids)]
        starts = starts[upper[starts]]
        ends = np.flatnonzero(~upper)
        stops = np.append(ends, len(ids))[np.searchsorted(ends, starts)]
        words = spellings.word_of[ids]
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            if 2 <= stop - start <= LONGEST and shouted[start:stop].any():
                yield tuple(words[start:stop].tolist())


def _powers(base: np.uint64, number: int) -> Hashes:
    powers = np.full(number, base)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _runs(linked: Flags, places: npt.NDArray[np.int64]) -> tuple[Counts, Counts, Flags]:
    """All runs of two or more ``places`` that are linked: numbers of the first and the last, and which are whole."""
    before, after = np.concatenate(([False], linked)), np.concatenate((linked, [False]))
    starts = np.flatnonzero(linked)
    found = []
    for more in range(1, LONGEST):
        stops = starts + more
        fit = places[stops] - places[starts] < LONGEST
        starts, stops = starts[fit], stops[fit]
        found.append((starts, stops, ~before[starts] & ~after[stops]))
        starts = starts[after[stops]]
        if not len(starts):
            break
    starts, stops, whole = (np.concatenate(part) for part in zip(*found, strict=True))
    return starts, stops, whole


def _firsts(hashes: Hashes) -> Counts:
    """Where each different one of sorted ``hashes`` begins."""
    return np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))) if len(hashes) else np.empty(0, np.int64)


def _nothing() -> Spans:
    counts = np.empty(0, np.int64)
    return Spans(np.empty(0, np.uint64), counts, counts, counts, counts, np.empty((0, LONGEST), np.int32))


def _merge(parts: Sequence[Spans], least: int = 1) -> Spans:
    """The spans of all ``parts`` that are met at least so often."""
    if not parts:
        return _nothing()
    hashes = np.concatenate([part.hashes for part in parts])
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    firsts = _firsts(hashes)
    if not len(firsts):
        return _nothing()

    def column(name: str) -> Counts:
        joined: Counts = np.concatenate([getattr(part, name) for part in parts])[order]
        return joined

    met = np.add.reduceat(column("met"), firsts)
    keep = met >= least
    return Spans(
        hashes[firsts[keep]],
        met[keep],
        np.add.reduceat(column("whole"), firsts)[keep],
        np.minimum.reduceat(column("first"), firsts)[keep],
        np.maximum.reduceat(column("last"), firsts)[keep],
        np.concatenate([part.words for part in parts])[order[firsts[keep]]],
    )


def _chosen(spans: Spans, keep: Flags) -> Spans:
    return Spans(
        spans.hashes[keep], spans.met[keep], spans.whole[keep], spans.first[keep], spans.last[keep], spans.words[keep]
    )
