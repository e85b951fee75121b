"""Queries of plain words, as most are, read in one step; `parser` reads them the same way, and all others."""

import re

from embeddings.query.kinds import Kind
from embeddings.query.query import ASKED_LAST, Query, Term
from embeddings.query.tokens import IS_TO, PLAIN_TERM

_SUM = re.compile(f"{PLAIN_TERM}(?: [+-] {PLAIN_TERM})*")
_ANALOGY = re.compile(rf"({PLAIN_TERM}) ?: ?({PLAIN_TERM}) ?:: ?({PLAIN_TERM}) ?: ?\?")


def parse_plain(text: str, most_terms: int) -> Query | None:
    """``text`` as a query if it is a sum or an analogy of plain words, or one term of them; None if not."""
    if "is to" in text.lower() and IS_TO.search(text):
        return None
    if ":" in text:
        return _parse_analogy(text)
    if not _SUM.fullmatch(text):
        return None
    parts = text.replace(" - ", " + -").split(" + ")
    if len(parts) == 1:
        return Query(Kind.NEIGHBOURS, (Term(text),))
    terms = []
    column = 1
    for part in parts:
        word, weight = (part[1:], -1.0) if part[0] == "-" else (part, 1.0)
        terms.append(Term(word, weight, column))
        column += len(word) + 3
    return Query(Kind.EXPRESSION, tuple(terms)) if len(terms) <= most_terms else None


def _parse_analogy(text: str) -> Query | None:
    found = _ANALOGY.fullmatch(text)
    if found is None:
        return None
    a, b, c = found.groups()
    of_a, of_b, of_c = found.start(1) + 1, found.start(2) + 1, found.start(3) + 1
    terms = Term(a, -1.0, of_a), Term(b, 1.0, of_b), Term(c, 1.0, of_c)
    return Query(Kind.ANALOGY, terms, ASKED_LAST, (), " " not in text)
