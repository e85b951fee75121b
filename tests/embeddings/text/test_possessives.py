"""Names that end in 's."""

from tests.embeddings.text.spelled_text import corpus, entities_of


def test_possessives_that_are_names_stay_whole() -> None:
    text = corpus(
        "We ate at McDonald's, and then we left.",
        "She works for McDonald's.",
        "There was Peter's old car.",
    )
    assert "mcdonald's" in entities_of(text)
    assert "peter's" not in entities_of(text)
