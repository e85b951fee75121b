"""Raw text → numbered tokens: words, the pauses that no phrase reaches across, and the ends of sentences.

One regular expression says what a token is. The kernel, where it is compiled, finds the same ones in a third of the
time; it finds each different token once, and what that means is worked out here, whichever found it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import islice

import numpy as np
import numpy.typing as npt

from embeddings.text.characters import LINES, SPELLING, WORD_KINDS, CharacterKind, kinds, members
from embeddings.text.kernel import has_kernel, tidy_ids

Ids = npt.NDArray[np.int32]
"""Tokens by their numbers."""

NOTHING, END, PAUSE = -1, 0, 1
"""Numbers of what is left out, of the end of a sentence and of a pause; words count from `FIRST_WORD`."""
FIRST_WORD = 2
JOINER = "_"
"""Joins the words of a phrase; so it never is part of a word itself."""
LONGEST_SENTENCE = 1_000
"""Words; gensim trains on no more than 10,000 at a time, and text without any full stop has to end somewhere."""

LONGEST_WORD = 1_000
"""Characters; what has more is data and no word, and stands for a pause."""

_ABBREVIATIONS = "Mr Mrs Ms Dr St Mt Jr Sr Prof Gen Col Lt Capt Rev Gov Sen vs"
_DOTTED = "net com org edu gov mil io exe pdf txt zip csv xml html js py mp3 mp4 jpg png gif"
"""Names that begin with their dot: .NET, .com, .pdf."""
_CAPITAL = "[A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]"
_COMPOUND = re.compile("[.,'&‐‑٫٬・-]|(?<!l)·|·(?!l)")
"""Where a compound that is too rare comes apart; the dot of col·lecció is none of those places."""
_MOST_MEANINGS = 1 << 19
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u9fff])|[\u0e01-\u0e3a\u0e81-\u0ebd\u1000-\u104f\u1780-\u17dd]")
"""Kana and ideographs, or Thai, Lao, Burmese and Khmer."""
_CLAUSE, _SAMPLE = 4, 100_000
_JOINERS = "\u200c\u200d"
_DIGIT = re.compile(r"\d")
_BETWEEN_BLANKS = re.compile(r"[^\s\0-\x1f\x7f-\x9f]+|[\n\r\x85\u2028\u2029]")


@cache
def _grammar(below: int) -> re.Pattern[str]:
    """A token: a word, a possessive, the end of a sentence or a line, a pause, emoji, a name that begins with its dot.

    It is for text of characters ``below`` a code: those of later planes, which few texts have, cost time.
    """

    def of(*kinds: CharacterKind) -> str:
        return members(*kinds, below=below)

    word, stop, apostrophe, hidden = (
        of(*WORD_KINDS),
        of(CharacterKind.STOP),
        of(CharacterKind.APOSTROPHE),
        of(CharacterKind.IGNORED),
    )
    possessive = f"[{apostrophe}][sS](?![{word}])"
    # Between letters these make a compound: don't, vice-president, u.s, at&t, 10,000. A quotation mark is a gershayim
    # if no other one follows the Hebrew letters after it. A full stop may be wide between wide digits.
    linking = of(CharacterKind.APOSTROPHE, CharacterKind.HYPHEN, CharacterKind.LINKING)
    within = rf"(?:[.,{linking}]|[\"“”](?<=[א-ת].)(?=[א-ת]+(?![\"“”א-ת]))|[．，](?<=[０-９].)(?=[０-９]))"
    # What may follow a word and be part of it, C++, C++17, Disney+, C#, or makes it an address.
    host = r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    more = (
        rf"\+(?<=[A-Za-z].)(?:\+\d*)?(?![+{word}])|#(?<=\b[A-Za-z].)(?![{word}])"
        rf"|://[!#-;=?-~]*[A-Za-z0-9/]|@{host}|[_+][A-Za-z0-9._+-]{{0,64}}@{host}"
    )
    abbreviated = "".join(rf"(?<!\b{title}\.)" for title in (_CAPITAL, *_ABBREVIATIONS.split()))
    closing, opening = rf"[\"'”’)\]»›」』】）{hidden}]*", rf"[\"'“‘(\[{{¿¡«‹„‚「『【（{hidden}]*"
    dotted = rf"\.(?<![^\s(\[{{\"'“‘/,;:].)(?i:{'|'.join(_DOTTED.split())})(?![{word}])"
    alternatives = [
        # An empty alternative costs less than a group that may be repeated or left out, and few words go on at all.
        rf"[{word}]+(?:(?=[.,\"“”．，{linking}])(?:(?!{possessive}){within}[{word}]+)*|)(?:{more}|)",
        f"[{of(CharacterKind.LINE, CharacterKind.END, CharacterKind.PAUSE)}]",
        rf"[{stop}](?<![{stop}].)[{stop}]*+{abbreviated}{closing}\s++(?={opening}[{of(CharacterKind.CAPITAL)}])",
        possessive,
        dotted,
    ]
    if emoji := of(CharacterKind.EMOJI):
        after = r"[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
        alternatives += [rf"[{emoji}](?:{after}|\u200d[{emoji}\u2190-\u2bff])*", f"[{of(CharacterKind.FLAG)}]{{1,2}}"]
    return re.compile("|".join(alternatives), re.DOTALL)


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


def pattern_of(text: str, splitting: Splitting) -> re.Pattern[str]:
    """What finds the tokens of ``text``."""
    if splitting is Splitting.WHITESPACE:
        return _BETWEEN_BLANKS
    return _grammar(0x10000 if _of_first_plane(text) else 0x110000)


def _of_first_plane(text: str) -> bool:
    """Whether every character of ``text`` is below U+10000, in a hundredth of the time of looking at each."""
    return text.isascii() or len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)


class Meanings(dict[str, str | int]):
    """What each token means that was met in this process, so that one block need not work out what another did."""

    def __init__(self, parameters: TokenParameters) -> None:
        self.meaning = _meaning(parameters)
        self.plain = (
            parameters.case is Case.KEEP and parameters.digits is Digits.KEEP and parameters.min_word_length <= 1
        )
        """Whether ASCII letters and digits are words as they stand."""

    def __missing__(self, token: str) -> str | int:
        if len(self) >= _MOST_MEANINGS:
            self.clear()
        word = self[token] = self.meaning(token)
        return word


@cache
def meanings_of(parameters: TokenParameters) -> Meanings:
    return Meanings(parameters)


def split_compound(word: str) -> list[str]:
    """The parts of a compound (``vice-president``, ``10,000``); the word alone if it is none."""
    return [part for part in _COMPOUND.split(word) if part] or [word]


def unspaced_word(words: Iterable[str]) -> str:
    """A long word of a script without spaces, if many of ``words`` are whole clauses of one; else nothing.

    What was taken apart into words has shorter ones: 2 to 4 ideographs, 4 to 7 letters of Thai or Khmer.
    """
    looked_at = letters = 0
    longest = ""
    total = 0
    for word in islice(words, _SAMPLE):
        total += 1
        if not word.isascii() and (found := _UNSPACED.search(word)):
            looked_at += 1
            letters += len(word) if found[1] else len(word) // 2
            if len(longest) < len(word) <= 40:
                longest = word
    return longest if looked_at > total / 5 and letters > _CLAUSE * looked_at else ""


def _meaning(parameters: TokenParameters) -> Callable[[str], str | int]:
    """A function from a token as found to its word, or to `END`, `PAUSE` or `NOTHING`."""
    spelt = _spelt if parameters.splitting is Splitting.WORDS else _spelt_as_it_is

    lower, shortest = parameters.case is Case.LOWER, max(parameters.min_word_length, 1)
    digits = None if parameters.digits is Digits.KEEP else parameters.digits

    def meaning(found: str) -> str | int:
        if len(found) > LONGEST_WORD:
            return PAUSE
        word = found
        if not (found.isascii() and found.isalnum()):
            spelling = spelt(found)
            if isinstance(spelling, int):
                return spelling
            word = unicodedata.normalize("NFC", spelling)
        if lower:
            word = lowered(word)
        if len(word) < shortest:
            return NOTHING
        if digits and _DIGIT.search(word):
            return PAUSE if digits is Digits.DROP else _DIGIT.sub("#", word)
        return word

    return meaning


def _spelt(found: str) -> str | int:
    """A token of `_grammar` in the one form of its word, or what it stands for."""
    if found.isascii() and found[0].isalnum():
        return PAUSE if "://" in found or "@" in found else found.replace("`", "'")
    kind = kinds()[ord(found[0])]
    if kind > CharacterKind.LINKING:
        if kind in (CharacterKind.LINE, CharacterKind.END):
            return END
        if kind == CharacterKind.PAUSE:
            return PAUSE
        if kind == CharacterKind.STOP:
            return found if found[1:2].isalnum() else END
    if "://" in found or "@" in found:
        return PAUSE
    if found.isascii():
        return found.replace("`", "'")
    word = found.translate(SPELLING)
    if kind != CharacterKind.APOSTROPHE:
        word = word.strip(f"'{_JOINERS}")
    return "" if all(unicodedata.category(character)[0] == "M" for character in word) else word


def _spelt_as_it_is(found: str) -> str | int:
    """A token of `_BETWEEN_BLANKS`. Underscores stay: phrases may have been joined already."""
    if found in LINES:
        return END
    return (
        ""
        if all(kinds()[ord(character)] in (CharacterKind.IGNORED, CharacterKind.JOINER) for character in found)
        else found
    )


def lowered(word: str) -> str:
    """``word`` in small letters. The Turkish İ is an i, without the dot that Unicode leaves behind."""
    return (word if word.isascii() else word.replace("İ", "i")).lower()


def tidy(ids: Ids, min_sentence_length: int = 1, becomes: Ids | None = None) -> Ids:
    """``ids`` without what says nothing: tokens that stand for nothing, pauses next to a pause or an end, ends of
    sentences without words. Sentences that are too short are left out, those that are too long are cut.

    ``becomes`` says what each number stands for, where that is not itself.
    """
    if has_kernel():
        ids, longest = tidy_ids(ids, becomes)
        fit = min_sentence_length <= 1 and longest <= LONGEST_SENTENCE
        return ids if fit else _fit_sentences(ids, min_sentence_length)
    return _fit_sentences(_tidied(ids if becomes is None else becomes[ids]), min_sentence_length)


def _tidied(ids: Ids) -> Ids:
    ids = ids[ids != NOTHING]
    if not len(ids) or ids[-1] != END:
        ids = np.append(ids, np.int32(END))
    before = np.concatenate(([END], ids[:-1]))
    ids = ids[(ids >= FIRST_WORD) | (before >= FIRST_WORD) | ((ids == END) & (before == PAUSE))]
    # A pause before an end goes; an end that is then preceded by an end goes as well.
    after = np.append(ids[1:], np.int32(END))
    ids = ids[~((ids == PAUSE) & (after == END))]
    kept: Ids = ids[(ids != END) | (np.concatenate(([END], ids[:-1])) != END)]
    return kept


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
