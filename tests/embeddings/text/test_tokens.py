"""Text to tokens: worked examples, scripts, and what holds for any text."""

import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.text.numbering import Tokens, tokenise
from embeddings.text.tokens import (
    END,
    FIRST_WORD,
    LONGEST_SENTENCE,
    PAUSE,
    Case,
    Digits,
    Splitting,
    TokenParameters,
    split_compound,
    tidy,
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
    ("text", "expected"),
    [
        ("ذهب محمد، ثم عاد؛ هل وصل؟ نعم وصل", "ذهب محمد / ثم عاد / هل وصل | نعم وصل |"),
        ("राम घर गया। वह सो गया॥ फिर", "राम घर गया | वह सो गया | फिर |"),
        ("הלך הביתה׃ בן־אדם", "הלך הביתה | בן-אדם |"),
        ("Նա եկավ։ Ո՞վ է նա", "նա եկավ | ով է նա |"),
        ("ሰላም፣ ነህ። ደህና፡ነው", "ሰላም / ነህ | ደህና ነው |"),
        ("我来了，你走了。好？是！对、不", "我来了 / 你走了 | 好 | 是 | 对 / 不 |"),
        ("¿Qué pasa? ¡No puede ser! ¿Dónde?", "qué pasa | no puede ser | dónde |"),
        ("ភាសាខ្មែរ។ စာ။ ᠮᠣᠩ᠃ བོད།", "ភាសាខ្មែរ | စာ | ᠮᠣᠩ | བོད |"),
        ("ⲁⲃ⳹ ⲅ 𑄌𑅃 𑄎 𖬀𖬷 𖬁 来︒走", "ⲁⲃ | ⲅ 𑄌 | 𑄎 𖬀 | 𖬁 来 | 走 |"),
        ("ᱚᱞ᱾ ᱥᱮ ꦲꦤ꧉ ꦢ ꯃꯤ꯫ ꯂꯣ", "ᱚᱞ | ᱥᱮ ꦲꦤ | ꦢ ꯃꯤ | ꯂꯣ |"),
        ("Τι είναι\u037e Τίποτα", "τι είναι | τίποτα |"),
        ("Пушкин А. С. Сказки. Он жил т. е. писал.", "пушкин а с сказки | он жил т е писал |"),
        ("co\u00adop word\u2060joiner محـــمد \u200fabc\u200e", "coop wordjoiner محمد abc |"),
        ("می\u200cروم नमस्\u200dते \u200dx\u200c", "می\u200cروم नमस्\u200dते x |"),
        ("col·lecció coŀlecció ジョン･スミス", "col·lecció col·lecció ジョン・スミス |"),
        ('צה"ל צה״ל צה”ל "שלום" ה"ארץ"', "צה״ל צה״ל צה״ל שלום ה ארץ |"),
        ("O'Brien O’Brien OʼBrien O`Brien ‘word’", "o'brien o'brien o'brien o'brien word |"),
        ("C++ C++17 C# F# C .NET NET AT&T R&D Disney+ a+b #x", "c++ c++17 c# f# c .net net at&t r&d disney+ a b x |"),
        ("Use C++. It (C#) pays", "use c++ | it / c# / pays |"),
        ("👨\u200d👩\u200d👧 👍🏽 🇫🇷🇩🇪 😀😀 ❤\ufe0f", "👨\u200d👩\u200d👧 👍🏽 🇫🇷 🇩🇪 😀 😀 |"),
        ("see https://example.org/a/b?x=1. Then http://x.org", "see | then |"),
        ("to info@example.org or a_b.c+d@x-y.co.uk now", "to / or / now |"),
        ("o\ufb03ce Ｈｅｌｌｏ ﻻ ｶﾅ 𝐱", "office hello لا カナ x |"),
        ("İstanbul I\u0307stanbul na\u0308ive", "istanbul istanbul näive |"),
        ("a\u00a0b\u202fc\u2028d\u2029e\u0085f\x1cg\u3000h\x00i\x7fj", "a b c | d | e | f g h i j |"),
        ("red\rblue\r\ngreen", "red | blue | green |"),
        ("m² ½ ٣٫١٤ 3.14 2019-07-01 ３．１４。", "m² ½ ٣٫١٤ 3.14 2019-07-01 3.14 |"),
        ("\u0301 \ufe0f \u20dd \ud800 \ufffe x", "x |"),
        ("word™ 20°C ★ √2", "word 20 c 2 |"),
        ("x" * 1001 + " y " + "z" * 1000, "y " + "z" * 1000 + " |"),
    ],
)
def test_scripts_and_signs(text: str, expected: str) -> None:
    assert shown(tokenise(text, DEFAULT)).removeprefix("/ ").replace("/ |", "|") == expected


def test_what_is_long_without_a_blank_takes_no_time() -> None:
    for blob in ("." * 300_000, "a_" * 150_000, "a://;" * 60_000, '"א' * 150_000, "'" * 300_000, "a." * 150_000):
        before = time.process_time()
        tokenise(blob, DEFAULT)
        assert time.process_time() - before < 5, blob[:10]


def test_text_in_pieces_loses_nothing() -> None:
    text = (
        "".join(f"word{number} and é. " for number in range(30_000)) + "𐌰 " + "\n".join("ab " * 40_000 for _ in "xyz")
    )
    tokens = tokenise(text, DEFAULT)
    assert len(tokens) == 3 * 30_000 + 1 + 120_000
    assert {"word0", "word29999", "𐌰"} <= set(tokens.words)


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
    assert split_compound("ジョン・スミス") == ["ジョン", "スミス"]
    assert split_compound("col·lecció") == ["col·lecció"]
    assert split_compound("约翰·史密斯") == ["约翰", "史密斯"]
