"""What little a text says of a name, confirmed by the vectors of names that are described."""

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Card, Model, open_model, save_model
from embeddings.text import Statement
from scripts.default_model.descriptions import (
    COMMON,
    NAME,
    NEAREST,
    PHRASE,
    Agreement,
    confirmed,
    descriptions,
    most_confirmed,
    of_a_region,
    rule_of_article,
    with_what_they_share,
)
from scripts.default_model.sayings import Sayings

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


def test_a_description_that_its_neighbours_do_not_bear_out_is_left_out(model: Model) -> None:
    about = {
        row: "singer" if word.startswith("singer_") else "city"
        for row, word in enumerate(model.vocabulary)
        if word.startswith(("singer_", "city_"))
    }
    kobe, jet_li = model.vocabulary.row("kobe"), model.vocabulary.row("jet_li")
    assert kobe is not None
    assert jet_li is not None
    found = {kobe: ["American singer"], jet_li: ["singer"]}
    with_found = about | {kobe: "American singer", jet_li: "singer"}
    assert Agreement(model, about).borne_out(found, 0.5) == {jet_li: "singer"}
    assert Agreement(model, with_found).borne_out(found, 0.5) == {jet_li: "singer"}, "a row is none of its neighbours"
    articles = defaultdict(list, {row: [text] for row, text in with_found.items()})
    assert descriptions(model, Sayings(articles)).keys() == about.keys() | {jet_li}


def test_of_namesakes_with_an_article_each_one_is_shown_that_the_neighbours_are_like(model: Model) -> None:
    about = {row: word.split("_")[0] for row, word in enumerate(model.vocabulary) if "_" in word and word != "jet_li"}
    kobe = model.vocabulary.row("kobe")
    assert kobe is not None
    articles = defaultdict(list, {row: [text] for row, text in about.items()})
    articles[kobe] = ["American singer", "city in Japan", "singer"]
    assert descriptions(model, Sayings(articles))[kobe] == "city in Japan"


def test_the_text_and_an_article_on_another_person_of_that_name_are_judged_by_the_neighbours(model: Model) -> None:
    about = {row: word.split("_")[0] for row, word in enumerate(model.vocabulary) if "_" in word and word != "jet_li"}
    jet_li = model.vocabulary.row("jet_li")
    assert jet_li is not None
    articles = defaultdict(list, {row: [text] for row, text in about.items()})
    articles[jet_li] = ["wing half of city"]
    said = defaultdict(Counter, {jet_li: Counter({Statement((), "singer"): 9})})
    assert descriptions(model, Sayings(articles, said=said))[jet_li] == "singer"


def test_of_many_things_of_one_class_and_name_is_shown_what_they_share() -> None:
    creeks = ["stream in Dent County", "stream in Ozark County, Missouri", "stream in northwestern Newton County"]
    assert with_what_they_share(["2017 film", *creeks]) == ["2017 film", "stream"]
    assert with_what_they_share(creeks[:2]) == creeks[:2]
    churches = [
        "Church of England church in Ilford",
        "Church of England church on Dyson Road",
        "Church of England church",
    ]
    assert with_what_they_share(churches) == ["Church of England church"]


def test_an_article_on_a_word_is_on_a_sense_that_the_word_has(model: Model) -> None:
    rows = {word: row for row, word in enumerate(model.vocabulary)}
    assert rule_of_article(rows["jet_li"], "2017 film", model) == PHRASE
    assert rule_of_article(rows["kobe"], "city in Japan", model) == NAME
    assert rule_of_article(rows["tea"], "aromatic beverage", model) == COMMON
    assert rule_of_article(rows["tea"], "2018 drama film", model) is None


def test_a_state_is_no_town_of_that_name() -> None:
    said = Counter({Statement(("fictional",), "town"): 2, Statement((), "state"): 1})
    assert of_a_region(said) == {Statement((), "state"): 1}
