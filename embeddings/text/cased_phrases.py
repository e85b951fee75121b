"""Phrases → joined where a text writes them as they are written: the band New Order, but not a new order.

A token is its word and whether it has a capital, one number for both, so that a phrase is found by the trie that finds
phrases whatever their case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from embeddings.text.capitals import Flags
from embeddings.text.kernel import Trait
from embeddings.text.names import Name
from embeddings.text.phrase_lists import KnownPhrases, known_phrases
from embeddings.text.phrases import Counts
from embeddings.text.spellings import Spellings
from embeddings.text.tokens import FIRST_WORD, Ids

_MOST_EITHER = 3
"""Connecting words of a name that are looked for in either case, each apart."""


@dataclass(frozen=True, slots=True, eq=False)
class CasedPhrases:
    """Phrases by the numbers of their words, and the patterns in which each is found."""

    phrases: Sequence[Name]
    trie: KnownPhrases
    phrase_of: npt.NDArray[np.int32]
    """[patterns] place in ``phrases``."""
    lengths: npt.NDArray[np.int64]
    """[phrases] words of each."""

    def find(self, ids: Ids, spellings: Spellings) -> tuple[Counts, Counts]:
        """Where phrases begin in ``ids``, tokens as they are spelled, and which, the longest at each place."""
        cased = 2 * spellings.word_of + spellings.has(Trait.CAPITAL)
        places, patterns = self.trie.find(ids, cased)
        return places, self.phrase_of[patterns].astype(np.int64)

    def join(self, ids: Ids, spellings: Spellings, places: Counts, phrases: Counts) -> Ids:
        """The words of a block with the ``phrases`` at ``places`` joined, numbered on from the words."""
        out, keep = spellings.word_of.take(ids), np.ones(len(ids), bool)
        out[places] = len(spellings.words) + FIRST_WORD + phrases
        lengths = self.lengths[phrases]
        for step in range(1, int(self.lengths.max(initial=1))):
            keep[places[lengths > step] + step] = False
        return out[keep]


def cased_phrases(names: Iterable[Name], terms: Iterable[Name], spellings: Spellings) -> CasedPhrases:
    """``names`` are found where their words have capitals, connecting words in either case; ``terms`` in small
    letters and in titles as well.
    """
    cased, connecting = spellings.cased_words(), spellings.connecting_words()
    of_phrase: dict[Name, set[Name]] = {}
    for name in names:
        of_phrase.setdefault(name, set()).update(_as_name(name, cased, connecting))
    for term in terms:
        small = tuple(2 * word for word in term)
        first = (small[0] + int(cased[term[0]]), *small[1:])
        of_phrase.setdefault(term, set()).update((small, first, *_as_name(term, cased, connecting)))
    phrases = list(of_phrase)
    patterns = [(pattern, place) for place, phrase in enumerate(phrases) for pattern in sorted(of_phrase[phrase])]
    lengths = np.fromiter(map(len, phrases), np.int64, len(phrases))
    trie = known_phrases([pattern for pattern, _ in patterns], 2 * (len(spellings.words) + FIRST_WORD))
    return CasedPhrases(phrases, trie, np.array([place for _, place in patterns], np.int32), lengths)


def _as_name(name: Name, cased: Flags, connecting: Flags) -> list[Name]:
    """The name in capitals, with its connecting words in either case."""
    either = [place for place, word in enumerate(name) if place and connecting[word]]
    capitals = tuple(2 * word + int(cased[word]) for word in name)
    cases: Iterable[tuple[int, ...]] = product((0, 1), repeat=len(either))
    if len(either) > _MOST_EITHER:
        cases = [(0,) * len(either), (1,) * len(either)]
    found = []
    for case in cases:
        pattern = list(capitals)
        for place, capital in zip(either, case, strict=True):
            pattern[place] = 2 * name[place] + capital
        found.append(tuple(pattern))
    return found
