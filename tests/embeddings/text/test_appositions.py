"""What names are, from what stands beside them."""

from collections import Counter

import pytest

from embeddings.text.appositions import Statement, class_of, modifiers_of, most_agreed, statements
from embeddings.text.class_nouns import KINDS, REGIONS

NAMES = [
    "Coimbra",
    "Galena",
    "Pink Floyd",
    "Led Zeppelin",
    "Moby Dick",
    "Lord of the Rings",
    "Odilon Redon",
    "Marie Curie",
    "Barack Obama",
    "John Smith",
    "Gatun Lake",
    "Springfield",
    "Iowa",
]
USUAL = {"rock", "English", "French", "film", "1851", "fantasy", "American"}


def found(paragraph: str) -> dict[str, str | None]:
    """What each name is by ``paragraph`` alone."""
    said: dict[int, Counter[Statement]] = {}
    for row, statement in statements(paragraph, lambda name: NAMES.index(name) if name in NAMES else None):
        said.setdefault(row, Counter())[statement] += 1
    return {NAMES[row]: most_agreed(of_row, USUAL, 1) for row, of_row in said.items()}


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("They heard the English rock band Pink Floyd there.", {"Pink Floyd": "English rock band"}),
        ("Coimbra is a city in Portugal that grew.", {"Coimbra": "city in Portugal"}),
        ("He lived in Coimbra, a city on the river.", {"Coimbra": "city"}),
        ("It was in the city of Coimbra.", {"Coimbra": "city"}),
        (
            "Moby Dick (of 1851) was the famous 1851 novel by Melville.",
            {"Moby Dick": "1851 novel by Melville"},
        ),
        ("The fantasy novel Lord of the Rings and Moby Dick", {"Lord of the Rings": "fantasy novel"}),
        ("Odilon Redon, an extraordinary French painter who", {"Odilon Redon": "French painter"}),
        ("Bands such as Pink Floyd, Led Zeppelin and others", {}),
        (
            "rock bands such as Pink Floyd, Led Zeppelin and others",
            {"Pink Floyd": "rock band", "Led Zeppelin": "rock band"},
        ),
        ("She moved to Galena, Illinois, where", {"Galena": "place in Illinois"}),
        ("She moved to Galena, Illinois.", {"Galena": "place in Illinois"}),
        ("He met Marie Curie (born 1867) and", {"Marie Curie": "person born in 1867"}),
        ("It was said by President Barack Obama in May.", {"Barack Obama": "president"}),
        ("It was directed by John Smith.", {"John Smith": "director"}),
        ("1867 – Marie Curie, French physicist and chemist (d. 1934)", {"Marie Curie": "French physicist and chemist"}),
        ("1840 – Odilon Redon, French painter, draughtsman (d. 1916)", {"Odilon Redon": "French painter"}),
    ],
)
def test_what_is_said_of_names_is_found(paragraph: str, expected: dict[str, str]) -> None:
    assert found(paragraph) == expected


@pytest.mark.parametrize(
    "paragraph",
    [
        "In Springfield, a rock band that nobody knows played.",  # not what Springfield is
        "The mayor of Springfield was a lawyer.",  # the subject is the mayor
        "From Gatun Lake, a settlement can be seen.",  # a name that says what it is
        "They play John Smith.",  # a verb
        "He lived in Springfield, Iowa, and Galena, Iowa, and elsewhere",  # a list may be of anything
        "1857 – Galena, American town and port",  # no birth
        "Chapter 3 – Marie Curie, French by marriage",
    ],
)
def test_what_is_said_of_something_else_is_not(paragraph: str) -> None:
    assert found(paragraph) == {}


def test_one_noun_said_once_is_no_proof_of_groups_and_things() -> None:
    assert found("They saw the band Pink Floyd there.") == {"Pink Floyd": None}
    assert found("They saw the band Pink Floyd there. Then the band Pink Floyd left.") == {"Pink Floyd": "band"}


def test_two_nouns_of_which_the_same_is_said_say_nothing() -> None:
    assert most_agreed(Counter({Statement((), "painter"): 1, Statement((), "composer"): 1}), USUAL, 1) is None


def test_the_noun_of_which_most_is_said_wins_in_its_most_frequent_form() -> None:
    said = Counter(
        {Statement(("American",), "film"): 2, Statement((), "film"): 5, Statement(("French",), "novel", "", 2): 3}
    )
    assert most_agreed(said, USUAL, 1) == "American film"
    assert most_agreed(said, USUAL, 13) == "American film"
    assert most_agreed(said, USUAL, 14) is None


def test_kinds_that_contradict_each_other_say_nothing() -> None:
    assert most_agreed(Counter({Statement((), "painter"): 2, Statement((), "river"): 1}), USUAL, 1) is None
    assert most_agreed(Counter({Statement((), "painter"): 3, Statement((), "river"): 1}), USUAL, 1) == "painter"


def test_a_city_is_in_the_region_that_is_named_with_it() -> None:
    said = Counter({Statement((), "city"): 2, Statement((), "place", " in Illinois"): 8})
    assert most_agreed(said, USUAL, 1) == "city in Illinois"
    isle = Counter({Statement((), "island"): 4, Statement((), "place", " in Illinois"): 2})
    assert most_agreed(isle, USUAL, 1) == "island", "which may be another"
    once = Counter({Statement((), "island"): 1, Statement((), "place", " in Illinois"): 8})
    assert most_agreed(once, USUAL, 1) == "place in Illinois", "of which far more is said"


def test_words_before_a_noun_that_no_article_has_are_left_out() -> None:
    assert most_agreed(Counter({Statement(("gripping", "American"), "film"): 1}), USUAL, 1) == "American film"
    assert modifiers_of("2002 American superhero film of its time") == ["2002", "American", "superhero"]


def test_of_a_name_before_a_noun_only_a_usual_beginning_is_shown() -> None:
    """`Russian Premier League club` is one of a league, which "League club" does not say."""
    usual = {"Russian", "Hong Kong"}
    of_league = Counter({Statement(("Russian", "Premier", "League"), "club", "", 2): 1})
    assert most_agreed(of_league, usual, 1) == "Russian club"
    assert most_agreed(Counter({Statement(("Hong", "Kong"), "singer"): 1}), usual, 1) == "Hong Kong singer"
    assert modifiers_of("Russian Premier League club") == ["Russian Premier League"]


def test_nouns_and_regions_are_tidy() -> None:
    assert {"North Carolina", "South Africa", "Iowa"} <= REGIONS
    assert all(name == name.strip() and name[0].isupper() for name in REGIONS)
    assert all(noun.islower() and noun.strip() == noun for nouns in KINDS.values() for noun in nouns)


@pytest.mark.parametrize(
    ("description", "noun"),
    [("English rock band from Leeds", "band"), ("2002 American superhero film", "film"), ("what it is", None)],
)
def test_the_class_of_a_description_is_its_noun(description: str, noun: str | None) -> None:
    assert class_of(description) == noun
