"""Words that belong together → one word: ``united_states``, found by how much more often they meet than by chance.

Scores and rules are those of gensim's `Phrases` (Mikolov et al. 2013, "Distributed Representations of Words and Phrases
and their Compositionality"; NPMI after Bouma 2009), worked out on arrays of word numbers instead of one word at a time.
A pause (a comma, a bracket) parts what stands on its sides, and up to two connecting words may stand within a phrase:
``bank_of_america``.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
import numpy.typing as npt

from embeddings.errors import CorpusError
from embeddings.text.kernel import BREAK, CONTENT, RARE, Around, Roles, has_kernel
from embeddings.text.tokens import END, FIRST_WORD, JOINER, Ids

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

CONNECTORS = tuple("a an the for of with without at from to in on by and or".split())
"""gensim's ENGLISH_CONNECTOR_WORDS."""
_LONGEST_GAP = 2
BLOCK_IDS = 1 << 20
_LAST_IDS = 1 << 12
"""Tokens that are looked through at once for the end of a block's last sentence."""
_COUNTED_IDS = 1 << 23
"""Tokens whose pairs are sorted at once."""
_PART_IDS = 400_000_000
"""Tokens whose pairs are counted together: each takes about eight bytes while they are."""


class Scoring(StrEnum):
    DEFAULT = "default"
    NPMI = "npmi"
    PMI = "pmi"


THRESHOLDS = {Scoring.DEFAULT: 10.0, Scoring.NPMI: 0.5, Scoring.PMI: 6.0}


ENTITIES, PAIRS, NONE = "entities", "pairs", "none"
PAIR_PASSES = 2


@dataclass(frozen=True, slots=True)
class PhraseParameters:
    """How phrases are found. Each field is an option of ``thisplusthat train``."""

    phrases: str | int | None = dataclasses.field(
        default=None,
        metadata={
            "help": "entities: names by their capitals, articles' subjects, strong terms; pairs: words that meet "
            "oftener than by chance, or a number of passes over them (1 finds two words, 2 up to four); none. "
            "[default: entities; pairs with --engine spark, or if how pairs are scored is said]"
        },
    )
    phrase_scoring: Scoring = dataclasses.field(
        default=Scoring.PMI, metadata={"help": "How pairs are scored: gensim's default score, NPMI or PMI."}
    )
    phrase_threshold: float | None = dataclasses.field(
        default=None, metadata={"help": "Join pairs that score more. [default: pmi 6, npmi 0.5, default 10]"}
    )
    phrase_min_count: int = dataclasses.field(
        default=10,
        metadata={"help": "Join pairs and terms met at least so often; names, --min-count times.", "min": 1},
    )
    connectors: bool = dataclasses.field(
        default=True, metadata={"help": "Let a, of, the and their like stand within a phrase, never at its ends."}
    )

    def __post_init__(self) -> None:
        found = self.phrases
        if isinstance(found, str) and found not in (ENTITIES, PAIRS, NONE):
            if not found.isascii() or not found.isdigit():
                raise CorpusError(f"--phrases {found} is not known. Take entities, pairs, none, or a number of passes.")
            object.__setattr__(self, "phrases", int(found))
        elif isinstance(found, int) and found < 0:
            raise CorpusError(f"--phrases {found} is less than no pass. Take 0 for none.")

    @property
    def entities(self) -> bool:
        """Whether names and terms are to be found, not pairs of whatever words."""
        if self.phrases is None:
            return self.phrase_scoring is Scoring.PMI and self.phrase_threshold is None and self.connectors
        return self.phrases == ENTITIES

    @property
    def passes(self) -> int:
        """How often pairs are joined."""
        named = {ENTITIES: PAIR_PASSES, PAIRS: PAIR_PASSES, NONE: 0, None: PAIR_PASSES}
        return self.phrases if isinstance(self.phrases, int) else named[self.phrases]

    @property
    def threshold(self) -> float:
        """The score to exceed."""
        return THRESHOLDS[self.phrase_scoring] if self.phrase_threshold is None else self.phrase_threshold


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """Pairs to be joined: ``keys`` (sorted) as `Links` makes them, and each one's count, score and words."""

    keys: Counts
    counts: Counts
    scores: Scores
    parts: Sequence[tuple[int, ...]]
    """The words of each by their numbers, connecting words included."""
    begins: Counts
    """[words + 1] where the pairs of each first word begin, and the last ones end."""

    def __len__(self) -> int:
        return len(self.keys)


Blocks = Callable[[], Iterator[Ids]]
"""Gives the tokens of a corpus in blocks that end with a sentence, as often as it is called."""


def blocks_of(ids: Ids, size: int = BLOCK_IDS) -> Iterator[Ids]:
    """``ids`` in blocks of about ``size`` that end with a sentence."""
    start = 0
    while start < len(ids):
        block = np.asarray(ids[start : start + size])
        if start + size < len(ids):
            block = block[: _last_end(block) + 1]
        yield block
        start += len(block)


