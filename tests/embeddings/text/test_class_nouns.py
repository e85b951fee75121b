"""The nouns that say what kind of thing a name is of."""

from embeddings.text import class_nouns

GROUPS = {name: words for name, words in vars(class_nouns).items() if isinstance(words, frozenset)}


def test_each_kind_has_its_nouns_as_a_text_has_them() -> None:
    assert {"PEOPLE", "PLACES", "WORKS"} <= set(GROUPS)
    assert "novelist" in class_nouns.PEOPLE and "river" in class_nouns.PLACES and "album" in class_nouns.WORKS
    for name, words in GROUPS.items() - {("REGIONS", GROUPS.get("REGIONS"))}:
        assert all(word == word.lower().strip() and word.replace("-", "").isalpha() for word in words), name


def test_no_noun_says_that_a_name_is_of_a_person_and_of_a_place() -> None:
    assert not class_nouns.PEOPLE & class_nouns.PLACES
    assert not class_nouns.PEOPLE & class_nouns.WORKS
