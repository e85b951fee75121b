"""How queries were read, in words; other words put in their places."""

import pytest

from embeddings import Model, Options, ask
from embeddings.answers import Method
from embeddings.query import Kind, parse
from service.page.interpretation import (
    Chip,
    Fault,
    as_term,
    fault_at,
    read,
    replace_term,
    sum_of,
    with_term,
)


def test_an_expression_is_read_as_a_signed_sum_of_chips(tiny_model: Model) -> None:
    answer = ask(tiny_model, "2*King - man + woman")
    assert sum_of(answer) is None, "the chips are the sum"
    parts = read(answer)
    assert parts[0] == Chip("King", "+ 2 ×", "case", ("king",))
    assert [part.sign for part in parts if isinstance(part, Chip)] == ["+ 2 ×", "−", "+"]


def test_an_analogy_keeps_its_form_and_says_what_a_mean_is_of(tiny_model: Model) -> None:
    answer = ask(tiny_model, "United States : man :: new york : ?")
    parts = read(answer)
    assert [part if isinstance(part, str) else part.text for part in parts] == [
        "United States", ":", "man", "::", "new york", ":", "?",
    ]  # fmt: skip
    assert sum_of(answer, str.upper) == "MAN + NEW_YORK − UNITED STATES"
    assert sum_of(ask(tiny_model, "United States : man :: new york : ?", Options(method=Method.MULTIPLY))) is None


def test_other_kinds_have_no_sum(tiny_model: Model) -> None:
    assert sum_of(ask(tiny_model, "king <> queen")) is None
    assert read(ask(tiny_model, "king <> queen"))[1] == "<>"
    chip = read(ask(tiny_model, "king, queen, bread"))[0]
    assert chip == Chip("king", "", "exact", ("king",))


@pytest.mark.parametrize(
    ("query", "term", "word", "expected"),
    [
        (
            "Unted  Staets : dollar :: Mexico : ?",
            "Unted Staets",
            "united states",
            "united states : dollar :: Mexico : ?",
        ),
        ("king - womann", "womann", "woman", "king - woman"),
        ("womann + king - womann ", "womann", "woman", "woman + king - woman "),
        ('"womann" - king', "womann", "woman", "woman - king"),
        ("kng", "kng", "x:y", '"x:y"'),
        ("a - kng, b, c", "zzz", "x", "a - kng, b, c"),
    ],
)
def test_a_word_is_replaced_at_its_place(query: str, term: str, word: str, expected: str) -> None:
    assert replace_term(query, term, word) == expected


def test_a_word_with_operators_in_it_is_quoted_as_a_term() -> None:
    assert as_term("vice-president") == "vice-president"
    assert as_term("a:b") == '"a:b"'


def test_a_word_joins_the_query() -> None:
    assert with_term("king - man", "queen") == "king - man + queen"
    assert with_term("a, b, c", "d") == "a, b, c, d"
    assert with_term("coffee <> tea", "milk") == "coffee <> milk"
    assert with_term("C++ (", "x y") == '"C++ (" + x y'


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("United States : dollar :: Mexico : ?", "United States : dollar :: peso : ?"),
        ("? : dollar :: Mexico : peso", "? : peso :: Mexico : peso"),
        ("a : b, c : d :: e : ?", "a : b, c : d :: peso : ?"),
        ("king is to man as queen is to ?", "king is to man as peso is to ?"),
        ("a : a :: a : ?", "a : a :: peso : ?"),
        ('a : b :: "c : d" : ?', "a : b :: peso : ?"),
    ],
)
def test_a_word_goes_on_from_an_analogy_in_the_place_of_the_term_that_is_asked_about(query: str, expected: str) -> None:
    assert with_term(query, "peso") == expected
    assert parse(with_term(query, "two : words")).kind is Kind.ANALOGY


def test_an_error_is_shown_at_its_column() -> None:
    assert fault_at("king (", 6) == Fault("king ", "(", "")
    assert fault_at("king (", 7) == Fault("king (", "", "")
    long = fault_at("x" * 500 + "?" + "y" * 500, 501)
    assert (long.before[0], long.at, long.after[-1]) == ("…", "?", "…")
    assert len(long.before) < 60
