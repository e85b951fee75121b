"""What a file is, told by all of its beginning and not by its first word."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.formats.conversion import FORMATS
from embeddings.formats.detection import format_inside


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def inside(path: Path) -> str | None:
    return format_inside(path, {entry.name: entry.begins for entry in FORMATS.values() if entry.begins})


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"2 2\na 1 2\nb 3 4\n", "word2vec"),
        (b"2 2\n42 1 2\nnan 3 4", "word2vec"),
        (b"2 2\n42 " + floats(1, 2) + b"\nnan " + floats(3, 4) + b"\n", "word2vec-binary"),
        (b"2 2\nnan " + floats(1, 2) + b"42 " + floats(3, 4), "word2vec-binary"),
        (b"2 2\nfoo 1 2 3 4 \nbar 1 2 3 4 \n", "word2vec-binary"),
        (b"2 3\nfoo 1.5\n2.5 3.5 \nbar abcdefgh 1.5\n", "word2vec-binary"),
        (b"1 1\n7 \n1.5\n", "word2vec-binary"),
        (b"2 2\na 1 2 3\nb 1 2 3\n", "word2vec"),
        (b"2 2\na 1 x\nb 3 4\n", "word2vec"),
        (b"2 2\n\xff\xe9 1 2\nb 3 4\n", "word2vec"),
        (b"-2 2\na 1 2", None),
        (b"42 7\n43 8\n44 9\n", "glove"),
        (b"2 1\na 7\nb 8\n", "word2vec"),
        (b"2 50\na 7\nb 8\n", "word2vec"),
        (b"1.5 1.5\n2.5 2.5\n", "glove"),
        (b"nan 1 2\ninf 3 4\n", "glove"),
        (b"the 0.1 0.2", "glove"),
        (b"this is no vector\nnor is this\n", None),
        (b"word,0.1,0.2\n", None),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), None),
    ],
)
def test_evidence_decides(content: bytes, name: str | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        assert inside(path) == name
    except ModelError as error:
        assert name is None and "line 1" in str(error)
    path.write_bytes(gzip.compress(content))
    if name:
        assert inside(path) == name


def test_of_what_fits_both_the_name_decides(tmp_path: Path) -> None:
    for name, found in (("x.txt", "word2vec"), ("x.bin", "word2vec-binary"), ("x.bin.gz", "word2vec-binary")):
        (tmp_path / name).write_bytes(b"1 4\nfoo 1.5 2.5 3.5 4.5 \n")
        assert inside(tmp_path / name) == found


WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6) | st.sampled_from(
    ["42", "nan", "1"]
)


@given(rows=st.lists(st.tuples(WORDS, st.integers(0, 99)), min_size=1, max_size=20), newline=st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_word2vec_writes_is_told_apart(rows: list[tuple[str, int]], newline: bool, tmp_path: Path) -> None:
    vectors = [np.random.default_rng(seed).normal(size=5).astype("<f4") for _, seed in rows]
    end = b"\n" if newline else b""
    binary = b"".join(word.encode() + b" " + row.tobytes() + end for (word, _), row in zip(rows, vectors, strict=True))
    text = "".join(f"{word} {' '.join(map(str, row))}\n" for (word, _), row in zip(rows, vectors, strict=True))
    header = f"{len(rows)} 5\n".encode()
    (tmp_path / "file").write_bytes(header + binary)
    assert inside(tmp_path / "file") == "word2vec-binary"
    (tmp_path / "file").write_bytes(header + text.encode())
    assert inside(tmp_path / "file") == "word2vec"


def test_what_cannot_be_read_twice_or_from_its_middle_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelError, match="pipe is a pipe or a device"):
        inside(tmp_path / "pipe")
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"PAR1" + bytes(20)))
    with pytest.raises(ModelError, match=r"x\.gz is Parquet that was packed"):
        inside(tmp_path / "x.gz")
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\0" + bytes(20))
    with pytest.raises(ModelError, match="which has no words"):
        inside(tmp_path / "x.npy")


def test_large_files_are_told_apart_by_their_beginning(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(3000, 100)).astype("<f4")
    rows[::3] = np.frombuffer(b"\n7 0.5 " * 50 + b"\n" * 50, "<f4")  # rows whose bytes look like text
    body = b"".join(b"%d " % number + row.tobytes() + b"\n" for number, row in enumerate(rows))
    (tmp_path / "binary").write_bytes(b"3000 100\n" + body)
    assert inside(tmp_path / "binary") == "word2vec-binary"
    numbers = " ".join(["0.25"] * 100)
    text = "".join(f"caf\xe9{number} {numbers}\n" for number in range(3000)).encode("latin-1")
    (tmp_path / "text").write_bytes(b"3000 100\n" + text)
    assert inside(tmp_path / "text") == "word2vec"
    (tmp_path / "text").write_bytes(b"3000 99\n" + text)
    assert inside(tmp_path / "text") == "word2vec"
