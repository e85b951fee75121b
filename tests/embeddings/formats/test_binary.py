"""word2vec's binary format: headers, words and rows that are not right."""

import struct
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.formats.conversion import import_file
from embeddings.models.model import Card


def test_a_binary_with_more_than_it_announces(tmp_path: Path) -> None:
    path = tmp_path / "more.bin"
    path.write_bytes(b"1 2\na " + struct.pack("<2f", 1, 2) + b"\nb " + struct.pack("<2f", 1, 2))
    with pytest.raises(ModelError, match="announces 1 words, and more follows"):
        import_file(path, tmp_path / "m", Card("m"))
    assert import_file(path, tmp_path / "m", Card("m"), skip_faults=True).words == 1


def test_a_binary_word_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "bad.bin"
    row = struct.pack("<2f", 1, 2)
    path.write_bytes(b"3 2\na " + row + b"\n\xff " + row + b"\nc " + row)
    with pytest.raises(ModelError, match=r"word 2: b'\\xff' is not UTF-8"):
        import_file(path, tmp_path / "m", Card("m"))
    assert import_file(path, tmp_path / "m", Card("m"), skip_faults=True).words == 2
