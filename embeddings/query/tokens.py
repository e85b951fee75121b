"""The words, quoted terms and operators that a query is made of, in the order in which they stand."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from embeddings.errors import QueryError

_DASHES = "\\-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_SPACES = "\\s\ufeff\u200b"
_IN_WORD = f'[^{_SPACES}{_DASHES}"“”„«»:：∶∷,，、?？()（）*×＊+＋<]'
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?|\.[0-9]+")
_TOKEN = re.compile(
    rf"""
    [{_SPACES}]+
  | (?P<word> (?: (?<!{_IN_WORD}) [0-9]{{1,3}} (?:,[0-9]{{3}})+ (?![0-9])  # 10,000 is one word
                | {_IN_WORD} | <(?!>)
                | (?<={_IN_WORD}) [{_DASHES}]+ (?={_IN_WORD})              # so is vice-president
                | (?<={_IN_WORD}) [+]{{2,}} (?!{_IN_WORD})                 # and c++
              )+ )
  | (?P<quoted> "(?: \\["\\] | [^"] )*" | [“„][^”“]*[”“] | «[^»]*» )
  | (?P<symbol> ::|∷|：：|<> | [:：∶,，、?？()（）*×＊+＋{_DASHES}] )
  | (?P<other> . )
    """,
    re.VERBOSE,
)
_CANONICAL = dict.fromkeys("-‐‑‒–—―−﹘﹣－", "-") | {
    "∷": "::", "：：": "::", "：": ":", "∶": ":", "，": ",", "、": ",", "？": "?", "（": "(", "）": ")",
    "×": "*", "＊": "*", "＋": "+",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A term (``symbol`` is "term", or "quoted" for one in quotes) or an operator (``symbol`` is that operator)."""

    symbol: str
    text: str
    column: int


def tokenise(text: str) -> list[Token]:
    """The tokens of ``text``; bare words that follow each other are one term. Raises `QueryError`."""
    if control := _CONTROL.search(text):
        code = f"U+{ord(control[0]):04X}"
        raise QueryError(f"The character {code} cannot be in a query. Leave it out.", column=control.start() + 1)
    return list(_join_words(_read_is_to(list(_scan(text)))))


def _scan(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
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


def _read_is_to(tokens: list[Token]) -> Iterator[Token]:
    """``is to`` reads as ``:``, and from there on ``as`` reads as ``::``."""
    place, is_to_seen = 0, False
    while place < len(tokens):
        token = tokens[place]
        word = token.text.casefold() if token.symbol == "word" else ""
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        if word == "is" and following and following.symbol == "word" and following.text.casefold() == "to":
            is_to_seen = True
            place += 1
            token = Token(":", "is to", token.column)
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
