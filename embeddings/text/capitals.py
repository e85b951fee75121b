"""Runs of capitalised words, counted: New York Times, Bank of America, the Beatles.

A name is a run of capitalised words, with words such as *of* inside. A capital at the start of a sentence counts only
where the word is mostly capitalised elsewhere. An article's subject, in CAPITALS where its first sentence begins, is a
name as well. Everything is counted by word numbers, block by block; see `names` for what is a name.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.text.kernel import SPAN, Hashing, Spans, SpanTable, Trait, has_kernel
from embeddings.text.phrases import BLOCK_IDS, Counts, blocks_of
from embeddings.text.spellings import Spellings
from embeddings.text.tokens import END, FIRST_WORD, Ids

Flags = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]
LONGEST = 8
"""Words of the longest name, connecting words included."""
_LONGEST_GAP = 2
_BASE = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Runs of capitalised words and the runs within them, each once, in the order of their hashes."""

    met: Counts
    """How often each is met, within longer runs as well."""
    whole: Counts
    """How often each is met as a whole run."""
    apart: Counts
    """Tokens of the corpus between where it is met first and where it is met last."""
    words: npt.NDArray[np.int32]
    """[runs, 8] numbers of its words where it is met first, then zeros."""


@dataclass(frozen=True, slots=True, eq=False)
class Capitals:
    """How often words are met, how often where a capital would say something, and how often with one there."""

    within_spelled: Counts
    """[spellings + 2] how often each spelling is within a sentence, and not in a run of words in CAPITALS."""
    met: Counts
    """[words + 2], as are the next."""
    within: Counts
    capital: Counts
    mostly: Flags
    """Which words have a capital more often than not."""


def shouted_runs(ids: Ids, spellings: Spellings) -> Flags:
    """Which tokens of ``ids`` are in a run of words in CAPITALS: their capitals say nothing of the words."""
    shouted = spellings.has(Trait.SHOUTED)[ids]
    beside = np.zeros(len(ids), bool)
    beside[1:] = shouted[:-1]
    beside[:-1] |= shouted[1:]
    return shouted & beside


def count_capitals(blocks: Iterable[Ids], spellings: Spellings) -> Capitals:
    """Count the words of ``blocks``, tokens as they are spelled."""
    met, within = (np.zeros(len(spellings.word_of), np.int64) for _ in range(2))  # of each spelling
    for ids in blocks:
        if has_kernel():
            spellings.tokens.count(ids, met, within)
            continue
        inside = not_first(ids) & ~shouted_runs(ids, spellings) & (ids >= FIRST_WORD)
        met += np.bincount(ids, minlength=len(met))
        within += np.bincount(ids[inside], minlength=len(met))

    def of_words(counts: Counts) -> Counts:
        found = np.zeros(len(spellings.words) + FIRST_WORD, np.int64)
        np.add.at(found, spellings.word_of, counts)
        return found

    capital, of_all = of_words(np.where(spellings.has(Trait.CAPITAL), within, 0)), of_words(within)
    return Capitals(within, of_words(met), of_all, capital, (capital > 0) & (2 * capital >= of_all))


def not_first(ids: Ids) -> Flags:
    """Which tokens of a block do not begin a sentence."""
    not_first = np.ones(len(ids), bool)
    not_first[:1] = False
    not_first[1:] = ids[:-1] != END
    return not_first


def count_runs(ids: Ids, spellings: Spellings, capitals: Capitals, least: int, size: int = BLOCK_IDS) -> Runs:
    """The runs of ``ids``, tokens as they are spelled, that are met at least so often; ``size`` is that of blocks."""
    random = np.random.default_rng(1).integers(0, 2**64, len(spellings.words) + FIRST_WORD, dtype=np.uint64)
    hashing = Hashing(random, _BASE)
    table = (
        SpanTable(spellings.tokens, capitals.mostly, hashing, len(ids))
        if has_kernel()
        else _SpanArrays(spellings, capitals.mostly, hashing)
    )
    for block in blocks_of(ids, size):
        table.look(block)
    place = 0
    for block in blocks_of(ids, size):
        table.add(block, place, min(least, 2))
        place += len(block)
    spans = table.spans(least)
    spans = spans[np.argsort(spans["hash"])]
    words = _words_at(ids, spans["first"], spans["length"], spellings)
    met, whole, apart = (spans[name].astype(np.int64) for name in ("met", "whole", "apart"))
    return Runs(met, whole, apart, words)


def find_subjects(blocks: Iterable[Ids], spellings: Spellings) -> set[tuple[int, ...]]:
    """Runs of words in CAPITALS at the starts of sentences of ``blocks``, tokens as they are spelled."""
    subjects: set[tuple[int, ...]] = set()
    for ids in blocks:
        starts, lengths = spellings.tokens.subjects(ids) if has_kernel() else _subjects(ids, spellings)
        words = _words_at(ids, starts, lengths, spellings).tolist()
        subjects.update(tuple(row[:length]) for row, length in zip(words, lengths.tolist(), strict=True))
    return subjects


