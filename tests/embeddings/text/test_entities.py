"""Phrases that people mean."""

from tests.embeddings.text.spelled_text import corpus, entities_of


def test_runs_of_capitals_are_names_with_words_such_as_of_inside() -> None:
    text = corpus(
        "Then he read the New York Times while the Bank of America sent him a letter.",
        "It was said that Trinidad and Tobago won against England.",
    )
    assert {"new_york_times", "bank_of_america", "trinidad_and_tobago"} <= entities_of(text)


def test_a_capital_at_the_start_of_a_sentence_counts_only_if_the_word_mostly_has_one() -> None:
    text = corpus("However Paris Hilton was late.", "Later Berlin was big.", "We saw Berlin where Paris Hilton was.")
    assert entities_of(text) == {"paris_hilton"}


def test_the_subject_of_an_article_is_a_phrase_in_small_letters_too() -> None:
    text = corpus("We know machine learning here.", "He likes machine learning a lot.")
    assert "machine_learning" not in entities_of(text)
    assert "machine_learning" in entities_of("MACHINE LEARNING is a field.\n" + text)
    assert "machine_learning" in entities_of(text, titles=["Machine learning"])


def test_text_without_capitals_has_no_names_and_no_fault() -> None:
    assert entities_of("") == set()
    assert entities_of("they saw new york in may\n" * 50) == set()
