"""What a text means if it may be a query or one word with operators in it, and notes that say so."""

import re
from collections.abc import Sequence
from dataclasses import replace

from embeddings.answers.resolution import Match, Resolution, find_entry
from embeddings.errors import QueryError
from embeddings.models import WordVectors
from embeddings.query import Kind, Query, Term, literal, parse

_EXACT = Resolution.EXACT
_MADE_UP = (Resolution.COMPOSED, Resolution.SUBWORD)
_INNER_HYPHEN = re.compile(r"(?<=\w)[-‐‑‒–—−](?=\w)")
_SPELT_OPERATOR = re.compile(r"(?:^|\s)([/=÷^~|]|minus|plus|times)(?=\s)", re.IGNORECASE)
_NUMBER_FIRST = re.compile(r"[0-9][0-9.]* (?=\S)")
_OPERATOR_AT_BLANK = re.compile(r"(?:^|\s)[-+*:,<]|[-+*:<](?:\s|$)")
_MOST_NAMED = 5
_LONGEST_SHOWN = 80


def read_query(model: WordVectors, text: str) -> Query:
    """``text`` as a query, or as the one term that it is if the vocabulary has it as it stands.

    Only a text that cannot be read, or that reads as something odd, is looked up as a whole. Raises `QueryError`.
    """
    try:
        query = parse(text)
    except QueryError as error:
        if (term := _whole(model, text)) is not None:
            return Query(Kind.NEIGHBOURS, (term,))
        raise _with_quotes(error, text) from None
    if query.doubtful and (term := _whole(model, text)) is not None:
        note = f"Read as one word, which the vocabulary has. If {query} is meant, put blanks around the signs."
        return Query(Kind.NEIGHBOURS, (term,), notes=(note,))
    for term in query.terms:
        if term.counted is not None:
            return _settle_numbers(model, query)
    return query


def notes_on(query: Query, readings: Sequence[Match] | None, left_out: str | None = None) -> tuple[str, ...]:
    """Notes on how a query was read: the parser's, then those on its terms, and what directions are ``left_out``.

    There are no ``readings`` if each term is a word of the vocabulary as it stands.
    """
    notes = list(query.notes)
    for place, term in enumerate(query.terms):
        if term.counted is not None:
            number, text = term.counted.split(maxsplit=1)
            notes.append(
                f"'{term.counted}' is read as {number}*{text}. To mean the words as they stand, put them in quotes."
            )
        if readings is None or (reading := readings[place]).resolution is _EXACT:  # as most: there is nothing to say
            continue
        if reading.senses:
            more = "…" if len(reading.senses) > _MOST_NAMED else ""
            named = ", ".join(reading.senses[:_MOST_NAMED]) + more
            notes.append(
                f"'{term.text}' is {reading.words[0]} here. The vocabulary also has {named}: type one of them."
            )
        if reading.resolution in _MADE_UP and not term.quoted:
            notes += _on_composed(query, term, reading)
    if left_out is not None:
        notes.append(f"Without the direction of {' '.join(left_out.split())}.")
    return tuple(dict.fromkeys(notes)) if notes else ()


def _on_composed(query: Query, term: Term, reading: Match) -> list[str]:
    notes = []
    if len(parts := _INNER_HYPHEN.split(term.text)) > 1:
        made_of = " and ".join(reading.words) if reading.rows else "its letters"
        notes.append(
            f"'{term.text}' is read as one word, made of {made_of}. If minus is meant, put blanks around it: "
            f"{' - '.join(parts)}"
        )
    elif "/" in term.text.strip("/") and len(reading.words) > 1:
        notes.append(f"'{term.text}' is read as one term, made of {' and '.join(reading.words)}.")
    if operator := _SPELT_OPERATOR.search(term.text):
        notes.append(
            f"'{operator[1]}' is not an operator: it was read as part of '{term.text}'. The operators are + - and *, "
            "with blanks around them."
        )
    if query.kind is Kind.EXPRESSION and (number := _NUMBER_FIRST.match(term.text)):
        weighted = f"{number[0].strip()}*{term.text[number.end() :]}"
        notes.append(f"'{term.text}' is read as one term. If a weight is meant: {weighted}")
    return notes


def _whole(model: WordVectors, text: str) -> Term | None:
    """``text`` as a single term, or None."""
    stripped = text.strip()
    if not stripped or len(stripped) > _LONGEST_SHOWN or '"' in stripped[1:]:
        return None
    return Term(stripped, quoted=True) if find_entry(model, stripped) is not None else None


def _settle_numbers(model: WordVectors, query: Query) -> Query:
    """A number before words is a weight, unless they are an entry of the vocabulary together (``7 up``)."""
    terms = []
    for term in query.terms:
        if term.counted is not None and find_entry(model, term.counted) is not None:
            weight = term.weight / float(term.counted.split()[0])
            term = replace(term, text=term.counted, weight=weight, counted=None)
        terms.append(term)
    return replace(query, terms=tuple(terms))


def _with_quotes(error: QueryError, text: str) -> QueryError:
    """``error`` with a hint to use quotes, if ``text`` looks like a word with operators in it."""
    word = text.strip()
    has_blanks = len(word.split()) > 1
    if not 0 < len(word) <= _LONGEST_SHOWN or '"' in word or "::" in word:
        return error
    if not word.isprintable():
        return error  # no quotes help a character that cannot be in a query
    if has_blanks and _OPERATOR_AT_BLANK.search(word):
        return error
    detail = str(error).removeprefix(f"Column {error.column}: ").removesuffix(f" Try: {error.example}")
    detail += f" To mean it all as one word, put it in quotes: {literal(word)}"
    return QueryError(detail, column=error.column, example=error.example)
