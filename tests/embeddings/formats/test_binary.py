"""word2vec's binary format: headers, words and rows that are not right."""

import struct
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.formats.conversion import ImportOptions, import_file
from embeddings.models.model import Card, open_model


def test_a_binary_with_more_than_it_announces(tmp_path: Path) -> None:
    path = tmp_path / "more.bin"
    path.write_bytes(b"1 2\na " + struct.pack("<2f", 1, 2) + b"\nb " + struct.pack("<2f", 1, 2))
    with pytest.raises(ModelError, match="announces 1 words, and more follows"):
        import_file(path, tmp_path / "m", Card("m"))
    assert import_file(path, tmp_path / "m", Card("m"), ImportOptions(skip_faults=True)).words == 1


def test_a_binary_word_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "bad.bin"
    row = struct.pack("<2f", 1, 2)
    path.write_bytes(b"3 2\na " + row + b"\n\xff " + row + b"\nc " + row)
    with pytest.raises(ModelError, match=r"word 2: b'\\xff' is not UTF-8"):
        import_file(path, tmp_path / "m", Card("m"))
    assert import_file(path, tmp_path / "m", Card("m"), ImportOptions(skip_faults=True)).words == 2


def test_a_header_that_the_file_is_too_short_for(tmp_path: Path) -> None:
    path = tmp_path / "short.bin"
    path.write_bytes(b"3000000 300\n</s> " + bytes(1200))
    with pytest.raises(ModelError, match=r"announces 3,000,000 words of 300 numbers, which take 3,603,000,012 bytes"):
        import_file(path, tmp_path / "m", Card("m"))
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("newline", [b"", b"\n"])
@pytest.mark.parametrize("first", ["42", "nan", "-inf", "1e5"])
def test_a_first_word_that_looks_like_a_number(first: str, newline: bytes, tmp_path: Path) -> None:
    rows = [struct.pack("<3f", 1, 2, 3), b"1.5 2.5 3.5 ", b" \n 7 7 7 7 \n"]
    words = [first, "foo", "bar"]
    (tmp_path / "x").write_bytes(
        b"3 3\n" + b"".join(word.encode() + b" " + row + newline for word, row in zip(words, rows, strict=True))
    )
    report = import_file(tmp_path / "x", tmp_path / "m", Card("m"))
    assert (report.format, report.words) == ("word2vec-binary", 3)
    assert list(open_model(tmp_path / "m").vocabulary) == words
