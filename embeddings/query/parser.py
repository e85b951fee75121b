"""The query language: text → a `Query`, without looking at any model.

Written by hand rather than generated from a grammar: what a minus or a plus is depends on the white space around it,
bare words run together into terms, and every error has to say what would have been right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn

from embeddings.errors import QueryError
from embeddings.query.tokens import NUMBER, Token, tokenise

MOST_CHARACTERS = 2_000
MOST_TERMS = 64
DEEPEST_BRACKETS = 16
_WEIGHT_LIMIT = 1e6


class Kind(StrEnum):
    """What a query asks for."""

    NEIGHBOURS = "neighbours"
    EXPRESSION = "expression"
    ANALOGY = "analogy"
    ODD_ONE_OUT = "odd one out"
    SIMILARITY = "similarity"


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase as it was typed (NFC), and its signed weight in the vector that is searched."""

    text: str
    weight: float = 1.0
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Pair:
    """One side of an analogy; None stands where the question mark is."""

    left: Term | None
    right: Term | None

    @property
    def is_question(self) -> bool:
        return self.left is None or self.right is None


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query. ``terms`` are in the order written; ``pairs`` are an analogy's, and hold the same terms."""

    kind: Kind
    terms: tuple[Term, ...]
    pairs: tuple[Pair, ...] = ()

    def __str__(self) -> str:
        """The query in its canonical form; `parse` reads it back as the same query."""
        match self.kind:
            case Kind.ANALOGY:
                *first, last = [f"{_show_place(pair.left)} : {_show_place(pair.right)}" for pair in self.pairs]
                return f"{', '.join(first)} :: {last}"
            case Kind.ODD_ONE_OUT:
                return ", ".join(_show(term.text) for term in self.terms)
            case Kind.SIMILARITY:
                return " <> ".join(_show(term.text) for term in self.terms)
        shown = "".join(f" {'-' if term.weight < 0 else '+'} {_show_weighted(term)}" for term in self.terms)
        return "-" + shown[3:] if shown.startswith(" - ") else shown[3:]

    def rename(self, texts: Sequence[str]) -> "Query":
        """The same query with the texts of its terms replaced, in their order."""
        renamed = {id(term): replace(term, text=text) for term, text in zip(self.terms, texts, strict=True)}
        pairs = (
            Pair(pair.left and renamed[id(pair.left)], pair.right and renamed[id(pair.right)]) for pair in self.pairs
        )
        return Query(self.kind, tuple(renamed[id(term)] for term in self.terms), tuple(pairs))


