"""Names that end in 's."""

from tests.embeddings.text.spelled_text import corpus, entities_of


def test_possessives_that_are_names_stay_whole() -> None:
    text = corpus(
        "We ate at McDonald's, and then we left.",
        "She works for McDonald's.",
        "There was Peter's old car.",
        "WOMEN'S",
        "He saw that a women's team was there.",
        "They were at St John's and at Standard & Poor's, and then at John's house.",
    )
    found = entities_of(text)
    assert "mcdonald's" in found
    assert not found & {"peter's", "john's", "poor's", "women's"}
