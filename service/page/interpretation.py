"""How a query was read, for people: its parts, its sum, where it is wrong, and the same query with another word."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from embeddings import Answer, QueryError
from embeddings.answers import Method, TermReading
from embeddings.query import SEPARATORS, Kind, Query, Term, Token, literal, parse, split_query

_AROUND = 48
"""Characters shown before and after the place of an error."""
_INVISIBLE = " \t\r\n\ufeff\u200b"


@dataclass(frozen=True, slots=True)
class Chip:
    """A term of the query as it was written, its sign where it has one, and what it was taken to mean."""

    text: str
    sign: str
    resolved: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """The surroundings of an error: what stands before, at and after its column."""

    before: str
    at: str
    after: str


@lru_cache(maxsize=256)
def parsed(query: str) -> Query:
    """``query`` as it is read, once for all parts of a page that ask for it."""
    return parse(query)


def query_of(answer: Answer) -> Query:
    """The query that was answered, as it was read."""
    return answer.parsed or parsed(answer.read_as).rename([term.text for term in answer.terms])


def read(answer: Answer) -> list[Chip | str]:
    """The query's terms as chips and, as plain text, the signs between them."""
    query = query_of(answer)
    if query.kind is Kind.ANALOGY:
        chips = [_chip(reading, signed=False) for reading in answer.terms]
        parts: list[Chip | str] = []
        for place, pair in enumerate(query.pairs):
            if place:
                parts.append("::" if place == len(query.pairs) - 1 else ",")
            sides = ["?" if number is None else chips[number] for number in pair.places]
            parts += [sides[0], ":", sides[1]]
        return parts
    signed, between = query.kind is Kind.EXPRESSION, SEPARATORS.get(query.kind)
    chips_in_order: list[Chip | str] = []
    for term in answer.terms:
        if chips_in_order and between and between.sign != ",":
            chips_in_order.append(between.sign)
        chips_in_order.append(_chip(term, signed=signed))
    return chips_in_order


def sum_of(answer: Answer, shown: Callable[[str], str] = str) -> str | None:
    """The sum that an analogy asks for, "king − man + woman", in words as ``shown`` writes them; None for all else."""
    if answer.kind is not Kind.ANALOGY or answer.method == Method.MULTIPLY:
        return None
    terms = sorted(answer.terms, key=lambda term: term.weight < 0)
    return " ".join(f"{_sign(term.weight)} {' '.join(map(shown, term.words))}" for term in terms).removeprefix("+ ")


def as_term(word: str) -> str:
    """``word`` as it has to be written to be one term of a query: in quotes if it has operators in it."""
    return word if word.isalpha() else str(Query(Kind.NEIGHBOURS, (Term(word),)))


def replace_term(query: str, term: str, replacement: str) -> str:
    """``query`` with ``replacement`` wherever ``term`` stands in it; all else stays as it was written."""
    for token, start, end in reversed(_terms_in(query)):
        if token.text == term:
            query = query[:start] + as_term(replacement) + query[end:]
    return query


@lru_cache(maxsize=64)
def _terms_in(query: str) -> list[tuple[Token, int, int]]:
    """The terms that are written in ``query``, and where each begins and ends: a page asks it for each of its words."""
    tokens = split_query(query)
    ends = [token.column - 1 for token in tokens[1:]] + [len(query)]
    return [
        (token, token.column - 1, len(query[:end].rstrip(_INVISIBLE)))
        for token, end in zip(tokens, ends, strict=True)
        if token.symbol in ("term", "quoted")
    ]


def with_term(query: str, word: str) -> str:
    """A query that goes on from ``query`` with ``word``, and can be asked as it is.

    The word is added to a sum or to a list. It takes the place of the second of two words that are compared, and in an
    analogy that of the term whose partner is asked for.
    """
    try:
        read = parsed(query)
    except QueryError:  # it is one word of the vocabulary that has operators in it
        return f"{literal(query.strip())} + {as_term(word)}"
    if read.kind is Kind.ODD_ONE_OUT:
        return f"{query}, {as_term(word)}"
    if read.kind is Kind.SIMILARITY:
        return _with_another(query, read.terms[1], word)
    if read.kind is Kind.ANALOGY:
        known = next(place for place in read.question.places if place is not None)
        return _with_another(query, read.terms[known], word)
    return f"{query} + {as_term(word)}"


def _with_another(query: str, term: Term, word: str) -> str:
    """``query`` with ``word`` in the place of one of its terms."""
    for token, start, end in _terms_in(query):
        if token.column == term.column:
            return query[:start] + as_term(word) + query[end:]
    texts = [word if known is term else known.text for known in parsed(query).terms]
    return str(parsed(query).rename(texts))


def fault_at(query: str, column: int) -> Fault:
    """What to show of ``query`` to point at ``column``, from 1; the end is pointed at where it is beyond."""
    place = min(column - 1, len(query))
    start, end = max(0, place - _AROUND), min(len(query), place + 1 + _AROUND)
    return Fault(
        ("…" if start else "") + query[start:place],
        query[place : place + 1],
        query[place + 1 : end] + ("…" if end < len(query) else ""),
    )


def _chip(term: TermReading, *, signed: bool) -> Chip:
    return Chip(term.text, _sign(term.weight) if signed else "", term.resolved, term.words)


def _sign(weight: float) -> str:
    size = abs(weight)
    return ("−" if weight < 0 else "+") + ("" if size == 1 else f" {size:.4g} ×")
