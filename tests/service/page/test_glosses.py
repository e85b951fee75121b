"""Looking glosses up: base forms, phrases, words that only have a homograph, many at once."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.page.glosses import GLOSSES_FILE, Gloss, Glosses
from service.page.wordnet import GlossError, find_wordnet, make_glosses

WORDNET = Path(__file__).parent / "wordnet"


@pytest.fixture
def glosses(tmp_path: Path) -> Iterator[Glosses]:
    make_glosses(WORDNET, tmp_path / GLOSSES_FILE)
    yield from _opened(tmp_path / GLOSSES_FILE)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glosses]:
    """The whole of WordNet, which ``make packages`` installs."""
    path = tmp_path_factory.mktemp("glosses") / GLOSSES_FILE
    make_glosses(find_wordnet(), path)
    yield from _opened(path)


def _opened(path: Path) -> Iterator[Glosses]:
    opened = Glosses.open(path)
    assert opened is not None
    yield opened
    opened.close()


def test_a_word_has_its_senses_with_their_part_of_speech_the_most_frequent_first(glosses: Glosses) -> None:
    assert glosses.lookup("run") == [Gloss("verb", "move fast on foot"), Gloss("noun", "a score in baseball")]
    assert glosses.version == "3.0"
    assert "LICENSEE" in glosses.licence


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Coffee", "a beverage of ground beans"),
        ("dinners", "the main meal of the day"),
        ("mice", "a small rodent"),
        ("went", "change location"),
        ("goes", "change location"),
        ("going", "change location"),
        ("running", "of advancing the ball"),  # a word of its own goes before the form of another
    ],
)
def test_case_and_endings_are_free(glosses: Glosses, word: str, text: str) -> None:
    assert glosses.lookup(word)[0].text == text


@pytest.mark.parametrize("word", ["he", "xyzzy", "", "s", "ss", "a b", "\0", "\ud800", "%", "' OR 1=1 --", "👑"])
def test_what_wordnet_does_not_have_has_no_gloss(glosses: Glosses, word: str) -> None:
    assert glosses.lookup(word) == []


def test_an_ending_tells_the_part_of_speech(glosses: Glosses) -> None:
    assert [gloss.part_of_speech for gloss in glosses.lookup("runs")] == ["noun", "verb"]  # a plural, a third person
    assert {gloss.part_of_speech for gloss in glosses.lookup("runing")} <= {"verb"}
    assert glosses.lookup("coffeeing") == []  # a noun has no such form


def test_many_words_are_asked_at_once_each_in_its_place(glosses: Glosses) -> None:
    words = [*(f"word{number}" for number in range(2_000)), "mice", "coffee", "mice"]
    found = glosses.lookup_many(words)
    assert list(found) == list(dict.fromkeys(words))
    assert {word for word, senses in found.items() if senses} == {"mice", "coffee"}


def test_without_glosses_there_are_none_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    assert Glosses.open(tmp_path / GLOSSES_FILE) is None
    (tmp_path / GLOSSES_FILE).write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(GlossError, match=r"glosses.sqlite is damaged.*thisplusthat glosses"):
        Glosses.open(tmp_path / GLOSSES_FILE)
    (tmp_path / GLOSSES_FILE).write_bytes(b"")
    with pytest.raises(GlossError, match="has version 0 where 1 is needed"):
        Glosses.open(tmp_path / GLOSSES_FILE)


def test_the_real_wordnet(real: Glosses) -> None:
    assert real.lookup("peso")[0].part_of_speech == "noun"
    assert "capital and largest city of Japan" in real.lookup("tokyo")[0].text
    assert "republic" in real.lookup("united states")[0].text
    assert real.lookup("united_states") == real.lookup("United States")
    assert "rodents" in real.lookup("mice")[0].text
    assert '"' not in real.lookup("coffee")[0].text
    ten = "peso devaluation ruble pesos bourse greenback tumble tumbling plunge fetched".split()
    assert all(real.lookup_many(ten).values())
    times = []
    for _ in range(20):
        started = time.perf_counter()
        real.lookup_many(ten)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.001
