"""Which words that were met become entries of the default model, and the vectors of those that were met seldom."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Band, Card, Content, Model, open_model, pack, save_model, unpack
from scripts.default_model.descriptions import RARE
from scripts.default_model.entries import (
    PRIOR,
    Known,
    chosen_rows,
    content_of,
    is_name,
    is_term,
    known_of,
    steadied,
    words_of_glove,
)
from scripts.default_model.sayings import Sayings

MET = [
    ("world_war_i", 2600, "World War I"),
    ("the", 900, None),
    ("aegean", 400, "Aegean"),
    ("airlines", 280, None),
    ("c++", 200, "C++"),
    ("art_school", 7, "Art School"),
    ("zzyx", 10, None),
    ("mouchoir", 9, "Mouchoir"),
    ("tea", 5, None),
    ("finish_line", 6, "finish line"),
    ("sergey_brin", 6, "Sergey Brin"),
    ("jane_doe", 6, "Jane Doe"),
    ("aegean_airlines", 6, "Aegean Airlines"),
    ("in_greece", 6, "In Greece"),
    ("mouchoir_airlines", 5, "Mouchoir Airlines"),
    ("new_airlines", 5, "New Airlines"),
]
PAPERS = [
    ("the_new_yorker", 9, "The New Yorker"),
    ("new_yorker", 3, "New Yorker"),
    ("matrix", 40, None),
    ("the_matrix", 8, "The Matrix"),
    ("the_old_times", 2, "The Old Times"),
    ("germany", 90, "Germany"),
    ("in_germany", 20, "In Germany"),
    ("in_flames", 20, "In Flames"),
    ("flames", 20, None),
    ("the_germany", 20, "The Germany"),
]
ROWS = {word: row for row, (word, _, _) in enumerate(sorted(MET, key=lambda entry: -entry[1]))}


def model_of(met: list[tuple[str, int, str | None]], folder: Path) -> Model:
    words, counts, shown = zip(*sorted(met, key=lambda entry: -entry[1]), strict=True)
    vectors = np.random.default_rng(3).normal(size=(len(words), 4)).astype(np.float32)
    pack(folder / "m.packed", Content(words, vectors, counts, Card("m", joiner="_"), shown), [Band(len(words), 0.1)])
    unpack(folder / "m.packed", folder / "m")
    return open_model(folder / "m")


@pytest.fixture
def model(tmp_path: Path) -> Model:
    return model_of(MET, tmp_path)


@pytest.fixture
def papers(tmp_path: Path) -> Model:
    return model_of(PAPERS, tmp_path)


@pytest.fixture
def glove(tmp_path: Path) -> Model:
    words = ["the", "tea", "brexit", "2016", "airlines"]
    save_model(tmp_path / "glove", words, np.eye(5, dtype=np.float32), Card("glove"))
    return open_model(tmp_path / "glove")


def test_what_was_met_often_or_is_described_or_says_what_it_is_becomes_an_entry(model: Model, glove: Model) -> None:
    known = Known({ROWS["sergey_brin"]: "businessman"}, set(), set())
    chosen = {model.vocabulary.word(row) for row in chosen_rows(model, glove, known)}
    seldom = {"aegean_airlines", "sergey_brin", "mouchoir_airlines"}  # what `new` ends in says nothing
    assert chosen == {"world_war_i", "the", "aegean", "airlines", "c++", "art_school", "zzyx", "tea", *seldom}


def test_the_most_frequent_come_first(model: Model, glove: Model) -> None:
    rows = chosen_rows(model, glove, Known({}, set(), set()))
    assert rows == sorted(rows)


def test_a_phrase_in_small_letters_that_an_article_begins_with_is_a_term(model: Model) -> None:
    finish, art = ROWS["finish_line"], ROWS["art_school"]
    sayings = Sayings(titles={finish, art}, slashed={"AC/DC"})
    sayings.articles[finish].append("place where a race ends")
    sayings.articles[art].append("2006 American film")
    known = known_of(sayings, {})
    assert (known.terms, known.slashed) == ({finish}, {"AC/DC"})


def test_plain_words_that_only_glove_has_are_added(model: Model, glove: Model) -> None:
    assert words_of_glove(model, glove) == ["brexit"]


def test_a_group_that_is_met_a_few_times_counts_its_words_if_both_are_entries(model: Model) -> None:
    names = ("aegean", "airlines", "aegean_airlines", "sergey_brin", "mouchoir_airlines")
    rows = [ROWS[word] for word in names]
    *_, airlines, brin, mouchoir = steadied(model, rows)
    assert np.array_equal([brin, mouchoir], model.vectors[rows[3:]])  # of Mouchoir nothing is known
    parts = [ROWS["aegean"], ROWS["airlines"]]
    composed = (RARE / (RARE + model.counts[parts] / model.counts.sum())) @ model.vectors[parts]
    mixed = 6 * model.vectors[ROWS["aegean_airlines"]] + PRIOR * composed / np.linalg.norm(composed)
    assert np.allclose(airlines, mixed / np.linalg.norm(mixed), atol=1e-6)


def test_a_name_of_several_words_with_the_before_it_and_without_is_one_entry(papers: Model) -> None:
    rows = list(range(len(papers)))
    own, article = (papers.vocabulary.row(word) or 0 for word in ("new_yorker", "the_new_yorker"))
    content = content_of(papers, rows, {article: "American magazine"}, Card("c"))
    assert set(papers.vocabulary) - set(content.words) == {"the_new_yorker"}, "The Matrix is no matrix"
    place = list(content.words).index("new_yorker")
    assert (content.counts[place], (content.display or [])[place]) == (12, "New Yorker")
    assert (content.descriptions or [])[place] == "American magazine"
    both = 3 * papers.vectors[own] + 9 * papers.vectors[article]
    assert np.allclose(content.vectors[place], both / np.linalg.norm(both), atol=1e-6)
    assert list(content.counts) == sorted(content.counts, reverse=True)


def test_a_name_behind_a_small_word_is_a_heading_and_no_entry(papers: Model, glove: Model) -> None:
    chosen = {papers.vocabulary.word(row) for row in chosen_rows(papers, glove, Known({}, set(), set()))}
    assert chosen == {"germany", "matrix", "in_flames", "flames", "the_germany", "the_new_yorker", "the_matrix"}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("Kingdom of France", True), ("Flight 77", True), ("French horn", False), ("gas mask", False)],
)
def test_a_name_begins_and_ends_with_a_capital(shown: str, expected: bool) -> None:
    assert is_name(shown) is expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [("economic model of price determination", True), ("Indian surgeon and diplomat", False)],
)
def test_a_film_of_the_same_name_does_not_describe_a_term(description: str, expected: bool) -> None:
    assert is_term(description) is expected
