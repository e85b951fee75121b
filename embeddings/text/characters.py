"""The kind of each character for the tokeniser, by Unicode category and a few lists.

This is the whole table. `kinds` gives it as bytes, a kind for each code point, to whoever does not want to use regular
expressions; `members` gives it as a character class of `re`. What is here and what `tokens` says of its grammar are the
rules.
"""

import re
import unicodedata
from collections import defaultdict
from enum import IntEnum
from functools import cache


class CharacterKind(IntEnum):
    """What a character does."""

    SEPARATOR = 0
    """It parts words and is none: blanks, controls, most symbols and punctuation."""
    CAPITAL = 1
    """A letter that a sentence may begin with: upper and title case, and all letters of scripts without case."""
    LETTER = 2
    """Any other letter, a mark or a number: with the capitals, what words are made of."""
    IGNORED = 3
    """It never splits a word and is no part of it: soft hyphens, word joiners, variation selectors, tatweel."""
    JOINER = 4
    """ZWNJ and ZWJ: kept within a word, dropped at its edges."""
    APOSTROPHE = 5
    HYPHEN = 6
    LINKING = 7
    """Middle dots, gershayim and separators of digits: between letters they belong to the word."""
    PAUSE = 8
    """It parts words, and no phrase reaches across: commas, colons, brackets, dashes."""
    END = 9
    """It ends a sentence wherever it stands."""
    STOP = 10
    """It ends a sentence before blanks and a capital."""
    LINE = 11
    """It ends a line, and with it a sentence."""
    EMOJI = 12
    """The first of a sequence of emoji, which is one word."""
    FLAG = 13
    """Half a flag."""


APOSTROPHES = "'’‘‛ʼ´`′＇՚׳"
HYPHENS = "-‐‑־֊᠆－﹣"
MIDDLE_DOTS = "·‧・･"
GERSHAYIM = "״"
STOPS = ".!?…"
LINES = "\n\r\x85\u2028\u2029"

