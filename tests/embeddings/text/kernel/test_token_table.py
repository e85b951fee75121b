"""The tokeniser's kernel beside the regular expression: the same tokens of any text, at every level."""

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embeddings.errors import KernelError
from embeddings.native import FORCED, LEVELS, missing_kernel, processor_level
from embeddings.text.characters import kinds
from embeddings.text.kernel import DifferentTokens, TokenTable
from embeddings.text.tokens import Splitting, pattern_of

pytestmark = pytest.mark.skipif(missing_kernel("embeddings.text") is not None, reason="no kernel is compiled here")

SIGNS = " .,!?…'’\"“”-_+#:/@&·״׳()[]«¿;\n\t\0\xa0\u2028\u200c\u200d\u00ad\ufe0f．，。،।"
LETTERS = "aAbsSzZ019éÉßſKıİΑΩ\u03a2Яя我אב٣०１ǅʼ\u0301\u20dd𐌰🏽👩💻🇫🇷❤\ud800\ufffe\U000e0041\U0010ffff"
PARTS = [
    *"Mr. Dr. vs. St. Prof. A. É. .NET .com .mp3 .ſ .gİf .pyx C++ C++17 C# F#x c+".split(),
    *"'s 'S ’s 'st s' :// http:// a@b.c".split(),
    *"x_y@z.org a+b@c-d.e.f @b.c @b. @b.c. a.b 1,000 don't ３．１４ １，０".split(),
    *'צה"ל ה"ארץ" "אב ．” .) ). !) … ?! (" ¿'.split(),
    "_" + "y" * 64 + "@a.b",
    "_" + "y" * 65 + "@a.b",
    "👩\u200d💻",
    "❤\ufe0f\u200d🔥",
]
texts = st.lists(
    st.one_of(st.sampled_from(PARTS), st.sampled_from(SIGNS + LETTERS), st.characters(), st.text(LETTERS)), max_size=40
).map("".join)


def by_pattern(text: str, splitting: Splitting = Splitting.WORDS) -> list[str]:
    return pattern_of(text, splitting).findall(text)


def by_kernel(text: str, *, between_blanks: bool = False) -> list[str]:
    table = TokenTable(between_blanks=between_blanks)
    numbers = table.find(text).tolist()
    different = table.tokens.texts()
    return [different[number] for number in numbers]


@given(texts)
@example(" . A.b. .com.NET ..com\x00.com Mr..A Mr. A A..  B ε. Α. \u03a2. C a\u03a2. B")
@example("a://!!!b a://; a:///x a#b #c 1# x# C#. xC# é# C+1 C++1 C+++ C++a C+ +a")
@example('"א"א א"א" א"אb א”א" a"א 1．2 １．２ １．a ．１')
def test_both_find_the_same_tokens(text: str) -> None:
    assert by_kernel(text) == by_pattern(text)
    assert by_kernel(text, between_blanks=True) == by_pattern(text, Splitting.WHITESPACE)


def test_every_character_beside_letters_blanks_and_marks() -> None:
    """All of them between letters and blanks, where what they are decides; elsewhere some of each block of the same."""
    of = kinds()
    everything = [code for code in range(len(of)) if code < 0x20000 or code % 257 == 0 or code >= 0xE0000]
    some = [code for code in everything if code < 0x800 or code % 257 == 0 or len(set(of[code - 1 : code + 2])) > 1]
    for codes, before, behind in (
        *((everything, letter, letter) for letter in ("a", " ")),
        *((some, *around) for around in (("x. ", "A"), (". ", " A"), ("A", ". B"), (".", "com"), ("'", " "))),
    ):
        text = "".join(f"{before}{chr(code)}{behind}\n" for code in codes)
        assert by_kernel(text) == by_pattern(text)


def test_tokens_keep_their_numbers_from_text_to_text_and_however_many_there_are() -> None:
    table = TokenTable()
    drawn = random.Random(1)
    known: dict[str, int] = {}
    for _ in range(4):
        words = [f"w{drawn.randrange(40_000)}" for _ in range(30_000)] + ["x" * 50_000]
        numbers = table.find(" ".join(words))
        for word in table.tokens.texts(len(known)):
            known[word] = len(known)
        assert numbers.tolist() == [known[word] for word in words]
    assert len(table) == len(known) > 30_000


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_finds_the_same(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    if LEVELS.index(level) > LEVELS.index(processor_level("embeddings.text")):
        pytest.skip(f"this processor has no {level}")
    monkeypatch.setenv(FORCED, level)
    text = "".join(random.Random(2).choices(SIGNS + LETTERS, k=20_000))
    assert by_kernel(text) == by_pattern(text)


def test_without_a_kernel_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, "none")
    assert missing_kernel("embeddings.text") is not None
    with pytest.raises(KernelError, match="switches the kernels off"):
        TokenTable()


def test_numbers_are_those_of_the_tokens_in_their_order() -> None:
    table = TokenTable()
    numbers = table.find("to be or not to be")
    assert table.tokens.texts() == ["to", "be", "or", "not"]
    assert np.array_equal(numbers, [0, 1, 2, 3, 0, 1])
    assert numbers.dtype == np.int32


def test_a_table_takes_the_tokens_of_others_by_their_text() -> None:
    drawn, corpus, known = random.Random(1), TokenTable(), dict[str, int]()
    for _ in range(3):
        table = TokenTable()
        table.find(" ".join(f"w{drawn.randrange(40_000)}" for _ in range(30_000)) + " ß 👩\u200d💻 " + "x" * 50_000)
        texts = table.tokens.texts()
        numbers, new = corpus.add(table.tokens)
        assert new == [text for text in texts if text not in known]
        known |= {text: len(known) + place for place, text in enumerate(new)}
        assert numbers.tolist() == [known[text] for text in texts]
    assert corpus.tokens.texts() == list(known)


def test_tokens_that_c_could_not_read_are_refused() -> None:
    letters, hashes = np.zeros(3, np.uint32), np.zeros(2, np.uint32)
    for starts in ([0, 4, 3], [-1, 0, 3], [0, 1, 4], [0, 3]):
        with pytest.raises(ValueError, match="follow one another|in one piece"):
            TokenTable().add(DifferentTokens(letters, np.array(starts), hashes))
