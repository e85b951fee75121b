"""What little a text says of a name, confirmed by the vectors of names that are described."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Card, open_model, save_model
from embeddings.text import Statement
from scripts.describe_default_model import NEAREST, confirmed, most_confirmed

BAND, CITY = Statement(("English", "rock"), "band"), Statement((), "city")


@pytest.mark.parametrize(
    ("said", "near", "least", "expected"),
    [
        ({BAND: 1}, {"band": 9, "city": 1}, 0.05, {BAND: 1}),
        ({BAND: 1}, {"city": 9, "band": 1}, 0.05, None),  # the neighbours are places
        ({BAND: 1}, {"club": 10}, 0.05, None),  # of the same kind, but no band among them
        ({BAND: 1}, {"club": 10}, 0, {BAND: 1}),
        ({BAND: 1, CITY: 2}, {"band": 10}, 0.05, None),  # most of what is said is of something else
        ({BAND: 2, CITY: 2}, {"band": 10}, 0.05, {BAND: 2}),
    ],
)
def test_text_and_vectors_have_to_agree(
    said: dict[Statement, int], near: dict[str, int], least: float, expected: dict[Statement, int] | None
) -> None:
    assert most_confirmed(Counter(said), Counter(near), least) == expected


def test_of_two_classes_that_are_said_as_often_the_neighbours_choose() -> None:
    singer, actress = Statement(("American",), "singer"), Statement((), "actress")
    said = Counter({singer: 1, actress: 1})
    assert most_confirmed(said, Counter(actress=8, singer=2), 0.05) == {actress: 1}
    assert most_confirmed(said, Counter(actress=2, singer=8), 0.05) == {singer: 1}


def test_a_name_among_bands_is_taken_for_one_and_the_same_among_cities_is_not(tmp_path: Path) -> None:
    words = [f"band_{number}" for number in range(NEAREST)] + [f"city_{number}" for number in range(NEAREST)]
    towards = np.repeat([[1.0, 0.0], [0.0, 1.0]], NEAREST, axis=0)
    vectors = np.concatenate([towards, [[1, 0.1], [0.1, 1]]]).astype(np.float32)
    save_model(tmp_path / "m", [*words, "yes", "milan"], vectors, Card("m"))
    model = open_model(tmp_path / "m")
    about = {row: "rock band" if row < NEAREST else "Italian city" for row in range(2 * NEAREST)}
    said = {2 * NEAREST: Counter({BAND: 1}), 2 * NEAREST + 1: Counter({BAND: 1})}
    assert confirmed(model, said, about, {"English", "rock"}) == {2 * NEAREST: "English rock band"}