def _last_end(block: Ids) -> int:
    """Where the last sentence of ``block`` ends, looked for from behind."""
    for stop in range(len(block), 0, -_LAST_IDS):
        begin = max(stop - _LAST_IDS, 0)
        if len(ends := np.flatnonzero(block[begin:stop] == END)):
            return begin + int(ends[-1])
    raise AssertionError("A sentence is longer than a block.")


def find_phrases(ids: Ids, counts: Counts, links: "Links") -> Phrases:
    """The pairs of ``ids`` that score more than the threshold, for `Links.join`; ``counts`` [words + 2] says how often
    each number is.
    """
    keys, met, different = links.count_frequent(ids)
    scores = links.scores(keys, met, int(counts[FIRST_WORD:].sum()), different)
    chosen = links.chosen(met, scores)
    return links.phrases(keys[chosen], met[chosen], scores[chosen])


def phrase_words(phrases: Phrases, words: Sequence[str]) -> list[str]:
    """Each phrase as one word."""
    return [joined_word(parts, words) for parts in phrases.parts]


def joined_word(parts: Sequence[int], words: Sequence[str]) -> str:
    """The word that a phrase of the numbers ``parts`` becomes; 's stays with its word: mcdonald's, king's_cross."""
    return JOINER.join(words[part - FIRST_WORD] for part in parts).replace(f"{JOINER}'s", "'s")


