"""Words as a text writes them."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from embeddings.text import FIRST_WORD, Case, lowered, spellings_of
from embeddings.text.kernel import Trait
from embeddings.text.spellings import ARTICLES, CLOSE, LOOSE

spelled = st.one_of(st.sampled_from(sorted(CLOSE | LOOSE)), st.text(st.characters(exclude_characters="\n"), min_size=1))
TEXTS = ["The", "the", "NATO", "iPhone", "of", "and", "X", "42"]


def test_spellings_of_one_word_have_one_number() -> None:
    spellings = spellings_of(TEXTS, Case.LOWER)
    assert list(spellings.words) == ["the", "nato", "iphone", "of", "and", "x", "42"]
    assert spellings.word_of[FIRST_WORD : FIRST_WORD + 3].tolist() == [2, 2, 3]
    assert list(spellings_of(TEXTS, Case.KEEP).words) == TEXTS


def test_what_capitals_say() -> None:
    spellings = spellings_of(TEXTS, Case.LOWER)
    by_text = {text: number for number, text in enumerate(TEXTS, start=FIRST_WORD)}
    assert [text for text in TEXTS if spellings.has(Trait.CAPITAL)[by_text[text]]] == ["The", "NATO", "iPhone", "X"]
    assert [text for text in TEXTS if spellings.has(Trait.SHOUTED)[by_text[text]]] == ["NATO"]
    assert [text for text in TEXTS if spellings.has(Trait.INITIAL)[by_text[text]]] == ["X"]
    assert [text for text in TEXTS if spellings.has(Trait.CASELESS)[by_text[text]]] == ["42"]
    assert [text for text in TEXTS if spellings.has(Trait.ARTICLE)[by_text[text]]] == ["The", "the"]
    joining = (("of", Trait.CLOSE), ("and", Trait.LOOSE), ("the", Trait.CLOSE), ("42", Trait(0)))
    for text, joins in joining:
        assert int(spellings.traits[by_text[text]]) & (Trait.CLOSE | Trait.LOOSE) == joins


@settings(max_examples=200, deadline=None)
@given(st.lists(spelled, unique=True), st.sampled_from(Case))
@example(["ΟΔΟΣ", "İX", "ǅ", "ß", "ŉ", "Σ", "a1", "THE", "An", "’s", "日本", "A日", "Ⅷ", "ª"], Case.LOWER)
def test_what_is_said_of_all_at_once_is_true_of_each(texts: list[str], case: Case) -> None:
    spellings = spellings_of(texts, case)
    for number, text in enumerate(texts, start=FIRST_WORD):
        lower = lowered(text)
        key = lower if case is Case.LOWER else text
        assert spellings.words[spellings.word_of[number] - FIRST_WORD] == key
        capital, joins = lower != text, Trait.LOOSE * (text in LOOSE) + Trait.CLOSE * (text in CLOSE)
        assert spellings.has(Trait.CAPITAL)[number] == capital
        assert spellings.has(Trait.INITIAL)[number] == (capital and len(text) == 1)
        assert spellings.has(Trait.SHOUTED)[number] == (capital and len(text) > 1 and text.isupper())
        assert int(spellings.traits[number]) & (Trait.CLOSE | Trait.LOOSE) == joins
        assert spellings.has(Trait.ARTICLE)[number] == (lower in ARTICLES)
        assert spellings.has(Trait.CASELESS)[number] == (not capital and not joins and text.upper() == text)
    assert list(spellings.words) == list(dict.fromkeys(map(lowered, texts) if case is Case.LOWER else texts))