def literal(text: str) -> str:
    """``text`` as one term of the query language, whatever is in it. Raises `QueryError` for none."""
    if not text.strip():
        raise QueryError("A word is empty.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def parse(text: str) -> Query:
    """Read ``text`` as a query. Raises `QueryError` with the column and a correct form, and nothing else."""
    if len(text) > MOST_CHARACTERS:
        raise QueryError(f"A query has at most {MOST_CHARACTERS:,} characters, and this one has {len(text):,}.")
    tokens = tokenise(text)
    if not tokens:
        raise QueryError("The query is empty.", column=1, example="king - man + woman")
    symbols = {token.symbol for token in tokens}
    if symbols & {":", "::"}:
        query = _parse_analogy(tokens)
    elif "<>" in symbols:
        query = _parse_similarity(tokens)
    elif "," in symbols:
        query = _parse_odd_one_out(tokens)
    else:
        query = _ExpressionParser(tokens, end=len(text) + 1).parse()
    if len(query.terms) > MOST_TERMS:
        column = query.terms[MOST_TERMS].column
        raise QueryError(f"A query has at most {MOST_TERMS} terms, and this one has {len(query.terms)}.", column=column)
    return query


# ---- Analogy, odd one out, similarity: plain terms between separators


def _parse_analogy(tokens: list[Token]) -> Query:
    _only_plain_terms(tokens, {":", "::", ",", "?"}, "an analogy", "king : man :: queen : ?")
    doubles = [place for place, token in enumerate(tokens) if token.symbol == "::"]
    if not doubles:
        shown = [_show(token.text) for token in tokens if token.symbol in ("term", "quoted")]
        example = f"{shown[0]} : {shown[1]} :: {shown[2] if len(shown) > 2 else 'king'} : ?" if len(shown) > 1 else None
        _fail(tokens[-1], "An analogy has two sides with '::' between them.", example or "king : man :: queen : ?")
    if len(doubles) > 1:
        _fail(tokens[doubles[1]], "An analogy has one '::', and this is a second.", "king : man :: queen : ?")
    examples = _parse_pairs(tokens[: doubles[0]], tokens[doubles[0]])
    after = tokens[doubles[0] + 1 :]
    asked = [token for token in tokens if token.symbol == "?"]
    if not asked and len(after) == 1:
        after = [*after, Token(":", ":", after[0].column), Token("?", "?", after[0].column)]
        asked = after[-1:]
    questions = _parse_pairs(after, tokens[doubles[0]])
    if len(questions) > 1:
        _fail(after[0], "One pair follows the '::'. Put all the examples before it.", _SEVERAL)
    pairs = [*examples, *questions]
    if not asked:
        *_, last = pairs
        first = pairs[0]
        example = f"{_show_place(first.left)} : {_show_place(first.right)} :: {_show_place(last.left)} : ?"
        _fail(tokens[-1], "Nothing is asked. Put ? in one of the places.", example)
    if len(asked) > 1:
        _fail(asked[1], "Only one place can be asked for, and this is a second ?.", "king : man :: queen : ?")
    if len(examples) > 1 and not pairs[-1].is_question:
        _fail(asked[0], "With several examples the ? belongs into the pair after the '::'.", _SEVERAL)
    return _weigh(pairs)


_SEVERAL = "France : Paris, Japan : Tokyo :: Italy : ?"


def _weigh(pairs: list[Pair]) -> Query:
    """Give the terms the weights of 3CosAdd, or of 3CosAvg where there are several examples."""
    [question] = [pair for pair in pairs if pair.is_question]
    share = 1 / (len(pairs) - 1)
    if question.left is None:
        share = -share
    weighed = []
    for pair in pairs:
        left, right = (1.0, 1.0) if pair.is_question else (-share, share)
        weighed.append(
            Pair(pair.left and replace(pair.left, weight=left), pair.right and replace(pair.right, weight=right))
        )
    terms = [term for pair in weighed for term in (pair.left, pair.right) if term is not None]
    return Query(Kind.ANALOGY, tuple(terms), tuple(weighed))


def _parse_pairs(tokens: list[Token], near: Token) -> list[Pair]:
    pairs = []
    for part in _split(tokens, ",", near):
        places = _split(part, ":", near)
        if len(places) != 2:
            example = "king : man :: queen : ?"
            if len(places) > 2:
                colon = [token for token in part if token.symbol == ":"][1]
                _fail(colon, "A pair has two places. Write '::' between the two sides of an analogy.", example)
            _fail(part[0], "A pair has two places with ':' between them.", example)
        pairs.append(Pair(*[None if place[0].symbol == "?" else _term(place) for place in places]))
    return pairs


def _parse_similarity(tokens: list[Token]) -> Query:
    _only_plain_terms(tokens, {"<>"}, "a similarity", "coffee <> tea")
    signs = [token for token in tokens if token.symbol == "<>"]
    if len(signs) > 1:
        _fail(signs[1], "A similarity is of two terms. For more, separate them by commas.", "coffee, tea, table")
    parts = _split(tokens, "<>", signs[0])
    return Query(Kind.SIMILARITY, tuple(_term(part) for part in parts))


def _parse_odd_one_out(tokens: list[Token]) -> Query:
    _only_plain_terms(tokens, {","}, "a list", "breakfast, cereal, dinner, lunch")
    parts = _split(tokens, ",", tokens[0])
    terms = tuple(_term(part) for part in parts)
    if len(terms) == 2:
        comma = next(token for token in tokens if token.symbol == ",")
        _fail(
            comma,
            "To find the odd one out takes three terms or more; two are compared with '<>'.",
            f"{_show(terms[0].text)} <> {_show(terms[1].text)}",
        )
    return Query(Kind.ODD_ONE_OUT, terms)


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


_EXAMPLES = {
    ":": "king : man :: queen : ?",
    "<>": "coffee <> tea",
    ",": "breakfast, cereal, dinner, lunch",
}


def _term(part: list[Token]) -> Term:
    first, *more = part
    if more:
        _fail(more[0], "An operator is missing here, between two terms.", f"{_show(first.text)} <> {_show('tea')}")
    return Term(first.text, column=first.column)


# ---- Expressions


class _ExpressionParser:
    """Recursive descent over ``sum = product (± product)*``, ``product = factor (* factor)*``."""

    def __init__(self, tokens: list[Token], end: int) -> None:
        self._tokens = tokens
        self._place = 0
        self._end = Token("end", "the end", end)

    def parse(self) -> Query:
        terms = tuple(self._sum(depth=0))
        token = self._next
        if token.symbol == ")":
            _fail(token, "This bracket closes none that was opened.", "2 * (cat + dog)")
        if token.symbol != "end":
            self._fail_operand()
        for term in terms:
            _check_weight(abs(term.weight), term.column)
        kind = Kind.NEIGHBOURS if len(terms) == 1 and terms[0].weight == 1 else Kind.EXPRESSION
        return Query(kind, terms)

    @property
    def _next(self) -> Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else self._end

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
                factor = [Term(token.text, column=token.column)]
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

    def _signs(self) -> int:
        sign = 1
        while self._next.symbol in ("+", "-"):
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
    return terms if factor == 1 else [replace(term, weight=term.weight * factor) for term in terms]


def _check_weight(weight: float, column: int) -> None:
    if weight == 0:
        raise QueryError("A weight of 0 would leave the term out: leave it out yourself.", column=column)
    if not 1 / _WEIGHT_LIMIT <= weight <= _WEIGHT_LIMIT:
        raise QueryError("A weight can be from 0.000001 to 1,000,000.", column=column, example="0.5*king + man")


def _fail(token: Token, detail: str, example: str) -> NoReturn:
    raise QueryError(detail, column=token.column, example=example)


# ---- Printing


def _show_place(term: Term | None) -> str:
    return "?" if term is None else _show(term.text)


def _show_weighted(term: Term) -> str:
    weight = abs(term.weight)
    return _show(term.text) if weight == 1 else f"{Decimal(repr(weight)).normalize():f}*{_show(term.text)}"


def _show(text: str) -> str:
    """``text`` bare if it reads back as the same one term, else in quotes."""
    if text.isalpha() or _reads_back(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _reads_back(text: str) -> bool:
    if '"' in text or NUMBER.fullmatch(text):
        return False
    try:
        tokens = tokenise(text)
    except QueryError:
        return False
    return [(token.symbol, token.text) for token in tokens] == [("term", text)]
