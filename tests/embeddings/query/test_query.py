"""Queries as values: their canonical form, and terms that need quotes in it."""

import pytest

from embeddings.errors import QueryError
from embeddings.query import Kind, Query, Term, literal, parse


@pytest.mark.parametrize(
    ("terms", "shown"),
    [
        ([Term("2 kings"), Term("man", -1)], '"2 kings" - man'),
        ([Term("2 kings", 2)], '2*"2 kings"'),
        ([Term("vice-president", 2), Term("vice-president")], '2*"vice-president" + vice-president'),
        ([Term("a"), Term("b =", -0.5)], 'a - 0.5*"b ="'),
    ],
)
def test_a_term_is_quoted_where_it_would_read_back_as_something_else(terms: list[Term], shown: str) -> None:
    query = Query(Kind.EXPRESSION, tuple(terms))
    assert str(query) == shown
    assert parse(shown) == query


def test_a_literal_is_one_term_whatever_is_in_it() -> None:
    for text in (":)", "O(n)", 'say "hi"', "http://x.org/?a=b"):
        assert [term.text for term in parse(literal(text)).terms] == [text]
    with pytest.raises(QueryError):
        literal(" ")
