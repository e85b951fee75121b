"""Words as a text writes them: which spellings are one word, and what their capitals say."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.text.kernel import SpelledTokens, Trait, has_kernel
from embeddings.text.numbering import WordNumbers
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

    def numbers_of(self, words: Collection[str]) -> dict[str, int]:
        """The numbers of a few words, those left out that are not there."""
        return {word: number for number, word in enumerate(self.words, start=FIRST_WORD) if word in words}

    def cased_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may have capitals."""
        cased = np.ones(len(self.words) + FIRST_WORD, bool)
        cased[self.word_of[self.has(Trait.CASELESS)]] = False
        return cased

    def connecting_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may stand within a name without a capital."""
        return np.array([False] * FIRST_WORD + [word in CLOSE or word in LOOSE for word in self.words])


def words_of(texts: Sequence[str], case: Case) -> tuple[WordNumbers, Ids]:
    """The words that spellings are, and [spellings + 2] the number of each spelling's."""
    lines, numbers = "\n".join((*texts, "")), WordNumbers(by_kernel=has_kernel())
    own = np.arange(FIRST_WORD, dtype=np.int32)
    return numbers, np.concatenate((own, numbers.of_lines(lowered(lines) if case is Case.LOWER else lines)))


def spellings_of(texts: Sequence[str], case: Case) -> Spellings:
    """What there is to know of ``texts``, spellings in the order of appearance."""
    words, word_of = words_of(texts, case)
    traits = np.zeros(len(texts) + FIRST_WORD, np.uint8)
    traits[FIRST_WORD:] = _traits_of(texts)
    return Spellings(texts, words.words, word_of, traits)


def _traits_of(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """What is asked of all spellings at once costs a tenth of what it costs for each of them."""
    if not texts:
        return np.empty(0, np.int64)
    letters, lengths = _letters_of("\n".join((*texts, "")))
    capital, alone = letters & _HAS_LOWER != 0, lengths == 1
    traits = Trait.CAPITAL * capital + Trait.INITIAL * (capital & alone)
    traits += Trait.SHOUTED * (~alone & (letters & (_HAS_LOWER | _IS_UPPER | _IS_LOWER) == _HAS_LOWER | _IS_UPPER))
    few = np.flatnonzero(lengths <= _LONGEST_JOINING).tolist()
    joins = np.zeros(len(texts), np.int64)
    joins[few] = [_JOINS.get(texts[number], 0) for number in few]
    traits += joins + Trait.CASELESS * ((letters & (_HAS_LOWER | _HAS_UPPER) == 0) & (joins == 0))
    traits[[number for number in few if texts[number].lower() in ARTICLES]] += Trait.ARTICLE
    return np.asarray(traits, np.int64)


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