def _words_at(ids: Ids, starts: Counts, lengths: npt.NDArray[np.integer], spellings: Spellings) -> Ids:
    """[starts, 8] the words of ``ids`` from each of ``starts`` on, as many as ``lengths`` says, then zeros."""
    steps = np.arange(LONGEST)
    places = np.minimum(starts[:, None] + steps, max(len(ids) - 1, 0))
    words = np.where(steps < lengths[:, None], spellings.word_of[ids[places]], 0)
    return words.astype(np.int32)


# ---- Without a kernel


class _SpanArrays:
    """Does what a `SpanTable` does."""

    def __init__(self, spellings: Spellings, mostly: Flags, hashing: Hashing) -> None:
        self._spellings = spellings
        self._mostly = mostly
        self._hashing = hashing
        self._counted = np.empty(0, SPAN)

    def spans(self, least: int) -> Spans:
        return self._counted[self._counted["met"] >= least]

    def look(self, ids: Ids) -> None:
        """Nothing is estimated."""

    def add(self, ids: Ids, place: int, least: int) -> None:  # noqa: ARG002
        spellings, words = self._spellings, self._spellings.word_of[ids]
        powers, inverses = (_powers(base, len(ids) + 1) for base in (self._hashing.base, _INVERSE))
        capital = (
            spellings.has(Trait.CAPITAL)[ids] & ~shouted_runs(ids, spellings) & (not_first(ids) | self._mostly[words])
        )
        sums = np.zeros(len(ids) + 1, np.uint64)
        np.cumsum(self._hashing.random[words] * powers[:-1], out=sums[1:])
        places = np.flatnonzero(capital)
        joins, loose = spellings.has(Trait.CLOSE | Trait.LOOSE)[ids], spellings.has(Trait.LOOSE)[ids]
        broken = np.cumsum(~joins & ~capital, dtype=np.int32)[places]
        linked = (np.diff(places) <= _LONGEST_GAP + 1) & (broken[1:] == broken[:-1])
        starts, stops, whole = _runs(linked, places)
        loosely = np.cumsum(loose & ~capital, dtype=np.int32)[places]
        apart = linked & (loosely[1:] != loosely[:-1])
        # A run that ends where a loose connecting word (and, in, for) follows is whole as well.
        strict_starts, strict_stops, strict_whole = _runs(linked & ~apart, places)
        keep = loosely[starts] != loosely[stops]
        starts = places[np.concatenate((starts[keep], strict_starts))]
        stops = places[np.concatenate((stops[keep], strict_stops))] + 1
        spans = np.empty(len(starts), SPAN)
        spans["hash"] = (sums[stops] - sums[starts]) * inverses[starts]
        spans["first"], spans["apart"], spans["length"] = starts + place, 0, stops - starts
        spans["met"], spans["whole"] = 1, np.concatenate((whole[keep], strict_whole))
        self._counted = _counted(np.concatenate((self._counted, spans)))


def _counted(spans: Spans) -> Spans:
    """Each of ``spans`` once."""
    spans = spans[np.lexsort((spans["first"], spans["hash"]))]
    hashes = spans["hash"]
    firsts = (
        np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1]))) if len(hashes) else np.empty(0, np.int64)
    )
    counted = spans[firsts]
    if len(counted):
        for name in ("met", "whole"):
            counted[name] = np.add.reduceat(spans[name], firsts)
        lasts = np.maximum.reduceat(spans["first"] + spans["apart"], firsts)
        counted["apart"] = np.minimum(lasts - counted["first"], np.iinfo(np.uint32).max)
    return counted


def _subjects(ids: Ids, spellings: Spellings) -> tuple[Counts, Counts]:
    """What `SpelledTokens.subjects` finds."""
    shouted = shouted_runs(ids, spellings)
    upper = shouted | spellings.has(Trait.INITIAL | Trait.CASELESS)[ids]
    starts = np.flatnonzero(~not_first(ids) & (ids >= FIRST_WORD))
    starts = starts + (spellings.has(Trait.ARTICLE)[ids[starts]] & ~shouted[starts])
    starts = starts[starts < len(ids)]
    starts = starts[upper[starts]]
    ends = np.flatnonzero(~upper)
    lengths = np.append(ends, len(ids))[np.searchsorted(ends, starts)] - starts
    some = np.concatenate(([0], np.cumsum(shouted)))
    fit = (lengths >= 2) & (lengths <= LONGEST) & (some[starts + lengths] > some[starts])
    return starts[fit], lengths[fit]


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
