"""Raw text → numbered tokens: words, the pauses that no phrase reaches across, and the ends of sentences.

One regular expression finds all three in one pass; what a token means is then worked out once for each different token
of a block and not once for each occurrence. Measured on English Wikipedia, that is 2.5 million tokens a second and
process, where finding the words alone with ``\\w+`` and a pass for the sentences takes twice as long.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]
"""Tokens by their numbers."""

END, PAUSE = 0, 1
"""Numbers of the end of a sentence and of a pause; words count from `FIRST_WORD`."""
FIRST_WORD = 2
JOINER = "_"
"""Joins the words of a phrase; so it never is part of a word itself."""
LONGEST_SENTENCE = 1_000
"""Words; gensim trains on no more than 10,000 at a time, and text without any full stop has to end somewhere."""

# What separates words is listed, and not what makes them up, since Python's \w leaves out the vowel signs and accents
# that many scripts write as characters of their own.
_SEPARATOR = (
    r"\s!-/:-@\[-`{-©«-±´¶-¸»¿×÷\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u3000-\u3004\u3008-\u3020\u3030"
    r"\ufe30-\ufe4f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\ufffd\ufeff"
)
_LETTERS = f"[^{_SEPARATOR}]+"
_POSSESSIVE = f"['’][sS](?!{_LETTERS})"
_WITHIN = "[.,'’&‐‑-]"  # between letters these make a compound: don't, vice-president, u.s, at&t, 10,000
_TITLES = (
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "St",
    "Mt",
    "Jr",
    "Sr",
    "Prof",
    "Gen",
    "Col",
    "Lt",
    "Capt",
    "Rev",
    "Gov",
    "Sen",
    "vs",
)
_ABBREVIATED = "".join(rf"(?<!\b{title}\.)" for title in ("[A-Z]", *_TITLES))
_TOKEN = re.compile(
    rf"{_LETTERS}(?:(?!{_POSSESSIVE}){_WITHIN}{_LETTERS})*"
    rf"|{_POSSESSIVE}"
    rf"|[.!?]+{_ABBREVIATED}[\"'”’)\]]*\s+(?=[\"'“‘(\[]*[^\W\d_a-z])"
    r"|[。！？]|\n|[,;:()–—]"
)
_BETWEEN_BLANKS = re.compile(r"\S+|\n")
_TYPOGRAPHIC = str.maketrans("’‐‑", "'--")
_NOTHING = -1
_DIGIT = re.compile(r"\d")


class Case(StrEnum):
    LOWER = "lower"
    KEEP = "keep"


class Digits(StrEnum):
    KEEP = "keep"
    MASK = "mask"
    DROP = "drop"


class Splitting(StrEnum):
    WORDS = "words"
    WHITESPACE = "whitespace"


@dataclass(frozen=True, slots=True)
class TokenParameters:
    """How text becomes words. Each field is an option of ``thisplusthat train``."""

    splitting: Splitting = field(
        default=Splitting.WORDS,
        metadata={"help": "words: split at punctuation, too; whitespace: the text is tokenised, one sentence a line."},
    )
    case: Case = field(default=Case.LOWER, metadata={"help": "lower: The and the are one word; keep: they are two."})
    digits: Digits = field(
        default=Digits.KEEP, metadata={"help": "keep them, mask each as #, or drop every word that has one."}
    )
    min_word_length: int = field(default=1, metadata={"help": "Drop words of fewer letters.", "min": 1})
    min_sentence_length: int = field(default=1, metadata={"help": "Drop sentences of fewer words.", "min": 1})


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of a block of text: ``words`` counted from `FIRST_WORD` in the order of appearance, and ``ids``."""

    words: Sequence[str]
    ids: Ids

    def __len__(self) -> int:
        """Number of words that the block has."""
        return int((self.ids >= FIRST_WORD).sum())


def tokenise(text: str, parameters: TokenParameters) -> Tokens:
    """The words, pauses and ends of sentences of ``text``, which ends with a sentence."""
    found = (_TOKEN if parameters.splitting is Splitting.WORDS else _BETWEEN_BLANKS).findall(text)
    numbers = _Numbers(_meaning(parameters))
    ids = np.fromiter(map(numbers.__getitem__, found), np.int32, len(found))
    return Tokens(list(numbers.words), tidy(ids, parameters.min_sentence_length))


class _Numbers(dict[str, int]):
    """The number of each token; what it means is worked out when it is first met, so that one pass is enough."""

    def __init__(self, meaning: Callable[[str], str | int]) -> None:
        self.meaning = meaning
        self.words: dict[str, int] = {}

    def __missing__(self, token: str) -> int:
        word = self.meaning(token)
        number = word if isinstance(word, int) else self.words.setdefault(word, len(self.words) + FIRST_WORD)
        self[token] = number
        return number


def split_compound(word: str) -> list[str]:
    """The parts of a compound (``vice-president``, ``10,000``); the word alone if it is none."""
    return [part for part in re.split(_WITHIN, word) if part] or [word]


def _meaning(parameters: TokenParameters) -> Callable[[str], str | int]:
    """A function from a token as found to its word, or to `END`, `PAUSE` or `_NOTHING`."""

    def meaning(found: str) -> str | int:
        if parameters.splitting is Splitting.WORDS:
            if found[0] in "\n.!?。！？":
                return END
            if found in ",;:()–—":
                return PAUSE
            word = found if found.isascii() else found.translate(_TYPOGRAPHIC)
        elif found == "\n":
            return END
        else:
            word = found  # underscores are kept here: phrases may have been joined already
        if not word.isascii():
            word = unicodedata.normalize("NFC", word)
        if parameters.case is Case.LOWER:
            word = word.lower()
        if len(word) < parameters.min_word_length:
            return _NOTHING
        if parameters.digits is not Digits.KEEP and _DIGIT.search(word):
            return PAUSE if parameters.digits is Digits.DROP else _DIGIT.sub("#", word)
        return word

    return meaning


def tidy(ids: Ids, min_sentence_length: int = 1) -> Ids:
    """``ids`` without what says nothing: tokens that stand for nothing, pauses next to a pause or an end, ends of
    sentences without words. Sentences that are too short are left out, those that are too long are cut.
    """
    ids = ids[ids != _NOTHING]
    if not len(ids) or ids[-1] != END:
        ids = np.append(ids, np.int32(END))
    before = np.concatenate(([END], ids[:-1]))
    ids = ids[(ids >= FIRST_WORD) | (before >= FIRST_WORD) | ((ids == END) & (before == PAUSE))]
    # A pause before an end goes; an end that is then preceded by an end goes as well.
    after = np.append(ids[1:], np.int32(END))
    ids = ids[~((ids == PAUSE) & (after == END))]
    ids = ids[(ids != END) | (np.concatenate(([END], ids[:-1])) != END)]
    return _fit_sentences(ids, min_sentence_length)


def _fit_sentences(ids: Ids, shortest: int) -> Ids:
    ends = np.flatnonzero(ids == END)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    lengths = ends - starts
    if shortest > 1:
        counted = np.concatenate(([0], np.cumsum(ids >= FIRST_WORD)))
        keep = counted[ends] - counted[starts] >= shortest
        if not keep.all():
            return _fit_sentences(ids[np.repeat(keep, lengths + 1)], 1)
    cuts = [
        place
        for start, length in zip(starts[lengths > LONGEST_SENTENCE], lengths[lengths > LONGEST_SENTENCE], strict=True)
        for place in range(start + LONGEST_SENTENCE, start + length, LONGEST_SENTENCE)
    ]
    return np.insert(ids, cuts, END).astype(np.int32) if cuts else ids
