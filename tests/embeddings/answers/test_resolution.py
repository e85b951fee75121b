import time
from pathlib import Path

import numpy as np
import pytest

from embeddings.answers.resolution import Resolution, resolve, suggest
from embeddings.errors import UnknownWord
from embeddings.models.model import SUBWORDS_FILE, Card, Model, open_model
from embeddings.models.subwords import subword_vector
from embeddings.models.writer import ModelWriter, save_model

WORDS = [
    "united",
    "states",
    "Paris",
    "paris",
    "new_york",
    "macy",
    "'s",
    "do",
    "n't",
    "café",
    "vice-president",
    "hyphen",
    "-",
    "Los_Angeles",
]


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(count, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "small"
    save_model(folder, WORDS, vectors(len(WORDS)), Card("small"))
    return open_model(folder)


@pytest.mark.parametrize(
    ("text", "resolution", "words"),
    [
        ("paris", "exact", ["paris"]),
        ("vice-president", "exact", ["vice-president"]),
        ("PARIS", "case", ["Paris"]),
        ("Cafe", "case", ["café"]),
        ("new york", "phrase", ["new_york"]),
        ("New  York", "phrase", ["new_york"]),
        ("los angeles", "phrase", ["Los_Angeles"]),
        ("United States", "composed", ["united", "states"]),
        ("Macy's", "composed", ["macy", "'s"]),
        ("macy’s", "composed", ["macy", "'s"]),
        ("don't", "composed", ["do", "n't"]),
        ("united-hyphen", "composed", ["united", "-", "hyphen"]),
        ("united Macy's states", "composed", ["united", "macy", "'s", "states"]),
    ],
)
def test_the_first_way_that_succeeds_is_taken_and_told(
    model: Model, text: str, resolution: str, words: list[str]
) -> None:
    reading = resolve(model, text)
    assert (reading.resolution, list(reading.words)) == (resolution, words)
    assert list(reading.words) == model.vocabulary.words(reading.rows)


def test_a_composed_vector_is_the_unit_mean_of_unit_vectors(model: Model) -> None:
    units = vectors(len(WORDS))[:2]
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    mean = units.mean(axis=0)
    reading = resolve(model, "United States")
    np.testing.assert_allclose(reading.vector, mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("Pariss", "Paris"),
        ("Unted Staets", "united states"),
        ("new yrok", "new_york"),
        ("united staets", "united states"),
    ],
)
def test_an_unknown_word_is_named_with_suggestions(model: Model, text: str, suggestion: str) -> None:
    with pytest.raises(UnknownWord) as caught:
        resolve(model, text)
    assert caught.value.word == text
    assert caught.value.suggestions[0] == suggestion
    assert len(caught.value.suggestions) <= 5
    assert not {"new_york", "new york"} <= set(caught.value.suggestions), "one phrase written in two ways"
    assert "small" in str(caught.value)


@pytest.mark.parametrize("text", ["paris zzzzzzzzz", "macy's qqqqqqq", "$$$", "united §"])
def test_no_part_of_a_term_is_left_out(model: Model, text: str) -> None:
    with pytest.raises(UnknownWord):
        resolve(model, text)


def test_many_unknown_parts_do_not_take_for_ever(model: Model) -> None:
    assert len(suggest(model, " ".join(["staets"] * 60))) <= 5


@pytest.fixture(scope="module")
def fasttext(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "ngrams"
    with ModelWriter(folder, 6) as writer:
        writer.append(WORDS, vectors(len(WORDS)))
        np.save(writer.folder / SUBWORDS_FILE, vectors(50))
        writer.finish(Card("ngrams", subwords={"min_n": 3, "max_n": 5, "buckets": 50}))
    return open_model(folder)


def test_a_model_with_ngrams_knows_every_word(fasttext: Model) -> None:
    reading = resolve(fasttext, "pariss")
    assert (reading.resolution, reading.rows) == (Resolution.SUBWORD, ())
    np.testing.assert_allclose(np.linalg.norm(reading.vector), 1, atol=1e-6)
    assert resolve(fasttext, "paris").resolution is Resolution.EXACT
    assert resolve(fasttext, "united states").resolution is Resolution.COMPOSED


def test_of_an_unknown_phrase_the_known_words_are_used_whole(fasttext: Model) -> None:
    reading = resolve(fasttext, "united staets")
    assert fasttext.subwords is not None
    assert fasttext.manifest.card.subwords is not None
    unknown = subword_vector(fasttext.ngram_vectors, fasttext.dimension, fasttext.manifest.card.subwords, "staets")
    mean = (fasttext.vectors[0] + unknown) / 2
    np.testing.assert_allclose(reading.vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert reading.rows == (0,)
    assert reading.words == ("united", "staets")


def test_a_zero_row_resolves_to_zeros(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["zero", "one"], np.array([[0, 0], [1, 0]], np.float32), Card("m"))
    assert resolve(open_model(tmp_path / "m"), "zero").vector.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("text", "resolution", "words"),
    [
        ("Macy's", Resolution.PHRASE, ("macy_'s",)),
        ("vice-president", Resolution.PHRASE, ("vice_president",)),
        ("U.S.", Resolution.CASE, ("u.s",)),
        ("one-off", Resolution.COMPOSED, ("one", "off")),
        ("the U.S.", Resolution.COMPOSED, ("the", "u.s")),
    ],
)
def test_words_are_found_as_our_own_tokeniser_leaves_them(
    tmp_path: Path, text: str, resolution: Resolution, words: tuple[str, ...]
) -> None:
    vocabulary = ["the", "macy_'s", "vice_president", "u.s", "one", "off", "rock", "roll"]
    save_model(tmp_path / "own", vocabulary, np.eye(8, dtype=np.float32), Card("own"))
    found = resolve(open_model(tmp_path / "own"), text)
    assert (found.resolution, found.words) == (resolution, words)


def test_an_ampersand_is_and_where_it_is_no_word(tmp_path: Path) -> None:
    vocabulary = ["and", "simon_and_garfunkel", "ben", "jerry", "'s"]
    save_model(tmp_path / "own", vocabulary, np.eye(5, dtype=np.float32), Card("own"))
    model = open_model(tmp_path / "own")
    assert resolve(model, "Simon & Garfunkel").words == ("simon_and_garfunkel",)
    assert resolve(model, "Ben & Jerry's").words == ("ben", "and", "jerry", "'s")


def test_initials_count_for_little_beside_a_name(glove: Model) -> None:
    reading = resolve(glove, "J. K. Rowling")
    assert reading.words == ("j.", "k.", "rowling")
    row = glove.vocabulary.row("rowling")
    assert row is not None
    assert float(reading.vector @ glove.vectors[row]) > 0.95


def test_no_guesses_are_made_of_a_term_of_many_unknown_words(glove: Model) -> None:
    assert suggest(glove, "cofee xqzt") != []
    started = time.process_time()
    suggest(glove, "cofee")
    one = time.process_time() - started
    started = time.process_time()
    suggest(glove, " ".join(f"x{letter}q{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))
    assert time.process_time() - started < 10 * one