class Links:
    """Pairs of neighbouring content words as one number each: first word, what is between them, second word."""

    def __init__(
        self,
        words: Sequence[str],
        counts: Counts,
        parameters: PhraseParameters,
        ends: npt.NDArray[np.bool_] | None = None,
        connecting: Sequence[str] = CONNECTORS,
    ) -> None:
        """``ends`` [words + 2] says which words may be at the ends of a pair; by default all that do not connect."""
        wanted = connecting if parameters.connectors else ()
        self._parameters = parameters
        self._counts = counts
        self._size = len(words) + FIRST_WORD
        numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD) if word in wanted}
        self._connectors = list(numbers.values())
        self._codes = len(self._connectors) + 1
        frequent = counts >= parameters.phrase_min_count
        is_end = np.zeros(self._size, bool)
        is_end[FIRST_WORD:] = True
        is_end[self._connectors] = False
        if ends is not None:
            is_end &= ends
        self._different = int(np.count_nonzero(counts[is_end]))
        self._roles = Roles(np.where(is_end, np.where(frequent, CONTENT, RARE), BREAK).astype(np.int32), self._codes)
        self._roles.of_words[self._connectors] = np.arange(1, self._codes)

    def of_block(self, ids: Ids) -> tuple[Counts, Counts, Counts]:
        """The pairs in ``ids``: their keys, and the places of their first and second words."""
        if has_kernel():
            return self._roles.pairs(ids)
        roles = self._roles.of_words[ids]
        places = np.flatnonzero((roles == CONTENT) | (roles == RARE))
        starts, stops = places[:-1], places[1:]
        gaps = stops - starts - 1
        broken = np.cumsum(roles == BREAK, dtype=np.int32)
        fit = (gaps <= _LONGEST_GAP) & (broken[starts] == broken[stops])
        fit &= (roles[starts] == CONTENT) & (roles[stops] == CONTENT)
        starts, stops, gaps = starts[fit], stops[fit], gaps[fit]
        between = np.where(gaps > 0, roles[np.minimum(starts + 1, len(ids) - 1)], 0).astype(np.int64)
        between += np.where(gaps > 1, roles[stops - 1] * self._codes, 0)
        keys = (ids[starts].astype(np.int64) * self._codes**2 + between) * self._size + ids[stops]
        return keys, starts, stops

    def unpack(self, keys: Counts) -> tuple[Counts, Counts, Counts]:
        """First words, codes of what is between, and second words of ``keys``."""
        rest, second = np.divmod(keys, self._size)
        first, between = np.divmod(rest, self._codes**2)
        return first, between, second

    def between(self, code: int) -> tuple[int, ...]:
        """The connecting words that ``code`` stands for."""
        later, first = divmod(code, self._codes)
        return tuple(self._connectors[place - 1] for place in (first, later) if place)

    def scores(self, keys: Counts, met: Counts, total: int, others: int) -> Scores:
        """The scores of pairs that are ``met`` so often in a corpus of ``total`` words; ``others`` is how many
        different pairs it has, and different words without a number. As in gensim, connecting words are no different
        words, though they are in the total.
        """
        parameters, different = self._parameters, self._different + others
        first, _, second = self.unpack(keys)
        with np.errstate(divide="ignore", invalid="ignore"):
            if parameters.phrase_scoring is Scoring.DEFAULT:
                scores = (met - parameters.phrase_min_count) / self._counts[first] / self._counts[second] * different
            else:
                scores = np.log(met * float(total) / self._counts[first] / self._counts[second])
                if parameters.phrase_scoring is Scoring.NPMI:
                    scores /= -np.log(met / total)
        return np.asarray(scores, np.float64)

    def chosen(self, met: Counts, scores: Scores) -> npt.NDArray[np.bool_]:
        """Which pairs are to be joined."""
        return np.asarray((scores > self._parameters.threshold) & (met >= self._parameters.phrase_min_count))

    def phrases(self, keys: Counts, met: Counts, scores: Scores) -> Phrases:
        """What was chosen, ``keys`` sorted, with its words."""
        unpacked = self.unpack(keys)
        numbers = zip(*(of_all.tolist() for of_all in unpacked), strict=True)
        parts = [(first, *self.between(code), second) for first, code, second in numbers]
        begins = np.concatenate(([0], np.cumsum(np.bincount(unpacked[0], minlength=self._size))))
        return Phrases(keys, met, scores, parts, begins)

    def join(self, ids: Ids, phrases: Phrases) -> Ids:
        """A block with its ``phrases`` joined from left to right, numbered on from the last of the words."""
        if has_kernel():
            return self._roles.join(ids, phrases.keys, phrases.begins)
        keys, starts, stops = self.of_block(ids)
        places, found = self.places(keys, phrases.keys, ids[starts], ids[stops])
        # A word can be in one pair only: of a run of pairs that share words, every second is joined, from the left.
        touching = np.concatenate(([False], found[:-1] & (stops[:-1] == starts[1:]))) & found
        position = np.arange(len(keys))
        run_start = np.maximum.accumulate(np.where(touching, 0, position)) if len(keys) else position
        joined = found & ((position - run_start) % 2 == 0)
        out = ids.copy()
        keep = np.ones(len(ids), bool)
        out[starts[joined]] = self._size + places[joined]
        for step in range(1, _LONGEST_GAP + 2):
            inside = starts[joined] + step
            keep[inside[inside <= stops[joined]]] = False
        return out[keep]

    def around(self, ids: Ids, phrases: Phrases, kinds: npt.NDArray[np.uint8]) -> Counts:
        """[phrases, 3] how often each kind of `Around` stands around each in ``ids``; ``kinds`` are of each word."""
        if has_kernel():
            return self._roles.around(ids, phrases.keys, phrases.begins, kinds)
        keys, starts, stops = self.of_block(ids)
        places, there = self.places(keys, phrases.keys, ids[starts], ids[stops])
        places, starts, stops = places[there], starts[there], stops[there]
        before = kinds[np.where(starts > 0, ids[np.maximum(starts - 1, 0)], END)]
        behind = kinds[ids[np.minimum(stops + 1, len(ids) - 1)]]
        counted = (before & Around.DETERMINER, before & Around.VERBAL, behind & Around.FUNCTION)
        return np.stack([np.bincount(places[is_so > 0], minlength=len(phrases)) for is_so in counted], axis=1)

    def places(self, keys: Counts, wanted: Counts, firsts: Ids, seconds: Ids) -> tuple[Counts, npt.NDArray[np.bool_]]:
        """Where ``keys``, of the words ``firsts`` and ``seconds``, are in ``wanted`` (sorted), and which are there."""
        first, _, second = self.unpack(wanted)
        begins, ends = np.zeros(self._size, bool), np.zeros(self._size, bool)
        begins[first], ends[second] = True, True
        likely = np.flatnonzero(begins[firsts] & ends[seconds])  # looking up the others would cost most of the time
        at = np.minimum(np.searchsorted(wanted, keys[likely]), max(len(wanted) - 1, 0))
        places, found = np.zeros(len(keys), np.int64), np.zeros(len(keys), bool)
        places[likely] = at
        found[likely] = wanted[at] == keys[likely]
        return places, found

    def count(self, ids: Ids) -> tuple[Counts, Counts]:
        """The pairs in ``ids``, sorted, and how often each is met."""
        parts = -(-len(ids) // _PART_IDS)
        found = [self._count_part(ids, part, parts) for part in range(parts)]
        keys, met = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        order = np.argsort(keys) if parts > 1 else slice(None)
        return keys[order], met[order]

    def count_frequent(self, ids: Ids) -> tuple[Counts, Counts, int]:
        """The pairs in ``ids`` that are met often enough, sorted, how often each is, and how many different pairs
        there are in all.
        """
        keys, met = self.count(ids)
        enough = met >= self._parameters.phrase_min_count
        return keys[enough], met[enough], len(keys)

    def _count_part(self, ids: Ids, part: int, parts: int) -> tuple[Counts, Counts]:
        """Pairs whose second word is of ``part``: memory is bounded however large the corpus."""
        with ThreadPoolExecutor(2) as threads:
            counted = list(
                threads.map(partial(self._count_block, part=part, parts=parts), blocks_of(ids, _COUNTED_IDS))
            )
        keys = np.concatenate([keys for keys, _ in counted])
        met = np.concatenate([met for _, met in counted])
        order = np.argsort(keys, kind="stable")
        keys, met = keys[order], met[order]
        firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))) if len(keys) else np.empty(0, np.int64)
        return keys[firsts], np.add.reduceat(met, firsts) if len(firsts) else met

    def _count_block(self, ids: Ids, part: int, parts: int) -> tuple[Counts, Counts]:
        keys = self._roles.keys(ids) if has_kernel() else self.of_block(ids)[0]
        if parts > 1:
            keys = keys[keys % self._size % parts == part]
        return np.unique(keys, return_counts=True)