_ENDS = (
    "。！？．｡﹒﹖﹗"  # Chinese, Japanese
    "؟۔؝؞"  # Arabic, Urdu
    "।॥"  # the scripts of India
    "\u037e׃։"  # Greek question mark, Hebrew, Armenian
    "።፧፨"  # Ethiopic
    "།༎"  # Tibetan
    "၊။។៕"  # Burmese, Khmer
    "᠃᠉෴჻܀܁܂߹᙮᜵᜶᥄᥅"  # Mongolian, Sinhala, Georgian, Syriac, N'Ko, Canadian, Philippine, Limbu
    "᪨᪩᪪᪫᭚᭛᭞᭟᭽᭾᰻᰼᱾᱿࠷࠹࠽࠾"
    "꓿꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉꩝꩞꩟꫰꫱꯫"
    "‼‽⁇⁈⁉⸮⸼"
    "\U00011047\U00011048\U000110be\U000110bf\U000110c0\U000110c1\U00011141\U00011142\U000111c5\U000111c6"
    "\U0001144b\U0001144c\U00011944\U00011946\U00011c41\U00011c42\U00016a6e\U00016a6f\U00016af5"
)
_PAUSES = ",;:、，：；﹐﹑﹔﹕､،؛՝፣፤፥፦༈༔᠂᠄᠅᠈߸꓾꘍꛴꛵꛶꧇᭝᰽᰾᰿᛫᛬᛭⸲⸴⹁⹌܃܄܅܆܇܈܉܊܌"
_LINKING = MIDDLE_DOTS + GERSHAYIM + "٫٬&＆"
_IGNORED = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u200e\u200f\u2060\ufeff"
    "ـߺ"  # tatweel and its like stretch a word
    "՛՜՞՟"  # Armenian marks of stress, exclamation, question and abbreviation stand above a letter
)
_ONE_FORM = {'"': GERSHAYIM, "“": GERSHAYIM, "”": GERSHAYIM, "‧": "·", "．": ".", "，": ","}
_ENDS_BY_RANGE = (
    (0x1B4E, 0x1B4F), (0x1B7F, 0x1B7F), (0x2CF9, 0x2CFB), (0x2E53, 0x2E54), (0xFE12, 0xFE12), (0xFE15, 0xFE16),
    (0x10A56, 0x10A57), (0x10F55, 0x10F59), (0x10F86, 0x10F89), (0x11143, 0x11143), (0x111CD, 0x111CD),
    (0x111DE, 0x111DF), (0x11238, 0x11239), (0x1123B, 0x1123C), (0x112A9, 0x112A9), (0x113D4, 0x113D5),
    (0x115C2, 0x115C3), (0x115C9, 0x115D7), (0x11641, 0x11642), (0x1173C, 0x1173E), (0x11A42, 0x11A43),
    (0x11A9B, 0x11A9C), (0x11EF7, 0x11EF8), (0x11F43, 0x11F44), (0x16B37, 0x16B38), (0x16B44, 0x16B44),
    (0x16D6E, 0x16D6F), (0x16E98, 0x16E98), (0x1BC9F, 0x1BC9F), (0x1DA88, 0x1DA88),
)  # fmt: skip
"""The other ends of sentences that Unicode 16 has (Sentence_Terminal), of scripts that are seldom met."""
_BLANK_LETTERS = "\u2800\u3164\uffa0"
_JOINERS = "\u200c\u200d"
_EMOJI = (0x1F000, 0x1FAFF)
_BY_RANGE = (
    (0x202A, 0x202E, CharacterKind.IGNORED),
    (0x2061, 0x2064, CharacterKind.IGNORED),
    (0x2066, 0x206F, CharacterKind.IGNORED),
    (0x2801, 0x28FF, CharacterKind.LETTER),  # Braille
    (0x2E80, 0x2FDF, CharacterKind.LETTER),  # radicals, which PDF files have in the place of ideographs
    (0xFDD0, 0xFDEF, CharacterKind.SEPARATOR),  # no characters
    (0xFE00, 0xFE0F, CharacterKind.IGNORED),
    (0x1D173, 0x1D17A, CharacterKind.IGNORED),
    (0x1F1E6, 0x1F1FF, CharacterKind.FLAG),
    (0xE0000, 0xE0FFF, CharacterKind.IGNORED),
    *((first, last, CharacterKind.END) for first, last in _ENDS_BY_RANGE),
)
_FORMS = ("<initial>", "<medial>", "<final>", "<isolated>", "<wide>", "<narrow>", "<font>")
_OLD_FORMS = ((0x132, 0x1F3), (0x2E80, 0x2FDF), (0xFB00, 0xFB4F))
"""Ligatures, digraphs, the long s, radicals: letters that Unicode has for the sake of other encodings."""

_BY_LIST = {
    **dict.fromkeys(_ENDS, CharacterKind.END),
    **dict.fromkeys(_PAUSES, CharacterKind.PAUSE),
    **dict.fromkeys(_LINKING, CharacterKind.LINKING),
    **dict.fromkeys(_IGNORED, CharacterKind.IGNORED),
    **dict.fromkeys(_BLANK_LETTERS, CharacterKind.SEPARATOR),
    **dict.fromkeys(_JOINERS, CharacterKind.JOINER),
    **dict.fromkeys(APOSTROPHES, CharacterKind.APOSTROPHE),
    **dict.fromkeys(HYPHENS, CharacterKind.HYPHEN),
    **dict.fromkeys(STOPS, CharacterKind.STOP),
    **dict.fromkeys(LINES, CharacterKind.LINE),
}
_BY_CATEGORY = {
    "Lu": CharacterKind.CAPITAL,
    "Lt": CharacterKind.CAPITAL,
    "Lo": CharacterKind.CAPITAL,
    "Lm": CharacterKind.LETTER,
    "Ll": CharacterKind.LETTER,
    "Mn": CharacterKind.LETTER,
    "Mc": CharacterKind.LETTER,
    "Me": CharacterKind.IGNORED,
    "Nd": CharacterKind.LETTER,
    "Nl": CharacterKind.LETTER,
    "No": CharacterKind.LETTER,
    "Cn": CharacterKind.LETTER,  # a later edition of Unicode has given it to a script
    "Co": CharacterKind.LETTER,
    "Pd": CharacterKind.PAUSE,
    "Ps": CharacterKind.PAUSE,
    "Pe": CharacterKind.PAUSE,
}
_KNOWN_UP_TO = 0x20000
"""Beyond it there are ideographs, and nothing else but what `_BY_RANGE` has."""
WORD_KINDS = (CharacterKind.CAPITAL, CharacterKind.LETTER, CharacterKind.IGNORED, CharacterKind.JOINER)


