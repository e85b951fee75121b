"""Vectors as text: numbers parsed many lines at once give what one by one gives."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.formats.sources import Faults
from embeddings.formats.text import metadata_path, read_glove_text, read_word2vec_text, write_projector
from embeddings.models.model import Card, open_model
from embeddings.models.writer import save_model


def read_all(path: Path) -> list[tuple[str, list[float]]]:
    source = read_glove_text(path, Faults(path, skip=False))
    return [pair for block in source.blocks for pair in zip(block.words, block.vectors.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a 1 2\nb 3 4\n", ["a", "b"]),
        (b"a 1 2\r\nb 3 4", ["a", "b"]),
        (b"a\t1\t2\nb\t3\t4\n", ["a", "b"]),
        (b"a  1 2 \nb 3  4\n\n", ["a", "b"]),
        (b"a 1 2\n. . . 3 4\n", ["a", ". . ."]),
        (b"1 1 2\n2 3 4\n", ["1", "2"]),
        ("a 1 2\n\u00a0 3 4\n".encode(), ["a", "\u00a0"]),
        ("a 1 2\nx\u2028y 3 4\n".encode(), ["a", "x\u2028y"]),
    ],
)
def test_lines_are_split_from_the_right_at_blanks_alone(tmp_path: Path, content: bytes, expected: list[str]) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read_all(tmp_path / "file") == [(expected[0], [1.0, 2.0]), (expected[1], [3.0, 4.0])]


def test_the_dimension_is_that_of_most_lines(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"at name@domain.com 1 2\nb 3 4\nc 5 6\n")
    assert [word for word, _ in read_all(tmp_path / "file")] == ["at name@domain.com", "b", "c"]


def test_a_projector_gets_a_table_of_numbers_and_one_of_words(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["a b", "c"], np.array([[1, 2], [3, 4]]), Card("m"))
    write_projector(open_model(tmp_path / "m"), tmp_path / "v.tsv", 2)
    table = [[float(value) for value in line.split("\t")] for line in (tmp_path / "v.tsv").read_text().splitlines()]
    np.testing.assert_allclose(table, [[1, 2], [3, 4]], rtol=1e-6)
    assert metadata_path(tmp_path / "v.tsv").read_text() == "a b\nc\n"


def fault(content: bytes, tmp_path: Path, *, header: bool = False, skip: bool = False) -> str:
    """What stops the reading of ``content``, or what was skipped."""
    (tmp_path / "file").write_bytes(content)
    faults = Faults(tmp_path / "file", skip=skip)
    source = (read_word2vec_text if header else read_glove_text)(tmp_path / "file", faults)
    if skip:
        list(source.blocks)
        return f"{faults.skipped} {faults.messages[0]}"
    with pytest.raises(ModelError) as raised:
        list(source.blocks)
    return str(raised.value)


GOOD = b"a 1 2\nb 3 4\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"c 1 2 3", "3 numbers follow the word where 2 are expected"),
        (b"c 1 2 3 4", "4 numbers follow"),
        (b"c nan 1 2", "3 numbers follow"),
        (b"c 1", "1 numbers follow"),
        (b"c 1 2_0", "what follows 'c' is not 2 numbers: '2_0' is none"),
        (b"c 1 0x2", "'0x2' is none"),
        (b"c 1 2,5", "'2,5' is none"),
        ("c 1 ٢".encode(), "'٢' is none"),
        (b"\xff 1 2", "b'\\xff' is not UTF-8"),
        (b"c" * 20_000 + b" 1 2", "longer than 16,512 bytes"),
    ],
)
@pytest.mark.parametrize("header", [True, False])
def test_a_fault_is_named_by_its_line_or_counted(line: bytes, said: str, header: bool, tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n", b""):
        content = (b"3 2\n" if header else b"") + GOOD + line + end
        where = f"line {4 if header else 3}: "
        message = fault(content, tmp_path, header=header)
        assert where in message and said in message
        assert f"1 {where}" in fault(content, tmp_path, header=header, skip=True)


def test_a_header_of_another_dimension_is_a_fault_with_its_line(tmp_path: Path) -> None:
    assert "line 2: 3 numbers follow the word where 2" in fault(b"2 2\na 1 2 3\nb 1 2 3\n", tmp_path, header=True)
    assert "line 2: 3 numbers follow the word where 4" in fault(b"2 4\na 1 2 3\nb 1 2 3\n", tmp_path, header=True)
    assert "line 1: the header announces 3 words, and 2 follow" in fault(b"3 2\n" + GOOD, tmp_path, header=True)
    assert "line 1: the header announces 1 words, and 2 follow" in fault(b"1 2\n" + GOOD, tmp_path, header=True)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("blank", [b" ", b"\t", b"  "])
@pytest.mark.parametrize("last", [True, False])
def test_marks_line_ends_and_tabs_are_no_words(
    start: bytes, end: bytes, blank: bytes, last: bool, tmp_path: Path
) -> None:
    rows = [b"a 1 2", b"42 3 4", "東京 5 6".encode()]
    content = end.join(row.replace(b" ", blank) for row in rows) + (end if last else b"")
    (tmp_path / "glove").write_bytes(start + content)
    expected = [("a", [1.0, 2.0]), ("42", [3.0, 4.0]), ("東京", [5.0, 6.0])]
    assert read_all(tmp_path / "glove") == expected
    (tmp_path / "word2vec").write_bytes(start + b"3 2" + end + content)
    source = read_word2vec_text(tmp_path / "word2vec", Faults(tmp_path, skip=False))
    assert [word for block in source.blocks for word in block.words] == ["a", "42", "東京"]


def test_words_with_blanks_keep_them_and_numbers_stay_numbers(tmp_path: Path) -> None:
    content = b". . . 0.5 1\nat name@domain.com .5 1.\n. .  . -1e-3 +2\na 1 2\n"
    (tmp_path / "file").write_bytes(content)
    assert [word for word, _ in read_all(tmp_path / "file")] == [". . .", "at name@domain.com", ". .  .", "a"]


def test_floods_of_blank_lines_are_refused(tmp_path: Path) -> None:
    assert "line 1,000,002: over a million blank lines" in fault(b"a 1 2" + b"\n" * 1_100_000, tmp_path)


def test_text_in_utf_16_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("a 1 2\n".encode("utf-16"))
    with pytest.raises(ModelError, match="is text in UTF-16"):
        read_glove_text(tmp_path / "file", Faults(tmp_path, skip=False))
