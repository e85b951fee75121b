"""Which runs of capitalised words are names."""

from tests.embeddings.text.spelled_text import corpus, entities_of


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


def test_dates_letters_and_markup_are_no_names() -> None:
    text = corpus(
        "It was on a Monday in July that A B came.", "A cell has bgcolor Red style.", "So it was May June then."
    )
    assert not {
        word for word in entities_of(text) if "july" in word or "bgcolor" in word or word in ("a_b", "may_june")
    }
