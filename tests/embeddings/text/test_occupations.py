"""What people do, from what stands beside their names."""

from collections import Counter

import pytest

from embeddings.text.occupations import agreed, occupations


@pytest.mark.parametrize(
    ("paragraph", "found"),
    [
        ("He met the French painter Odilon Redon in Paris.", [("Odilon Redon", "French painter")]),
        ("It was by blues guitarist Muddy Waters, they say.", [("Muddy Waters", "blues guitarist")]),
        ("Odilon Redon, a French painter, was there.", [("Odilon Redon", "French painter")]),
        ("Vasco da Gama, the Portuguese explorer who sailed", [("Vasco da Gama", "Portuguese explorer")]),
        ("A song by drummer Ringo and others", []),
        ("The company was founded by Henry Ford, a manufacturer.", []),
        ("It was directed by David Lynch.", []),
        ("Hired by singer Amy Winehouse", [("Amy Winehouse", "singer")]),
    ],
)
def test_occupations_beside_names_are_found(paragraph: str, found: list[tuple[str, str]]) -> None:
    assert list(occupations(paragraph)) == found


def test_the_most_frequent_occupation_is_kept_in_its_longest_form() -> None:
    said = Counter({"painter": 3, "French painter": 1, "writer": 2})
    assert agreed(said) == "French painter"


def test_one_word_that_was_said_once_is_no_description() -> None:
    assert agreed(Counter({"director": 1})) is None
    assert agreed(Counter({"director": 2})) == "director"
    assert agreed(Counter({"film director": 1})) == "film director"