def kind_of(character: str) -> CharacterKind:
    """The kind of one character."""
    return CharacterKind(kinds()[ord(character)])


@cache
def kinds() -> bytes:
    """A `CharacterKind` for each code point, [0x110000]."""
    by_category = defaultdict(lambda: CharacterKind.SEPARATOR, _BY_CATEGORY)
    categories = list(map(unicodedata.category, map(chr, range(_KNOWN_UP_TO))))
    table = bytearray(map(by_category.__getitem__, categories))
    for code in range(_EMOJI[0], _EMOJI[1] + 1):
        if categories[code] in ("So", "Sk", "Cn"):
            table[code] = CharacterKind.EMOJI
    table += bytes([CharacterKind.CAPITAL]) * (0x110000 - _KNOWN_UP_TO)
    for first, last, kind in _BY_RANGE:
        table[first : last + 1] = bytes([kind]) * (last + 1 - first)
    for code in (*range(0xFFFE, 0x110000, 0x10000), *range(0xFFFF, 0x110000, 0x10000)):  # no characters
        table[code] = CharacterKind.SEPARATOR
    for character, kind in _BY_LIST.items():
        table[ord(character)] = kind
    return bytes(table)


@cache
def members(*wanted: CharacterKind, below: int = 0x110000) -> str:
    """The characters of the kinds ``wanted``, among those ``below`` a code, as they stand in brackets in `re`."""
    chosen = kinds()[:below].translate(bytes(kind in wanted for kind in range(256)))
    return "".join(rf"\U{run.start():08x}-\U{run.end() - 1:08x}" for run in re.finditer(b"\1+", chosen))


class _Spelling(dict[int, "str | int | None"]):
    """For `str.translate`: how a character of a word is written; worked out when it is first met."""

    def __missing__(self, code: int) -> "str | int | None":
        spelt = self[code] = _spelling(chr(code))
        return spelt


def _spelling(character: str) -> str | int | None:
    """One form for what is written in several: apostrophes, hyphens, ligatures, wide and narrow letters."""
    kind = kind_of(character)
    if kind is CharacterKind.IGNORED:
        return None
    if kind is CharacterKind.APOSTROPHE:
        return "'"
    if kind is CharacterKind.HYPHEN:
        return "-"
    if character in _ONE_FORM:
        return _ONE_FORM[character]
    tag, _, codes = unicodedata.decomposition(character).partition(" ")
    old = tag == "<compat>" and any(first <= ord(character) <= last for first, last in _OLD_FORMS)
    if not old and tag not in _FORMS:
        return ord(character)
    spelt = "".join(chr(int(code, 16)) for code in codes.split()).translate(SPELLING)
    of_words = all(
        kind_of(one) in (*WORD_KINDS, CharacterKind.APOSTROPHE, CharacterKind.HYPHEN, CharacterKind.LINKING)
        for one in spelt
    )
    return spelt if of_words else ord(character)


SPELLING = _Spelling()
