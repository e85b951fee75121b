"""Vectors as text: numbers parsed many lines at once give what one by one gives."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.formats.sources import Faults
from embeddings.formats.text import metadata_path, read_glove_text, write_projector
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
