"""Phrases that are known beforehand: a user's list, or the titles of Wikipedia's articles."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import CorpusError
from embeddings.text.kernel import Trie, has_kernel
from embeddings.text.numbering import tokenise
from embeddings.text.phrases import Counts
from embeddings.text.tokens import FIRST_WORD, JOINER, Ids, TokenParameters

_LONGEST = 8
_TITLE_COHESION = 0.3
"""NPMI that a title has to exceed: "It Is" is a title as well."""


@dataclass(frozen=True, eq=False)
class KnownPhrases:
    """Phrases as a trie over word numbers: a step (node, word) leads to another node, which may end a phrase."""

    parts: Sequence[tuple[int, ...]]
    first: npt.NDArray[np.int32]
    """[words + 2] node that a phrase's first word leads to, -1 where none begins with it."""
    steps: Counts
    """Sorted, node × size + word."""
    reached: npt.NDArray[np.int32]
    """Node that each step leads to."""
    phrase_at: npt.NDArray[np.int32]
    """[nodes] place in ``parts`` of the phrase that ends there, -1 if none does."""

    def find(self, ids: Ids, becomes: Ids | None = None) -> tuple[Counts, Counts]:
        """Where phrases begin in ``ids`` and which, from left to right, the longest at each place, none overlapping.

        ``becomes`` says what word each number stands for, where that is not itself.
        """
        if has_kernel():
            return self._trie.find(ids, becomes)
        ids = ids if becomes is None else becomes[ids]
        size = len(self.first)
        places = np.flatnonzero(self.first[ids] >= 0)
        nodes = self.first[ids[places]].astype(np.int64)
        best = np.full(len(ids), -1, np.int32)
        for ahead in range(1, _LONGEST):
            inside = places + ahead < len(ids)
            places, nodes = places[inside], nodes[inside]
            if not len(places) or not len(self.steps):
                break
            wanted = nodes * size + ids[places + ahead]
            found = np.minimum(np.searchsorted(self.steps, wanted), len(self.steps) - 1)
            known = self.steps[found] == wanted
            places, nodes = places[known], self.reached[found[known]].astype(np.int64)
            ends = self.phrase_at[nodes] >= 0
            best[places[ends]] = self.phrase_at[nodes[ends]]
        places = np.flatnonzero(best >= 0)
        phrases = best[places].astype(np.int64)
        free = _not_overlapping(places, places + self.lengths[phrases])
        return places[free], phrases[free]

    @cached_property
    def lengths(self) -> Counts:
        """[phrases] words of each."""
        return np.fromiter(map(len, self.parts), np.int64, len(self.parts))

    @cached_property
    def _trie(self) -> Trie:
        size, nodes = len(self.first), len(self.phrase_at)
        begins = np.searchsorted(self.steps, np.arange(nodes + 1) * size)
        return Trie(self.first, begins, (self.steps % size).astype(np.int32), self.reached, self.phrase_at)

    def count(self, ids: Ids) -> Counter[int]:
        """How often each would be joined in a block."""
        phrases, met = np.unique(self.find(ids)[1], return_counts=True)
        return Counter(dict(zip(phrases.tolist(), met.tolist(), strict=True)))

    def join(self, ids: Ids) -> Ids:
        """A block with the phrases joined, numbered on from the words."""
        out, keep = ids.copy(), np.ones(len(ids), bool)
        places, phrases = self.find(ids)
        out[places] = len(self.first) + phrases
        lengths = self.lengths[phrases]
        for step in range(1, _LONGEST):
            keep[places[lengths > step] + step] = False
        return out[keep]


def _not_overlapping(starts: Counts, ends: Counts) -> npt.NDArray[np.bool_]:
    """Which of the stretches, in the order of their ``starts``, are taken from left to right if none may overlap."""
    taken = np.ones(len(starts), bool)
    if not len(starts):
        return taken
    furthest = np.maximum.accumulate(ends)
    # Only stretches that begin within another one, and those before them, have to be gone through one by one.
    within = np.flatnonzero(starts[1:] < furthest[:-1]) + 1
    free_from, last = 0, -2
    for place in within.tolist():
        if place != last + 1:
            free_from = int(ends[place - 1])
        last = place
        if starts[place] < free_from:
            taken[place] = False
        else:
            free_from = int(ends[place])
    return taken


def known_phrases(parts: Sequence[tuple[int, ...]], size: int) -> KnownPhrases:
    """The trie of ``parts``, phrases of numbers below ``size``."""
    first = np.full(size, -1, np.int32)
    nodes: dict[tuple[int, ...], int] = {}
    steps: dict[int, int] = {}
    phrase_at: dict[int, int] = {}
    for place, phrase in enumerate(parts):
        node = nodes.setdefault(phrase[:1], len(nodes))
        first[phrase[0]] = node
        for end in range(2, len(phrase) + 1):
            reached = nodes.setdefault(phrase[:end], len(nodes))
            steps[node * size + phrase[end - 1]] = reached
            node = reached
        phrase_at[node] = place
    keys = np.array(sorted(steps), np.int64)
    ends = np.full(len(nodes), -1, np.int32)
    ends[list(phrase_at)] = list(phrase_at.values())
    return KnownPhrases(parts, first, keys, np.array([steps[key] for key in keys.tolist()], np.int32), ends)


def read_phrase_list(path: Path) -> list[str]:
    """The phrases of a file, one a line. Raises `CorpusError`."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8: {error.reason}. Phrases are expected in it, one a line.") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror or error}.") from error
    phrases = [line.strip().replace(JOINER, " ") for line in lines if line.strip()]
    if not phrases:
        raise CorpusError(f"{path} holds no phrases. One a line is expected, its words between blanks.")
    return phrases


def title_phrases(titles: Sequence[str]) -> list[str]:
    """Titles without what tells namesakes apart: Mercury (planet), Springfield, Illinois."""
    return [title.partition(" (")[0].partition(", ")[0] for title in titles]


def numbered(phrases: Sequence[str], words: Sequence[str], tokens: TokenParameters) -> list[tuple[int, ...]]:
    """``phrases`` by the numbers of their words, as the corpus was tokenised; those of one word or with unknown words
    are left out, and so is what goes beyond eight words.
    """
    numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD)} if phrases else {}
    found = []
    for phrase in dict.fromkeys(phrases):
        split = tokenise(phrase, tokens)
        parts = [split.words[number - FIRST_WORD] for number in split.ids[:-1].tolist() if number >= FIRST_WORD]
        if 2 <= len(parts) <= _LONGEST and all(part in numbers for part in parts):
            found.append(tuple(numbers[part] for part in parts))
    return list(dict.fromkeys(found))


def cohesive(parts: Sequence[tuple[int, ...]], met: Sequence[int], counts: Counts, uncounted: int = 0) -> list[bool]:
    """Which of ``parts``, met so often, are more than words that follow one another by chance (NPMI).

    ``uncounted`` is how many words there are that ``counts`` leaves out.
    """
    if not parts:
        return []
    total = int(counts[FIRST_WORD:].sum()) + uncounted
    shares = np.log(np.maximum(counts, 1) / total)
    scores = [
        (np.log(times / total) - shares[list(phrase)].sum()) / (-np.log(times / total) * (len(phrase) - 1))
        for phrase, times in zip(parts, met, strict=True)
    ]
    return [bool(score > _TITLE_COHESION) for score in scores]
