"""Names and terms that a text shows, and how it writes them."""

import numpy as np
import pytest

from embeddings.text import (
    FIRST_WORD,
    Case,
    DisplayForms,
    TokenParameters,
    blocks_of,
    display_of,
    find_entities,
    find_terms,
    joined_word,
    numbered,
    spellings_of,
    term_links,
    tokenise,
)
from embeddings.text.terms import term_words

SPELLED = TokenParameters(case=Case.KEEP)


def entities_of(text: str, given: list[str] | None = None, titles: list[str] | None = None, least: int = 5) -> set[str]:
    found, spellings, _ = read(text, given, titles, least)
    return {joined_word(phrase, spellings.words) for phrase in found.phrases.phrases}


def read(text, given=None, titles=None, least=5):  # type: ignore[no-untyped-def]
    tokens = tokenise(text, SPELLED)
    spellings = spellings_of(tokens.words, Case.LOWER)
    plain = TokenParameters()
    of_user = numbered(given or [], spellings.words, plain)
    of_titles = numbered(titles or [], spellings.words, plain)
    found = find_entities(lambda: blocks_of(tokens.ids), spellings, of_user, of_titles, least)
    return found, spellings, tokens.ids


def joined(text: str, **how: list[str]) -> str:
    found, spellings, ids = read(text, **how)
    places, phrases = found.phrases.find(ids, spellings)
    words = [*spellings.words, *(joined_word(phrase, spellings.words) for phrase in found.phrases.phrases)]
    out = found.phrases.join(ids, spellings, places, phrases)
    return " ".join(words[number - FIRST_WORD] if number >= FIRST_WORD else "." for number in out.tolist())


def corpus(*sentences: str, times: int = 8, filler: int = 600) -> str:
    """``sentences`` among others, far enough apart to be no single article's."""
    other = "He saw that a small cat had been there and she read some of it on the train to work."
    return "\n".join(line for _ in range(times) for line in (*sentences, *[other] * (filler // times)))


def test_runs_of_capitals_are_names_with_words_such_as_of_inside() -> None:
    text = corpus(
        "Then he read the New York Times while the Bank of America sent him a letter.",
        "It was said that Trinidad and Tobago won against England.",
    )
    assert {"new_york_times", "bank_of_america", "trinidad_and_tobago"} <= entities_of(text)


def test_a_capital_at_the_start_of_a_sentence_counts_only_if_the_word_mostly_has_one() -> None:
    text = corpus("However Paris Hilton was late.", "Later Berlin was big.", "We saw Berlin where Paris Hilton was.")
    assert entities_of(text) == {"paris_hilton"}


def test_two_names_that_and_joins_are_two() -> None:
    alone = ["A ship left France today.", "A ship left Germany today."] * 10
    text = corpus("In all it was France and Germany that won.", "Then it was Germany and France again.", *alone)
    assert entities_of(text) == set()


def test_articles_belong_to_a_name_where_they_are_mostly_written_so() -> None:
    text = corpus(
        "He went to The Hague by train.",
        "She flew to the United States with him.",
        "It is in the United States that he lives.",
        "He asked The United States to go.",
        times=12,
    )
    found = entities_of(text)
    assert {"the_hague", "united_states"} <= found
    assert "the_united_states" not in found


def test_possessives_that_are_names_stay_whole() -> None:
    text = corpus(
        "We ate at McDonald's, and then we left.",
        "She works for McDonald's.",
        "There was Peter's old car.",
    )
    assert "mcdonald's" in entities_of(text)
    assert "peter's" not in entities_of(text)


def test_dates_letters_and_markup_are_no_names() -> None:
    text = corpus(
        "It was on a Monday in July that A B came.", "A cell has bgcolor Red style.", "So it was May June then."
    )
    assert not {
        word for word in entities_of(text) if "july" in word or "bgcolor" in word or word in ("a_b", "may_june")
    }


def test_the_subject_of_an_article_is_a_phrase_in_small_letters_too() -> None:
    text = corpus("We know machine learning here.", "He likes machine learning a lot.")
    assert "machine_learning" not in entities_of(text)
    assert "machine_learning" in entities_of("MACHINE LEARNING is a field.\n" + text)
    assert "machine_learning" in entities_of(text, titles=["Machine learning"])


def test_a_name_is_joined_only_where_it_has_its_capitals() -> None:
    text = corpus("She heard New Order play.", "He gave a new order to them.")
    assert "new_order play" in joined(text)
    assert "a new order to" in joined(text)


def test_given_phrases_are_joined_in_any_case_and_the_longest_match_wins() -> None:
    text = corpus("We live in the new york area.", "They read New York Times here.", "He read the new york times too.")
    found = joined(text, given=["new york", "new york times"])
    assert "the new_york area" in found
    assert "read the new_york_times too" in found
    assert "new_york times" not in found


def test_text_without_capitals_has_no_names_and_no_fault() -> None:
    assert entities_of("") == set()
    assert entities_of("they saw new york in may\n" * 50) == set()


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
    forms = DisplayForms(spellings, found.phrases)
    for block in blocks_of(ids):
        forms.add(block, *found.phrases.find(block, spellings))
    keys = [joined_word(phrase, spellings.words) for phrase in found.phrases.phrases]
    known = forms.of_words() | {key: shown for key, shown in zip(keys, forms.of_phrases(), strict=True) if shown}
    assert known.get(word) == form


def test_a_phrase_without_a_form_of_its_own_is_shown_by_its_words() -> None:
    assert display_of("united_states", {"united": "United", "states": "States"}) == "United States"
    assert display_of("film_noir", {}) == "film noir"
    assert display_of("film", {}) is None
    assert display_of("_", {}) is None


def test_terms_stand_where_nouns_stand_and_have_no_function_words_at_their_edges() -> None:
    random = np.random.default_rng(1)
    fillers = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    fillers = [word.replace("word", "wort") for word in fillers]
    lines = []
    for _ in range(400):
        one, two, three = random.choice(fillers, 3)
        lines.append(f"the film noir of {one} was rather than {two} and he wrested control of {three}")
    tokens = tokenise("\n".join(lines), TokenParameters())
    counts = np.bincount(tokens.ids, minlength=len(tokens.words) + FIRST_WORD)
    edges = term_words(tokens.words, counts, np.zeros(len(counts), bool))
    links = term_links(tokens.words, counts, edges)
    found = find_terms(tokens.ids, tokens.words, counts, links)
    assert {joined_word(parts, tokens.words) for parts in found.parts} == {"film_noir"}
