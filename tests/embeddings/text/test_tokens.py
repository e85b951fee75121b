"""Text to tokens: worked examples, scripts, and what holds for any text."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.text.tokens import (
    END,
    FIRST_WORD,
    LONGEST_SENTENCE,
    PAUSE,
    Case,
    Digits,
    Splitting,
    TokenParameters,
    Tokens,
    split_compound,
    tidy,
    tokenise,
)

DEFAULT = TokenParameters()


def shown(tokens: Tokens) -> str:
    """Tokens between blanks, | for the end of a sentence and / for a pause."""
    marks = {END: "|", PAUSE: "/"}
    return " ".join(marks.get(number) or tokens.words[number - FIRST_WORD] for number in tokens.ids.tolist())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cat sat. It slept.", "the cat sat | it slept |"),
        ("the cat sat. it slept", "the cat sat it slept |"),
        ("Mr. Smith met John D. Rockefeller. He left.", "mr smith met john d rockefeller | he left |"),
        ('(Who?) Yes! "Really?" No…', "who | yes | really | no |"),
        ("Paris, France (Europe)", "paris / france / europe |"),
        ("the city's mayor, the Cities' mayors", "the city 's mayor / the cities mayors |"),
        ("City’s don’t", "city 's don't |"),
        (
            "a vice-president of the U.S. and AT&T for $10,000.50",
            "a vice-president of the u.s and at&t for 10,000.50 |",
        ),
        ("one_two", "one two |"),
        ("first\nsecond\n\n\nthird", "first | second | third |"),
        ("東京。 Это дом. हिन्दी", "東京 | это дом | हिन्दी |"),
        ("Cafe\u0301", "café |"),
        ("... !!! ,,, ()", "|"),
        ("", "|"),
    ],
)
def test_worked_examples(text: str, expected: str) -> None:
    tokens = tokenise(text, DEFAULT)
    assert shown(tokens) == expected.removeprefix("|") or (expected == "|" and not len(tokens))
    assert len(tokens) == sum(word not in "|/" for word in expected.split())


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (TokenParameters(case=Case.KEEP), "In 1990 the U.S won | OK |"),
        (TokenParameters(digits=Digits.MASK), "in #### the u.s won | ok |"),
        (TokenParameters(digits=Digits.DROP), "in / the u.s won | ok |"),
        (TokenParameters(min_word_length=3), "1990 the u.s won |"),
        (TokenParameters(min_sentence_length=2), "in 1990 the u.s won |"),
        (TokenParameters(splitting=Splitting.WHITESPACE), "in 1990 the u.s. won. ok |"),
    ],
)
def test_options(parameters: TokenParameters, expected: str) -> None:
    assert shown(tokenise("In 1990 the U.S. won. OK", parameters)) == expected


def test_whitespace_keeps_what_was_joined() -> None:
    tokens = tokenise("new_york is_big\tok\nx", TokenParameters(splitting=Splitting.WHITESPACE))
    assert shown(tokens) == "new_york is_big ok | x |"


def test_a_text_without_full_stops_is_cut() -> None:
    tokens = tokenise("word " * (2 * LONGEST_SENTENCE + 5), DEFAULT)
    assert np.flatnonzero(tokens.ids == END).tolist() == [
        LONGEST_SENTENCE,
        2 * LONGEST_SENTENCE + 1,
        len(tokens.ids) - 1,
    ]
    assert len(tokens) == 2 * LONGEST_SENTENCE + 5


@given(st.text(max_size=200), st.sampled_from(Splitting))
def test_any_text_gives_tidy_tokens(text: str, splitting: Splitting) -> None:
    tokens = tokenise(text, TokenParameters(splitting=splitting))
    ids = tokens.ids.tolist()
    assert ids == [] or ids[-1] == END
    for before, after in zip([END, *ids], ids, strict=False):
        assert not (after < FIRST_WORD and before < FIRST_WORD), "an end or a pause without a word before it"
        assert not (before == PAUSE and after == END)
    assert all(word == unicodedata.normalize("NFC", word).lower() or word.lower() == word for word in tokens.words)
    assert not any(character.isspace() for word in tokens.words for character in word)
    assert sorted({number for number in ids if number >= FIRST_WORD}) == list(
        range(FIRST_WORD, FIRST_WORD + len(tokens.words))
    )


@given(st.lists(st.integers(-1, 4), max_size=40))
def test_tidying_twice_changes_nothing(numbers: list[int]) -> None:
    once = tidy(np.array(numbers, np.int32))
    assert tidy(once).tolist() == once.tolist()
    assert [number for number in once if number >= FIRST_WORD] == [number for number in numbers if number >= FIRST_WORD]


def test_compounds_come_apart() -> None:
    assert split_compound("vice-president") == ["vice", "president"]
    assert split_compound("10,000.50") == ["10", "000", "50"]
    assert split_compound("word") == ["word"]
