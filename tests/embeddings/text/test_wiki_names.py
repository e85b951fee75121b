"""Names of the same things in many languages."""

from embeddings.text.wiki_names import (
    CATEGORIES,
    FILES,
    SISTERS,
    folded,
    is_disambiguation_template,
    is_disambiguation_title,
)


def test_names_are_compared_as_mediawiki_does() -> None:
    assert folded(" Human_name  Disambiguation ") == "human name disambiguation"
    assert all(name == folded(name) for name in FILES | CATEGORIES | SISTERS)


def test_templates_for_repair_are_none_of_disambiguation() -> None:
    assert all(map(is_disambiguation_template, ("Dab", "Road disambiguation", "Неоднозначность", "Homonymie")))
    assert not any(map(is_disambiguation_template, ("disambiguation needed", "surname-stub", "dabble", "Infobox")))


def test_titles() -> None:
    assert is_disambiguation_title("Baker (disambiguation)")
    assert is_disambiguation_title("Марс (значения)")
    assert not is_disambiguation_title("Baker (trade)")
