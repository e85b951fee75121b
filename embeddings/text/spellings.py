"""Words as a text writes them: which spellings are one word, and what their capitals say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from embeddings.text.kernel import SpelledTokens, Trait
from embeddings.text.phrases import Counts
from embeddings.text.tokens import FIRST_WORD, Case, Ids, lowered

POSSESSIVE = "'s"
CLOSE = frozenset(
    "of the de la del della di da das do dos von van der den du des le les el al bin ibn y e i & zu zur am ter ten "
    "af av".split()
) | {POSSESSIVE}
"""Words that stand within a name of their own accord."""
LOOSE = frozenset("a an and or in on for at to with from by as under over into upon und et".split())
"""Words that stand within a name, but between two names as well."""
ARTICLES = frozenset(("the", "a", "an"))
_JOINS = dict.fromkeys(LOOSE, Trait.LOOSE) | dict.fromkeys(CLOSE, Trait.CLOSE)
_LONGEST_JOINING = max(map(len, _JOINS))
_HAS_LOWER, _HAS_UPPER, _IS_UPPER, _IS_LOWER = 1, 2, 4, 8
"""Of a letter: there is a small one for it, there is a capital one for it, it is one, it is a small or a title one."""


@dataclass(frozen=True, slots=True, eq=False)
class Spellings:
    """The spellings of a corpus, numbered from `FIRST_WORD`, and the words that they are."""

    texts: Sequence[str]
    words: Sequence[str]
    """In the order of appearance."""
    numbers: Mapping[str, int]
    """Of the words."""
    word_of: Ids
    """[spellings + 2] number of the word that each is."""
    traits: npt.NDArray[np.uint8]
    """[spellings + 2] what is known of each, the sum of its `Trait`s."""

    def has(self, trait: Trait) -> npt.NDArray[np.bool_]:
        """[spellings + 2] of which it is true."""
        found: npt.NDArray[np.bool_] = (self.traits & trait) != 0
        return found

    @property
    def tokens(self) -> SpelledTokens:
        """What the kernel reads a text by."""
        return SpelledTokens(self.traits, self.word_of)

    def cased_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may have capitals."""
        cased = np.ones(len(self.words) + FIRST_WORD, bool)
        cased[self.word_of[self.has(Trait.CASELESS)]] = False
        return cased

    def connecting_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may stand within a name without a capital."""
        return np.array([False] * FIRST_WORD + [word in CLOSE or word in LOOSE for word in self.words])


def spellings_of(texts: Sequence[str], case: Case) -> Spellings:
    """What there is to know of ``texts``, spellings in the order of appearance."""
    word_of = np.arange(FIRST_WORD, dtype=np.int32)
    return with_more(Spellings((), (), {}, word_of, np.zeros(FIRST_WORD, np.uint8)), texts, case)


def with_more(known: Spellings, texts: Sequence[str], case: Case) -> Spellings:
    """``known`` and what there is to know of ``texts`` beyond it; the first of them are the known ones."""
    new = texts[len(known.word_of) - FIRST_WORD :]
    if not new:
        return known
    # What is asked of all spellings at once costs a tenth of what it costs for each of them.
    together = "\n".join((*new, ""))
    lower = lowered(together).split("\n")[:-1]
    numbers = defaultdict(count(len(known.numbers) + FIRST_WORD).__next__, known.numbers)
    keys = lower if case is Case.LOWER else new
    word_of = np.fromiter(map(numbers.__getitem__, keys), np.int32, len(new))
    letters, lengths = _letters_of(together)
    capital = letters & _HAS_LOWER != 0
    alone, joins = lengths == 1, np.zeros(len(new), np.uint8)
    traits = Trait.CAPITAL * capital + Trait.INITIAL * (capital & alone)
    traits += Trait.SHOUTED * (~alone & (letters & (_HAS_LOWER | _IS_UPPER | _IS_LOWER) == _HAS_LOWER | _IS_UPPER))
    few = np.flatnonzero(lengths <= _LONGEST_JOINING)
    joins[few] = [_JOINS.get(new[number], 0) for number in few.tolist()]
    traits += joins + Trait.CASELESS * ((letters & (_HAS_LOWER | _HAS_UPPER) == 0) & (joins == 0))
    traits[few] += np.array([Trait.ARTICLE * (lower[number] in ARTICLES) for number in few.tolist()], traits.dtype)
    return Spellings(
        texts,
        list(numbers),
        dict(numbers),
        np.concatenate((known.word_of, word_of)),
        np.concatenate((known.traits, traits.astype(np.uint8))),
    )


def _letters_of(lines: str) -> tuple[npt.NDArray[np.uint8], Counts]:
    """What there is among the letters of each of ``lines``, and how many they are."""
    codes = np.frombuffer(lines.encode("utf-32-le", "surrogatepass"), np.uint32)
    ends = np.flatnonzero(codes == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    different = np.flatnonzero(np.bincount(codes))
    flags = np.zeros(different[-1] + 1, np.uint8)
    flags[different] = [_flags_of(chr(code)) for code in different.tolist()]
    return np.bitwise_or.reduceat(flags[codes], starts), ends - starts


def _flags_of(letter: str) -> int:
    upper = letter.isupper()
    lower = not upper and (letter.islower() or letter.istitle())
    changes = _HAS_LOWER * (letter.lower() != letter) | _HAS_UPPER * (letter.upper() != letter)
    return changes | _IS_UPPER * upper | _IS_LOWER * lower
