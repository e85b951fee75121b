"""Phrases joined where they are written so."""

from tests.embeddings.text.spelled_text import corpus, joined


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
