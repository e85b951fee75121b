"""The query language: text → a `Query`, without looking at any model.

Written by hand rather than generated from a grammar: what a minus or a plus is depends on the white space around it,
bare words run together into terms, and every error has to show a correct form.
"""

import re
from typing import NoReturn

from embeddings.errors import QueryError
from embeddings.query.kinds import SEPARATORS, Kind
from embeddings.query.plain import parse_plain
from embeddings.query.query import COUNTED, Pair, Query, Term, literal, show
from embeddings.query.tokens import NUMBER, Token, split_query

__all__ = ["MOST_CHARACTERS", "MOST_TERMS", "Kind", "Pair", "Query", "Term", "literal", "parse"]

MOST_CHARACTERS = 2_000
MOST_TERMS = 64
DEEPEST_BRACKETS = 16
_WEIGHT_LIMIT = 1e6
_SIGNS = {":", "::"} | {separator.sign for separator in SEPARATORS.values()}
_EQUALS = re.compile(r"\s*=+$")
_IN_NUMBERS = re.compile("(?<=[0-9]):(?=[0-9])")


def parse(text: str) -> Query:
    """Read ``text`` as a query. Raises `QueryError` with the column and a correct form, and nothing else."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"A query has at most {MOST_CHARACTERS:,} characters, and this one has {len(text):,}.")
    return parse_plain(text, MOST_TERMS) or _parse_any(text)


def _parse_any(text: str) -> Query:
    tokens = split_query(text)
    if not tokens:
        raise QueryError("The query is empty.", column=1, example="king - man + woman")
    notes: list[str] = []
    if not any(token.symbol in _SIGNS for token in tokens):
        tokens, notes = _without_equals(text, tokens)
    symbols = {token.symbol for token in tokens}
    if symbols & {":", "::"}:
        query = _parse_analogy(tokens)
    elif kind := next((kind for kind, separator in SEPARATORS.items() if separator.sign in symbols), None):
        query = _parse_separated(tokens, kind)
    else:
        parser = _ExpressionParser(tokens, end=len(text) + 1)
        query = parser.parse()
        notes += parser.notes(query)
    if len(query.terms) > MOST_TERMS:
        column = query.terms[MOST_TERMS].column
        raise QueryError(f"A query has at most {MOST_TERMS} terms, and this one has {len(query.terms)}.", column=column)
    if query.kind is Kind.NEIGHBOURS and not notes:
        return query
    doubtful = bool(notes) or query.kind is Kind.ODD_ONE_OUT or len(text.split()) == 1
    return Query(query.kind, query.terms, query.pairs, tuple(notes), doubtful)


# ---- Analogy, odd one out, similarity: plain terms between separators


def _parse_analogy(tokens: list[Token]) -> Query:
    _only_plain_terms(tokens, {":", "::", ",", "?"}, "an analogy", "king : man :: queen : ?")
    doubles = [place for place, token in enumerate(tokens) if token.symbol == "::"]
    if not doubles:
        shown = [show(token.text) for token in tokens if token.symbol in ("term", "quoted")]
        example = f"{shown[0]} : {shown[1]} :: {shown[2] if len(shown) > 2 else 'king'} : ?" if len(shown) > 1 else None
        _fail(tokens[-1], "An analogy has two sides with '::' between them.", example or "king : man :: queen : ?")
    if len(doubles) > 1:
        _fail(tokens[doubles[1]], "An analogy has one '::', and this is the second.", "king : man :: queen : ?")
    examples = _parse_pairs(tokens[: doubles[0]], tokens[doubles[0]])
    after = tokens[doubles[0] + 1 :]
    asked = [token for token in tokens if token.symbol == "?"]
    if not asked and len(after) == 1:
        after = [*after, Token(":", ":", after[0].column), Token("?", "?", after[0].column)]
        asked = after[-1:]
    questions = _parse_pairs(after, tokens[doubles[0]])
    if len(questions) > 1:
        _fail(after[0], "Only one pair follows the '::'. Put all the examples before it.", _SEVERAL)
    pairs = [*examples, *questions]
    if not asked:
        shown = [show(term.text) for term in (*pairs[0], pairs[-1][0]) if term is not None]
        example = f"{shown[0]} : {shown[1]} :: {shown[2]} : ?"
        _fail(tokens[-1], "Nothing is asked. Put ? in one of the places.", example)
    if len(asked) > 1:
        _fail(asked[1], "Only one place can be asked for, and this is the second ?.", "king : man :: queen : ?")
    if len(examples) > 1 and None not in pairs[-1]:
        _fail(asked[0], "With several examples the ? belongs in the pair after the '::'.", _SEVERAL)
    return _weigh(pairs)


_SEVERAL = "France : Paris, Japan : Tokyo :: Italy : ?"


_Terms = tuple[Term | None, Term | None]
"""Both places of a pair; None stands for the question mark."""


def _weigh(pairs: list[_Terms]) -> Query:
    """Give the terms the weights of 3CosAdd, or of 3CosAvg if there are several examples."""
    [question] = [pair for pair in pairs if None in pair]
    share = 1 / (len(pairs) - 1)
    if question[0] is None:
        share = -share
    terms: list[Term] = []
    numbered = []
    for pair in pairs:
        weights = (1.0, 1.0) if None in pair else (-share, share)
        numbers: list[int | None] = []
        for term, weight in zip(pair, weights, strict=True):
            numbers.append(None if term is None else len(terms))
            if term is not None:
                terms.append(_with_weight(term, weight))
        numbered.append(Pair(*numbers))
    return Query(Kind.ANALOGY, tuple(terms), tuple(numbered))


def _parse_pairs(tokens: list[Token], near: Token) -> list[_Terms]:
    pairs = []
    for part in _split(tokens, ",", near):
        places = _split(_apart_at_colon(part), ":", near)
        if len(places) != 2:
            example = "king : man :: queen : ?"
            if len(places) > 2:
                colon = [token for token in part if token.symbol == ":"][1]
                _fail(colon, "A pair has two places. Write '::' between the two sides of an analogy.", example)
            _fail(part[0], "A pair has two places with ':' between them.", example)
        left, right = (None if place[0].symbol == "?" else _term(place) for place in places)
        pairs.append((left, right))
    return pairs


def _apart_at_colon(part: list[Token]) -> list[Token]:
    """A pair of numbers, ``1:2``, which the colon between digits made one word."""
    if len(part) == 1 and part[0].symbol == "term" and len(colons := list(_IN_NUMBERS.finditer(part[0].text))) == 1:
        [token], place = part, colons[0].start()
        left, right = token.text[:place], token.text[place + 1 :]
        column = token.column + place
        return [Token("term", left, token.column), Token(":", ":", column), Token("term", right, column + 1)]
    return part


def _parse_separated(tokens: list[Token], kind: Kind) -> Query:
    """Plain terms with the sign of ``kind`` between them."""
    separator = SEPARATORS[kind]
    _only_plain_terms(tokens, {separator.sign}, separator.what, separator.example)
    signs = [token for token in tokens if token.symbol == separator.sign]
    if separator.most and len(signs) >= separator.most:
        _fail(signs[separator.most - 1], *separator.too_many)
    terms = tuple(_term(part) for part in _split(tokens, separator.sign, tokens[0]))
    if len(terms) < separator.least:
        compared = f"{show(terms[0].text)} <> {show(terms[1].text)}"
        _fail(signs[0], separator.too_few, compared if len(terms) == 2 else separator.example)
    return Query(kind, terms)


def _only_plain_terms(tokens: list[Token], separators: set[str], what: str, example: str) -> None:
    for token in tokens:
        if token.symbol not in separators | {"term", "quoted"}:
            quote = " To mean the character itself, put the term in quotes."
            _fail(token, f"'{token.text}' has no place in {what}, which is made of plain terms.{quote}", example)


def _split(tokens: list[Token], separator: str, near: Token) -> list[list[Token]]:
    """The non-empty stretches of ``tokens`` between separators."""
    parts: list[list[Token]] = [[]]
    last = near
    for token in tokens:
        if token.symbol != separator:
            parts[-1].append(token)
        elif not parts[-1]:
            _fail(token, f"A term is missing before '{token.text}'.", _EXAMPLES[separator])
        else:
            parts.append([])
            last = token
    if not parts[-1]:
        _fail(last, f"A term is missing after '{last.text}'.", _EXAMPLES[separator])
    return parts


_EXAMPLES = {":": "king : man :: queen : ?"} | {entry.sign: entry.example for entry in SEPARATORS.values()}


def _term(part: list[Token]) -> Term:
    first, *more = part
    if more:
        _fail(more[0], "An operator is missing here, between two terms.", f"{show(first.text)} <> {show('tea')}")
    return Term(first.text, column=first.column, quoted=first.symbol == "quoted")


# ---- Expressions


def _without_equals(text: str, tokens: list[Token]) -> tuple[list[Token], list[str]]:
    """``king - man + woman = ?`` without its end, and ``king - man + woman?`` as well."""
    end = len(tokens) - (tokens[-1].symbol == "?")
    if end < 2 or tokens[end - 1].symbol != "term" or not _EQUALS.search(tokens[end - 1].text):
        is_mark = 0 < end == len(tokens) - 1 and not text[tokens[end].column - 2].isspace()
        if is_mark and tokens[end - 1].symbol in ("term", "quoted", ")"):
            return tokens[:end], ["The '?' at the end was left out: every query asks."]
        return tokens, []
    *before, last = tokens[:end]
    word = _EQUALS.sub("", last.text)
    kept = [*before, last._replace(text=word)] if word else before
    return kept, ["The '=' at the end was left out: the answer is what the rest equals."]


class _ExpressionParser:
    """Recursive descent over ``sum = product (± product)*``, ``product = factor (* factor)*``."""

    def __init__(self, tokens: list[Token], end: int) -> None:
        self._tokens = [*tokens, Token("end", "the end", end)]
        self._place = 0
        self._repeated_signs = False

    def notes(self, query: Query) -> list[str]:
        """Notes on how ``query`` was read."""
        notes = []
        if any(token.implied for token in self._tokens):
            notes.append(
                f"Read as {query}: a hyphen without blanks beside a + or * is taken as minus. "
                "To mean a word with a hyphen, put it in quotes."
            )
        if self._repeated_signs:
            notes.append(f"Read as {query}: signs in a row are multiplied, as two minus signs make a plus.")
        return notes

    def parse(self) -> Query:
        terms = tuple(self._sum(depth=0))
        token = self._next
        if token.symbol == ")":
            _fail(token, "This bracket was never opened.", "2 * (cat + dog)")
        if token.symbol != "end":
            self._fail_operand()
        for term in terms:
            _check_weight(abs(term.weight), term.column)
        kind = Kind.NEIGHBOURS if len(terms) == 1 and terms[0].weight == 1 else Kind.EXPRESSION
        return Query(kind, terms)

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _sum(self, depth: int) -> list[Term]:
        terms = self._product(depth)
        while self._next.symbol in ("+", "-"):
            operator = self._next
            self._place += 1
            sign = -1 if operator.symbol == "-" else 1
            terms += _scale(self._product(depth), sign)
        if self._next.symbol in ("term", "quoted", "("):
            _fail(self._next, "An operator is missing here, between two terms.", "king - man + woman")
        return terms

    def _product(self, depth: int) -> list[Term]:
        scale, terms, number = 1.0, None, None
        while True:
            sign = self._signs()
            token = self._next
            if token.symbol == "(":
                factor, value = self._brackets(depth), None
            elif token.symbol in ("term", "quoted"):
                self._place += 1
                factor = [self._read_term(token)]
                value = float(token.text) if token.symbol == "term" and NUMBER.fullmatch(token.text) else None
            else:
                self._fail_operand()
            is_last = self._next.symbol != "*"
            scale *= sign
            if value is not None and not (is_last and terms is None):
                _check_weight(value, token.column)
                scale *= value
            elif terms is None:
                terms = factor
            else:
                _fail(token, "Two terms cannot be multiplied, only a number and a term.", "0.5*king + man")
            number = value if number is None else number
            if is_last:
                return _scale(terms or factor, scale)
            self._place += 1

    def _read_term(self, token: Token) -> Term:
        if token.symbol == "term" and len(self._tokens) > 2 and (counted := COUNTED.fullmatch(token.text)):
            weight = float(counted[1])
            _check_weight(weight, token.column)
            return Term(counted[2], weight, token.column, counted=token.text)
        return Term(token.text, column=token.column, quoted=token.symbol == "quoted")

    def _signs(self) -> int:
        sign = 1
        while self._next.symbol in ("+", "-"):
            if self._place and self._tokens[self._place - 1].symbol in ("+", "-"):
                self._repeated_signs = True
            sign = -sign if self._next.symbol == "-" else sign
            self._place += 1
        return sign

    def _brackets(self, depth: int) -> list[Term]:
        opening = self._next
        if depth == DEEPEST_BRACKETS:
            raise QueryError(f"Brackets go at most {DEEPEST_BRACKETS} deep.", column=opening.column)
        self._place += 1
        if self._next.symbol == ")":
            _fail(self._next, "There is nothing between these brackets.", "2 * (cat + dog)")
        terms = self._sum(depth + 1)
        if self._next.symbol != ")":
            if self._next.symbol == "end":
                _fail(opening, "This bracket is never closed.", "2 * (cat + dog)")
            self._fail_operand()
        self._place += 1
        return terms

    def _fail_operand(self) -> NoReturn:
        token = self._next
        if token.symbol == "?":
            _fail(
                token, "? stands for a place of an analogy. To mean the character, quote it.", "king : man :: queen : ?"
            )
        if token.symbol == "end" or token.symbol == ")":
            what = f"after '{self._tokens[self._place - 1].text}'" if self._place else f"before '{token.text}'"
            hint = " To mean the character itself, put the term in quotes."
            _fail(token, f"A term is missing {what}.{hint}", "king - man + woman")
        _fail(token, f"A term is missing before '{token.text}'.", "king - man + woman")


def _scale(terms: list[Term], factor: float) -> list[Term]:
    return terms if factor == 1 else [_with_weight(term, term.weight * factor) for term in terms]


def _with_weight(term: Term, weight: float) -> Term:
    return Term(term.text, weight, term.column, term.quoted, term.counted)


def _check_weight(weight: float, column: int) -> None:
    if weight == 0:
        raise QueryError("A weight of 0 removes the term: leave it out instead.", column=column)
    if not 1 / _WEIGHT_LIMIT <= weight <= _WEIGHT_LIMIT:
        raise QueryError("A weight can be from 0.000001 to 1,000,000.", column=column, example="0.5*king + man")


def _fail(token: Token, detail: str, example: str) -> NoReturn:
    raise QueryError(detail, column=token.column, example=example)
