"""The words, quoted terms and operators that a query is made of, in the order in which they stand."""

import itertools
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from embeddings.errors import QueryError
from embeddings.query.kinds import SEPARATORS

_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SPACES = "\\s\ufeff\u200b"
_SIGNS = sorted((separator.sign for separator in SEPARATORS.values()), key=len, reverse=True)
_FIRST = "".join(re.escape(sign[0]) for sign in _SIGNS)
_LONE = "|".join(f"{re.escape(sign[0])}(?!{re.escape(sign[1:])})" for sign in _SIGNS if len(sign) > 1)
"""The first of a sign of several characters is a part of a word where the rest does not follow: ``a<b``."""
_IN_WORD = f'[^{_SPACES}{_DASHES}"“”„«»:：∶∷，、?？()（）*×＊+＋{_FIRST}]'
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_WITH_COMMAS = r"""
      (?<!\w) [0-9]{1,3} (?:,[0-9]{2,3})* ,[0-9]{3} (?!,?[0-9])                  # 10,000 and 1,00,000
    | (?<![\w,.:]) [0-9]+ ,[0-9]+ (?![,.:]?[0-9])                                # 3,14
    | (?<![\w,.]) [0-9]{1,3} (?:\.[0-9]{3})+ ,[0-9]+ (?![,.]?[0-9])              # 1.000,50
"""
_TOKEN = rf"""
    [{_SPACES}]+
  | (?P<word> (?: {_WITH_COMMAS}                                           # a comma within a number, or
                | (?<=[0-9]) : (?=[0-9])                                   # a colon, is part of it: 10:30
                | {_IN_WORD} | {_LONE}
                | (?<={_IN_WORD}) [{_DASHES}]+ (?={_IN_WORD})              # so is vice-president
                | (?<={_IN_WORD}) [+]{{2,}} (?!{_IN_WORD})                 # and c++
              )+ )
  | (?P<quoted> "(?: \\["\\] | [^"] )*" | [“„][^”“]*[”“] | «[^»]*» )
  | (?P<symbol> ::|∷|：：|{"|".join(map(re.escape, _SIGNS))} | [:：∶，、?？()（）*×＊+＋{_DASHES}] )
  | (?P<other> . )
"""
"""It is compiled for the first query that is not a plain one: that takes longer than most modules to import."""
_CANONICAL = dict.fromkeys("-‐‑‒–—―−﹘﹣－", "-") | {
    "∷": "::", "：：": "::", "：": ":", "∶": ":", "，": ",", "、": ",", "？": "?", "（": "(", "）": ")",
    "×": "*", "＊": "*", "＋": "+",
}  # fmt: skip

PLAIN_TERM = "[A-Za-z_]+(?: [A-Za-z_]+)*"
"""Words that are one term wherever a term may stand, but for `IS_TO`."""
IS_TO = re.compile(r"\bis to\b", re.IGNORECASE)
"""These two words are a sign."""
_ASKING = frozenset({"what", "which", "who", "where"})
_BLANK = re.compile(f"[{_SPACES}]")
_HYPHEN = re.compile(rf"(?<=[^{_DASHES}])[{_DASHES}](?=[^{_DASHES}0-9])")


class Token(NamedTuple):
    """A term (``symbol`` is "term", or "quoted" for one in quotes) or an operator (``symbol`` is that operator)."""

    symbol: str
    text: str
    column: int
    implied: bool = False
    """Whether it is a hyphen without blanks, read as a minus because of an operator beside it."""


def split_query(text: str) -> list[Token]:
    """The tokens of ``text``; bare words that follow each other are one term. Raises `QueryError`."""
    if control := _CONTROL.search(text):
        code = f"U+{ord(control[0]):04X}"
        raise QueryError(f"The character {code} cannot be in a query. Leave it out.", column=control.start() + 1)
    return list(_join_words(_read_is_to(_split_at_hyphens(text, list(_scan(text))))))


@cache
def _token_pattern() -> re.Pattern[str]:
    return re.compile(_TOKEN, re.VERBOSE)


def _scan(text: str) -> Iterator[Token]:
    for match in _token_pattern().finditer(text):
        column, matched = match.start() + 1, match[0]
        match match.lastgroup:
            case "word":
                yield Token("word", unicodedata.normalize("NFC", matched), column)
            case "symbol":
                yield Token(_CANONICAL.get(matched, matched), matched, column)
            case "quoted":
                inner = matched[1:-1]
                if not inner.strip(" \t\n\ufeff\u200b") or inner.isspace():
                    raise QueryError("There is nothing between the quotes.", column=column, example='"rock and roll"')
                if matched[0] == '"':
                    inner = re.sub(r'\\(["\\])', r"\1", inner)
                yield Token("quoted", unicodedata.normalize("NFC", inner), column)
            case "other":
                raise QueryError(
                    "This quote has no partner. Put a quote before and after the words.",
                    column=column,
                    example='"rock and roll" - rock',
                )


def _split_at_hyphens(text: str, tokens: list[Token]) -> list[Token]:
    """In a stretch without blanks that has a plus or a times in it, hyphens are minus: ``king-man+woman``.

    Not so before a number (``F-16``), nor where signs of other kinds of queries stand in the stretch.
    """
    if not any(token.symbol in "+*" for token in tokens):
        return tokens
    if not any(token.symbol == "word" and _HYPHEN.search(token.text) for token in tokens):
        return tokens
    split: list[Token] = []
    for _, stretch in itertools.groupby(tokens, _Stretches(text)):
        together = list(stretch)
        symbols = {token.symbol for token in together}
        if symbols & {"+", "*"} and symbols <= {"word", "quoted", "+", "-", "*", "(", ")"}:
            for token in together:
                split += _parts_at_hyphens(token) if token.symbol == "word" else [token]
        else:
            split += together
    return split


class _Stretches:
    """Numbers the stretches of tokens that blanks separate."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._number = 0

    def __call__(self, token: Token) -> int:
        before = token.column - 2
        if before >= 0 and _BLANK.match(self._text[before]):
            self._number += 1
        return self._number


def _parts_at_hyphens(token: Token) -> Iterator[Token]:
    start = 0
    for hyphen in _HYPHEN.finditer(token.text):
        yield Token("word", token.text[start : hyphen.start()], token.column + start)
        yield Token("-", hyphen[0], token.column + hyphen.start(), implied=True)
        start = hyphen.end()
    yield Token("word", token.text[start:], token.column + start)


def _read_is_to(tokens: list[Token]) -> Iterator[Token]:
    """``is to`` reads as ``:``, and from there on ``as`` reads as ``::``, and ``what?`` as ``?``."""
    place, is_to_seen = 0, False
    while place < len(tokens):
        token = tokens[place]
        word = token.text.casefold() if token.symbol == "word" else ""
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if word == "is" and following and following.symbol == "word" and following.text.casefold() == "to":
            is_to_seen = True
            place += 1
            token = Token(":", "is to", token.column)
        elif is_to_seen and word in _ASKING and following and following.symbol == "?":
            place += 1
            token = Token("?", token.text, token.column)
        elif word == "as" and is_to_seen:
            token = Token("::", "as", token.column)
        yield token
        place += 1


def _join_words(tokens: Iterator[Token]) -> Iterator[Token]:
    """Bare words that follow each other are one term."""
    words: list[Token] = []
    for token in tokens:
        if token.symbol == "word":
            words.append(token)
            continue
        if words:
            yield Token("term", " ".join(word.text for word in words), words[0].column)
            words = []
        yield token
    if words:
        yield Token("term", " ".join(word.text for word in words), words[0].column)
