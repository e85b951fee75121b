"""Headers of word2vec's formats: numbers that cannot be are refused before anything is made of them."""

from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.formats.headers import BOM, Header, is_header, read_header, require_dimension, require_utf_8


@pytest.mark.parametrize("line", [b"3 2\n", b" 3\t2 \r\n", BOM + b"3 2", b"+3 2"])
def test_two_numbers_are_a_header(line: bytes) -> None:
    assert is_header(line)
    assert read_header(Path("x"), line) == Header(3, 2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"0 2", "announces 0 words, which cannot be"),
        (b"-3 2", "announces -3 words"),
        (b"3 0", "announces 0 numbers for each word"),
        (b"3 -2147483648", "announces -2147483648 numbers"),
        (b"9" * 5000 + b" 2", "a number of 5,000 digits of words"),
        (b"2 " + b"9" * 900, "a number of 900 digits of numbers"),
        (b"2 800000000", "announces 800000000 numbers"),
    ],
)
def test_numbers_that_cannot_be_are_named_with_the_line(line: bytes, said: str) -> None:
    assert is_header(line)
    with pytest.raises(ModelError, match=f"x, line 1: the header .*{said}|x, line 1: .*{said}"):
        read_header(Path("x"), line)


def test_other_lines_are_none() -> None:
    for line in (b"the 0.1 0.2", b"3", b"3 2 1", b"3 2.0", b""):
        assert not is_header(line)
        with pytest.raises(ModelError, match="does not begin with a line of two numbers"):
            read_header(Path("x"), line)


def test_dimensions_and_encodings_that_cannot_be() -> None:
    assert require_dimension(Path("x"), 300) == 300
    with pytest.raises(ModelError, match="x claims 0 numbers"):
        require_dimension(Path("x"), 0)
    with pytest.raises(ModelError, match="x is text in UTF-16. Save it as UTF-8"):
        require_utf_8(Path("x"), "a 1".encode("utf-16"))
