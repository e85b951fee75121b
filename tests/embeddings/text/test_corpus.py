"""Files of every kind to text, and every way in which they can be wrong."""

import os
from pathlib import Path

import pytest

from embeddings.errors import CorpusError
from embeddings.text.corpus import CorpusParameters, OnError, find_texts
from tests.embeddings.text.corpora import DEFAULT, read


def test_a_folder_is_read_in_the_order_of_names_without_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("two\n")
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "sub" / "c").write_text("three\n")
    (tmp_path / ".hidden").write_bytes(b"\0")
    assert read(tmp_path)[0] == "one\ntwo\nthree\n"


def test_bad_bytes_are_counted_or_with_strict_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"gut\n" + b"sch\xfflecht \xe4\n" + "echt \ufffd\n".encode())
    text, [block] = read(path)
    assert text == "gut\nsch\ufffdlecht \ufffd\necht \ufffd\n"
    assert block.undecodable == 2
    with pytest.raises(CorpusError, match=r"x\.txt is not UTF-8 at byte 7: invalid start byte\. Say its --encoding"):
        read(path, parameters=CorpusParameters(strict=True))
    assert read(path, parameters=CorpusParameters(encoding="latin-1"))[0].startswith("gut\nschÿlecht ä\n")


def test_utf_16_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("Käse\n".encode("utf-16"))
    with pytest.raises(CorpusError, match="binary file.*--encoding utf-16"):
        find_texts([path], DEFAULT)
    assert read(path, parameters=CorpusParameters(encoding="utf-16"))[0] == "Käse\n"
    path.write_bytes(b"\xef\xbb\xbfeins")
    assert read(path)[0] == "eins"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\x7fELF\0\0", "is a binary file"),
        (b"PK\x03\x04zip", "zip archive"),
    ],
)
def test_what_can_be_known_is_said_before_anything_is_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        find_texts([path], DEFAULT)


def test_an_empty_folder_and_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no files"):
        find_texts([tmp_path], DEFAULT)
    with pytest.raises(CorpusError, match="nothing to train on"):
        find_texts([], DEFAULT)


@pytest.mark.parametrize("encoding", ["no-such", "hex", "rot13", "idna", "undefined", "", "utf\0-8"])
def test_an_encoding_that_is_none_is_refused(encoding: str) -> None:
    with pytest.raises(CorpusError, match="There is no encoding"):
        CorpusParameters(encoding=encoding)


def test_of_a_folder_pipes_are_left_out_and_links_add_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").write_text("two\n")
    os.mkfifo(folder / "pipe")
    (folder / "a-again.txt").symlink_to(folder / "a.txt")
    (folder / "b.txt").symlink_to(tmp_path / "b.txt")
    (folder / "sub" / "loop").symlink_to(folder)
    left_out: list[str] = []
    texts = find_texts([folder], DEFAULT, left_out)
    assert [Path(text.name).name for text in texts] == ["a.txt", "b.txt"]
    assert len(left_out) == 1
    assert "is a pipe" in left_out[0]


def test_a_bad_file_of_a_folder_stops_or_is_skipped_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(CorpusError, match="b.parquet is not Parquet"):
        find_texts([tmp_path], DEFAULT)
    left_out: list[str] = []
    assert len(find_texts([tmp_path], CorpusParameters(on_error=OnError.SKIP), left_out)) == 1
    assert "b.parquet" in left_out[0]
