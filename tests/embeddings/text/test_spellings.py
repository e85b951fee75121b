"""Words as a text writes them."""

from embeddings.text import FIRST_WORD, Case, spellings_of

TEXTS = ["The", "the", "NATO", "iPhone", "of", "and", "X", "42"]


def test_spellings_of_one_word_have_one_number() -> None:
    spellings = spellings_of(TEXTS, Case.LOWER)
    assert list(spellings.words) == ["the", "nato", "iphone", "of", "and", "x", "42"]
    assert spellings.word_of[FIRST_WORD : FIRST_WORD + 3].tolist() == [2, 2, 3]
    assert list(spellings_of(TEXTS, Case.KEEP).words) == TEXTS


def test_what_capitals_say() -> None:
    spellings = spellings_of(TEXTS, Case.LOWER)
    by_text = {text: number for number, text in enumerate(TEXTS, start=FIRST_WORD)}
    assert [text for text in TEXTS if spellings.capital[by_text[text]]] == ["The", "NATO", "iPhone", "X"]
    assert [text for text in TEXTS if spellings.shouted[by_text[text]]] == ["NATO"]
    assert [text for text in TEXTS if spellings.initial[by_text[text]]] == ["X"]
    assert [text for text in TEXTS if spellings.caseless[by_text[text]]] == ["42"]
    assert [text for text in TEXTS if spellings.article[by_text[text]]] == ["The", "the"]
    assert [int(spellings.joins[by_text[text]]) for text in ("of", "and", "the", "42")] == [1, 2, 1, 0]
