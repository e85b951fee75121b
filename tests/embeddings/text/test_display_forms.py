"""How words and phrases are mostly written."""

import pytest

from embeddings.text import DisplayForms, blocks_of, display_of, joined_word
from tests.embeddings.text.spelled_text import corpus, read


@pytest.mark.parametrize(
    ("word", "form"),
    [("iphone", "iPhone"), ("nato", "NATO"), ("paris", "Paris"), ("king", None), ("new_york_times", "New York Times")],
)
def test_display_forms_are_the_most_frequent_spellings(word: str, form: str | None) -> None:
    text = corpus(
        "We saw the iPhone and NATO in Paris with a king.",
        "However the New York Times wrote of King Lear and King Lear alone.",
        "PARIS HILTON SHOUTED AT THE KING OF NATO.",
    )
    found, spellings, ids = read(text)
    forms = DisplayForms(spellings, found.phrases, found.capitals.within_spelled)
    for block in blocks_of(ids):
        forms.add(block, *found.phrases.find(block, spellings))
    keys = [joined_word(phrase, spellings.words) for phrase in found.phrases.phrases]
    of_words = forms.of_words()
    of_phrases = forms.of_phrases(of_words)
    known = of_words | {key: shown for key, shown in zip(keys, of_phrases, strict=True) if shown}
    assert known.get(word) == form


@pytest.mark.parametrize("size", [60, 1 << 20])
def test_of_equal_spellings_the_one_met_first_counts_however_the_text_is_cut(size: int) -> None:
    text = corpus("He likes Rock and Roll.", "He likes Rock And Roll.", "She met Sam Tor.", "He saw Bank of America.")
    found, spellings, ids = read(text)
    forms = DisplayForms(spellings, found.phrases, found.capitals.within_spelled)
    for block in blocks_of(ids, size):
        forms.add(block, *found.phrases.find(block, spellings))
    assert set(forms.of_phrases({})) == {"Rock and Roll", "Sam Tor", "Bank of America"}


def test_headings_in_capitals_say_nothing_of_how_names_are_written() -> None:
    text = corpus(
        "GREEN TIGERS",
        "GREEN TIGERS",
        "The Green Tigers lost.",
        "GRAND ISLAND'S CUP OF NATO",
        "It was on TCP IP there.",
        *["It is on an island of NATO with TCP in each IP."] * 3,
    )
    titles = ["Green Tigers", "Grand Island's Cup of NATO", "TCP IP"]
    found, spellings, ids = read(text, titles=titles)
    forms = DisplayForms(spellings, found.phrases, found.capitals.within_spelled)
    for block in blocks_of(ids):
        forms.add(block, *found.phrases.find(block, spellings))
    shown = forms.of_phrases(forms.of_words())
    assert {"Green Tigers", "Grand Island's Cup of NATO", "TCP IP"} <= set(shown)


def test_a_phrase_without_a_form_of_its_own_is_shown_by_its_words() -> None:
    assert display_of("united_states", {"united": "United", "states": "States"}) == "United States"
    assert display_of("film_noir", {}) == "film noir"
    assert display_of("film", {}) is None
    assert display_of("_", {}) is None
