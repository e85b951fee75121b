"""Reading WordNet's files: a small WordNet in its real format, and everything that can be wrong with one."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from service.page.wordnet import LICENCE_FILE, GlossError, find_wordnet, make_glosses

WORDNET = Path(__file__).parent / "wordnet"
"""Seven words in the format of WordNet 3.0."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(WORDNET, tmp_path / "wordnet")


def test_the_report_the_licence_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "home" / "glosses.sqlite"
    report = make_glosses(WORDNET, target)
    assert (report.version, report.words, report.senses) == ("3.0", 7, 9)
    assert sorted(path.name for path in target.parent.iterdir()) == [LICENCE_FILE, "glosses.sqlite"]
    licence = (target.parent / LICENCE_FILE).read_text()
    assert licence == "This software and database is being provided to you, the LICENSEE\nWordNet 3.0 Copyright 2006\n"


def test_the_more_frequent_part_of_speech_comes_first_and_examples_are_left_out(tmp_path: Path) -> None:
    make_glosses(WORDNET, tmp_path / "glosses.sqlite")
    with sqlite3.connect(tmp_path / "glosses.sqlite") as connection:
        chosen = "SELECT part, text FROM sense JOIN gloss ON gloss = number WHERE lemma = ? ORDER BY place"
        senses = {word: connection.execute(chosen, [word]).fetchall() for word in ("run", "coffee")}
    connection.close()
    assert senses["run"] == [("verb", "move fast on foot"), ("noun", "a score in baseball")]
    assert senses["coffee"] == [("noun", "a beverage of ground beans"), ("noun", "small trees; native to the tropics")]


def test_index_sense_will_do_for_frequencies(tmp_path: Path, folder: Path) -> None:
    (folder / "cntlist.rev").unlink()
    (folder / "index.sense").write_text("run%1:04:00:: 00741272 1 50\nrun%2:38:00:: 01926311 1 4\n", encoding="utf-8")
    make_glosses(folder, tmp_path / "glosses.sqlite")
    with sqlite3.connect(tmp_path / "glosses.sqlite") as connection:
        [first, *_] = connection.execute("SELECT part FROM sense WHERE lemma = 'run' ORDER BY place").fetchall()
    connection.close()
    assert first == ("noun",)


def test_wordnet_is_found_within_a_folder_and_by_its_own_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(WORDNET, tmp_path / "package" / "dict")
    assert find_wordnet(tmp_path) == find_wordnet(tmp_path / "package") == find_wordnet(folder) == folder
    monkeypatch.setenv("WNSEARCHDIR", str(folder))
    assert find_wordnet() == folder


def test_a_folder_that_is_not_wordnet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GlossError, match="is not WordNet: it has no file data.noun.*wordnet-base"):
        make_glosses(tmp_path, tmp_path / "glosses.sqlite")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("data.noun", "something else\n", "is not WordNet's: its licence is missing"),
        ("index.verb", None, "index.verb cannot be read"),
        ("index.noun", "coffee n 1 0 1 0 99999999\n", "index.noun is damaged: line 1 does not fit data.noun"),
        ("index.noun", "coffee n 2 0 2 0 07929519\n", "index.noun is damaged: line 1 has 1 senses and says 2"),
        ("index.noun", "coffee\n", "index.noun is damaged: line 1"),
        ("data.adv", b"\xff\xfe\n", "data.adv cannot be read"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    tmp_path: Path, folder: Path, name: str, content: str | bytes | None, message: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    target = tmp_path / "home" / "glosses.sqlite"
    with pytest.raises(GlossError, match=message):
        make_glosses(folder, target)
    assert not target.exists()


def test_an_older_file_stays_where_the_new_one_cannot_be_made(tmp_path: Path, folder: Path) -> None:
    target = tmp_path / "glosses.sqlite"
    make_glosses(folder, target)
    before = target.read_bytes()
    (folder / "index.adj").unlink()
    with pytest.raises(GlossError):
        make_glosses(folder, target)
    assert target.read_bytes() == before
