"""Tokens: where a word ends and an operator begins."""

import pytest

from embeddings.query.tokens import split_query


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("vice-president", ["term"]),
        ("vice -president", ["term", "-", "term"]),
        ("vice- president", ["term", "-", "term"]),
        ("(a)-b", ["(", "term", ")", "-", "term"]),
        ('"a"-b', ["quoted", "-", "term"]),
        ("2*-a", ["term", "*", "-", "term"]),
        ("a–b", ["term"]),
        ("a – b", ["term", "-", "term"]),
        ("a+b", ["term", "+", "term"]),
        ("c++", ["term"]),
        ("c++ + b", ["term", "+", "term"]),
        ("a<b", ["term"]),
        ("a<>b", ["term", "<>", "term"]),
        ("a::b:c", ["term", "::", "term", ":", "term"]),
        ("a∷b：c？", ["term", "::", "term", ":", "term", "?"]),
        ("10,000 dollars", ["term"]),
        ("10,00", ["term"]),
        ("10,20,30", ["term", ",", "term", ",", "term"]),
        ("10:30", ["term"]),
        ("$1,000.50", ["term"]),
        ("1,000,000", ["term"]),
        ("a is to b as c is to ?", ["term", ":", "term", "::", "term", ":", "?"]),
        ("as is", ["term"]),
        ('"is" to b', ["quoted", "term"]),
        ("a\u200bb\ufeff", ["term"]),
        ("«a, b» „c“ “d”", ["quoted", "quoted", "quoted"]),
    ],
)
def test_symbols(text: str, symbols: list[str]) -> None:
    assert [token.symbol for token in split_query(text)] == symbols


def test_words_that_run_on_are_one_term_with_single_spaces() -> None:
    [token] = split_query(" New \t York\u00a0City ")
    assert (token.text, token.column) == ("New York City", 2)


def test_quotes_keep_what_is_inside() -> None:
    [token] = split_query(r'"a  \"b\" \\ c"')
    assert token.text == r'a  "b" \ c'
