"""Words as a text writes them: which spellings are one word, and what their capitals say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
_JOINS = dict.fromkeys(LOOSE, 2) | dict.fromkeys(CLOSE, 1)
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
    capital: npt.NDArray[np.bool_]
    """[spellings + 2] has a capital letter."""
    shouted: npt.NDArray[np.bool_]
    """[spellings + 2] is all in capitals, two or more."""
    initial: npt.NDArray[np.bool_]
    """[spellings + 2] is one capital."""
    joins: npt.NDArray[np.int8]
    """[spellings + 2] 1 of `CLOSE`, 2 of `LOOSE`, 0 any other; a pause and an end are others."""
    article: npt.NDArray[np.bool_]
    caseless: npt.NDArray[np.bool_]
    """[spellings + 2] has no letters that could be capitals: a number, a word of another script."""

    def cased_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may have capitals."""
        cased = np.ones(len(self.words) + FIRST_WORD, bool)
        cased[self.word_of[self.caseless]] = False
        return cased

    def connecting_words(self) -> npt.NDArray[np.bool_]:
        """[words + 2] which words may stand within a name without a capital."""
        return np.array([False] * FIRST_WORD + [word in CLOSE or word in LOOSE for word in self.words])


def spellings_of(texts: Sequence[str], case: Case) -> Spellings:
    """What there is to know of ``texts``, spellings in the order of appearance."""
    flags = [np.zeros(FIRST_WORD, bool) for _ in range(5)]
    capital, shouted, initial, article, caseless = flags
    joins, word_of = np.zeros(FIRST_WORD, np.int8), np.arange(FIRST_WORD, dtype=np.int32)
    return with_more(Spellings((), (), {}, word_of, capital, shouted, initial, joins, article, caseless), texts, case)


def with_more(known: Spellings, texts: Sequence[str], case: Case) -> Spellings:
    """``known`` and what there is to know of ``texts`` beyond it; the first of them are the known ones."""
    new = texts[len(known.word_of) - FIRST_WORD :]
    if not new:
        return known
    size = len(texts) + FIRST_WORD
    word_of = np.empty(size, np.int32)
    capital, shouted, initial, article, caseless = (np.zeros(size, bool) for _ in range(5))
    joins = np.zeros(size, np.int8)
    begin = len(known.word_of)
    word_of[:begin], joins[:begin] = known.word_of, known.joins
    capital[:begin], shouted[:begin], initial[:begin] = known.capital, known.shouted, known.initial
    article[:begin], caseless[:begin] = known.article, known.caseless
    # What is asked of all spellings at once costs a tenth of what it costs for each of them.
    together = "\n".join((*new, ""))
    lower = lowered(together).split("\n")[:-1]
    keys = lower if case is Case.LOWER else new
    numbers = dict(known.numbers)
    word_of[begin:] = [numbers.setdefault(key, len(numbers) + FIRST_WORD) for key in keys]
    letters, lengths = _letters_of(together)
    capital[begin:] = letters & _HAS_LOWER
    initial[begin:] = capital[begin:] & (lengths == 1)
    shouted[begin:] = (letters & (_HAS_LOWER | _IS_UPPER | _IS_LOWER) == _HAS_LOWER | _IS_UPPER) & (lengths > 1)
    few = begin + np.flatnonzero(lengths <= _LONGEST_JOINING)
    joins[few] = [_JOINS.get(texts[number - FIRST_WORD], 0) for number in few.tolist()]
    article[few] = [lower[number - begin] in ARTICLES for number in few.tolist()]
    caseless[begin:] = (letters & (_HAS_LOWER | _HAS_UPPER) == 0) & (joins[begin:] == 0)
    return Spellings(texts, list(numbers), numbers, word_of, capital, shouted, initial, joins, article, caseless)


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
