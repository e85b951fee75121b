"""A parsed query, and its canonical form."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from embeddings.errors import QueryError
from embeddings.query.kinds import SEPARATORS, Kind
from embeddings.query.tokens import IS_TO, NUMBER, PLAIN_TERM, split_query

COUNTED = re.compile(r"([0-9](?:\.[0-9]+)?|\.[0-9]+) +([^\W\d_].*)")
"""A number below ten and words: ``2 king``. Greater numbers are more likely years or quantities than weights."""
_PLAIN_TERM = re.compile(PLAIN_TERM)


@dataclass(slots=True, unsafe_hash=True)  # one that is frozen takes ten times as long to make
class Term:
    """A word or a phrase as it was typed (NFC), and its signed weight in the vector that is searched. Nobody changes
    one.
    """

    text: str
    weight: float = 1.0
    column: int = field(default=1, compare=False)
    quoted: bool = field(default=False, compare=False)
    counted: str | None = field(default=None, compare=False)
    """The text as typed, if a number before words was read as a weight (``2 king``): it may be a term (``7 up``)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two terms of an analogy by their numbers in `Query.terms`; None stands where the question mark is."""

    left: int | None
    right: int | None

    @property
    def places(self) -> tuple[int | None, int | None]:
        return self.left, self.right

    @property
    def is_question(self) -> bool:
        return None in self.places


ASKED_LAST = Pair(0, 1), Pair(2, None)
"""The pairs of an analogy of one example that asks for its last place."""


@dataclass(slots=True, unsafe_hash=True)
class Query:
    """A parsed query. ``terms`` are in the order written; ``pairs`` are an analogy's. Nobody changes one."""

    kind: Kind
    terms: tuple[Term, ...]
    pairs: tuple[Pair, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    """How it was read, if something else may have been meant."""
    doubtful: bool = field(default=False, compare=False)
    """Whether the text as a whole may be a single word that has operators in it, such as ``10,000`` or ``A+``."""

    def __str__(self) -> str:
        """The query in its canonical form; `parse` reads it back as the same query."""
        return self.written([term.text for term in self.terms])

    def written(self, texts: Sequence[str]) -> str:
        """The canonical form of the same query with other ``texts`` for its terms, in their order."""
        if self.kind is Kind.ANALOGY:
            shown = [text if text.isalpha() else show(text) for text in texts]
            if self.pairs is ASKED_LAST:  # as most
                return "{} : {} :: {} : ?".format(*shown)
            *first, last = [
                " : ".join(["?" if place is None else shown[place] for place in pair.places]) for pair in self.pairs
            ]
            return f"{', '.join(first)} :: {last}"
        if separator := SEPARATORS.get(self.kind):
            return separator.between.join(map(show, texts))
        summed = ""
        for text, term in zip(texts, self.terms, strict=True):
            weight = term.weight
            one = text if (weight == 1 or weight == -1) and text.isalpha() else _show_weighted(text, abs(weight))
            summed += f"{' - ' if weight < 0 else ' + '}{one}"
        return f"-{summed[3:]}" if summed[1] == "-" else summed[3:]

    def rename(self, texts: Sequence[str]) -> "Query":
        """The same query with new texts for its terms, in order."""
        terms = tuple(replace(term, text=text) for term, text in zip(self.terms, texts, strict=True))
        return replace(self, terms=terms)

    @property
    def question(self) -> Pair:
        """The pair of an analogy that has the question mark."""
        return next(pair for pair in self.pairs if pair.is_question)


def literal(text: str) -> str:
    """``text`` as one term of the query language, whatever is in it. Raises `QueryError` if it is empty."""
    if not text.strip():
        raise QueryError("A word is empty.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _show_weighted(text: str, weight: float) -> str:
    number = "" if weight == 1 else f"{_decimal(weight)}*"
    may_be_bare = not COUNTED.fullmatch(text) and not text.endswith("=")
    return number + show(text, before="2*" if number else "", may_be_bare=may_be_bare)


def _decimal(weight: float) -> str:
    from decimal import Decimal  # few queries have weights

    return f"{Decimal(repr(weight)).normalize():f}"


def show(text: str, *, before: str = "", may_be_bare: bool = True) -> str:
    """``text`` bare if it reads back as the same single term after ``before``, else in quotes."""
    if may_be_bare and (text.isalpha() or _reads_back(text, before)):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _reads_back(text: str, before: str) -> bool:
    if _PLAIN_TERM.fullmatch(text):
        return not IS_TO.search(text)
    if '"' in text or NUMBER.fullmatch(text):
        return False
    try:
        tokens = split_query(before + text)[-1 if before else 0 :]
    except QueryError:
        return False
    return [(token.symbol, token.text) for token in tokens] == [("term", text)]
