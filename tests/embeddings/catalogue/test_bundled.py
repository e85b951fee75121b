"""The model that comes with the package: its size, its scores as users ask it, and what people ask it first."""

import os
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from embeddings import ask
from embeddings.catalogue.bundled import OWN_MODEL, measured_index
from embeddings.evaluation.scores import evaluate
from embeddings.models.model import Card, Model, read_manifest, verify_model
from embeddings.models.row_texts import DESCRIPTIONS_FILE
from embeddings.models.writer import save_model


def test_it_is_what_is_asked_where_no_model_is_named() -> None:
    script = "from embeddings.catalogue import DEFAULT_MODEL; print(DEFAULT_MODEL)"
    environment = {name: value for name, value in os.environ.items() if name != "THISPLUSTHAT_MODEL"}
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=root, capture_output=True, text=True)
    assert done.stdout.strip() == OWN_MODEL == "wikipedia"


def test_it_is_small_and_knows_many_names(wikipedia: Model) -> None:
    assert len((files("embeddings.catalogue") / "wikipedia.packed").read_bytes()) <= 40_000_000
    verify_model(wikipedia.folder)
    words = list(wikipedia.vocabulary)
    assert len(words) == len(set(words)) >= 200_000
    assert sum("_" in word.strip("_") for word in words) >= 50_000
    assert sum(wikipedia.description(row) is not None for row in range(len(words))) >= 30_000
    with as_file(files("embeddings.catalogue") / "wikipedia.packed") as packed, ZipFile(packed) as archive:
        assert archive.getinfo(DESCRIPTIONS_FILE).file_size < 2_000_000  # they are stored as they are, packed by lzma
    assert len(words) == 225_380
    card = wikipedia.manifest.card
    assert "CC-BY-SA-4.0" in card.licence
    assert "Wikipedia" in card.corpus
    assert {"google", "wordsim353", "simlex999"} <= set(card.metrics)


def test_a_name_with_the_before_it_and_without_is_one_entry_and_headings_are_none(wikipedia: Model) -> None:
    washington_post = wikipedia.vocabulary.row("washington_post")
    assert washington_post is not None
    assert wikipedia.display(washington_post) == "Washington Post"
    for word in ("the_washington_post", "in_germany", "in_france"):
        assert wikipedia.vocabulary.row(word) is None
    assert wikipedia.vocabulary.row("the_matrix") is not None
    assert [term.words for term in ask(wikipedia, "The Washington Post").terms] == [("the", "washington_post")]


def test_its_scores_are_those_of_its_card_or_better(wikipedia: Model) -> None:
    google = evaluate(wikipedia, "google").as_dict()["total"]
    assert google["accuracy"] >= 0.70
    assert google["coverage"] >= 0.985
    assert google["accuracy"] == pytest.approx(
        wikipedia.manifest.card.metrics["google"]["total"]["accuracy"], abs=0.002
    )
    assert evaluate(wikipedia, "wordsim353").as_dict()["spearman"] >= 0.70
    assert evaluate(wikipedia, "simlex999").as_dict()["spearman"] >= 0.37


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("United States:Dollar :: Mexico:?", "peso"),
        ("King - Man + Woman", "queen"),
        ("Tokyo - Japan + France", "paris"),
        ("Picasso : painter :: Mozart : ?", "composer"),
        ("Chicago Bulls : Chicago :: Los Angeles Lakers : ?", "los_angeles"),
        ("pizza - Italy + Mexico", "taco"),
        ("Toyota - Japan + Germany", "volkswagen"),
        ("New York Times", "washington_post"),
        ("university of cambridge", "university_of_oxford"),
        ("facebook", "twitter"),
    ],
)
def test_what_people_ask_is_answered(wikipedia: Model, query: str, first: str) -> None:
    assert ask(wikipedia, query).results[0].word == first


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("McDonald's", {"pizza_hut", "burger_king", "starbucks"}),
        ("Macy's", {"saks_fifth_avenue", "kohl's", "retail_stores"}),
        ("Sotheby's", {"christie's", "auction"}),
        ("C++", {"c#", "javascript"}),
        ("AC/DC", {"def_leppard", "zz_top"}),
        ("floppy disk", {"floppy_drive", "disk_drive"}),
    ],
)
def test_names_in_s_and_with_signs_stand_among_their_like(wikipedia: Model, query: str, near: set[str]) -> None:
    assert near <= {result.word for result in ask(wikipedia, query).results}


@pytest.mark.parametrize(
    ("query", "odd"),
    [("violin, cello, trumpet, Toyota", "Toyota"), ("Facebook, Twitter, YouTube, General Motors", "General Motors")],
)
def test_what_does_not_belong(wikipedia: Model, query: str, odd: str) -> None:
    assert ask(wikipedia, query).results[0].word == odd


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("new_york_times", "New York Times"),
        ("king's_college", "King's College"),
        ("world_war_ii", "World War II"),
        ("the_beatles", "The Beatles"),
        ("los_angeles", "Los Angeles"),
        ("paris", "Paris"),
        ("mcdonald's", "McDonald's"),
        ("macy's", "Macy's"),
        ("c++", "C++"),
        ("world_war_i", "World War I"),
    ],
)
def test_names_are_shown_as_they_are_written(wikipedia: Model, word: str, written: str) -> None:
    row = wikipedia.vocabulary.row(word)
    assert row is not None
    assert wikipedia.display(row) == written


def test_an_articles_subject_is_described(wikipedia: Model) -> None:
    row = wikipedia.vocabulary.row("varanasi_metro")
    assert row is not None
    assert wikipedia.description(row) == "rapid transit proposed for the city"


@pytest.mark.parametrize(
    ("word", "what"), [("são_paulo", "city"), ("john_masefield", "poet"), ("val_kilmer", "actor"), ("vishnu", "god")]
)
def test_names_beside_which_it_stands_are_described(wikipedia: Model, word: str, what: str) -> None:
    row = wikipedia.vocabulary.row(word)
    assert row is not None
    assert what in (wikipedia.description(row) or "")


def test_its_index_is_the_one_that_was_measured_on_many_targets(wikipedia: Model, tmp_path: Path) -> None:
    """Also when it is indexed anew; another model of that name is measured itself."""
    report = measured_index(wikipedia.folder)
    assert report is not None and report.parameters.targets == 9000
    assert read_manifest(wikipedia.folder).index.reach_for == report.reach_for
    save_model(tmp_path / "mine", ["a", "b"], np.eye(2), Card(OWN_MODEL))
    assert measured_index(tmp_path / "mine") is None
