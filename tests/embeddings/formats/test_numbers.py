"""Numbers of text formats: what programs write and nothing else, many at once as one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.formats.numbers import is_number, parse_row, parse_table, trailing_numbers


@pytest.mark.parametrize(
    "field", ["1", "-1", "+1", "1.", ".5", "-0.25", "1e5", "1E-05", "1.5e+3", "nan", "-NaN", "inf"]
)
def test_what_programs_write_is_a_number(field: str) -> None:
    assert is_number(field.encode())


@pytest.mark.parametrize(
    "field", ["1_0", "0x1p3", "1,5", "1d0", "1e", ".", "-", "", "1f", "١", "１", "--1", "1.2.3", "nano"]
)
def test_what_only_python_or_nobody_reads_is_none(field: str) -> None:
    assert not is_number(field.encode())
    assert parse_row([b"1", field.encode()]) is None
    assert parse_table([b"1 2", b"1 " + field.encode()], 2) is None


def test_a_row_that_is_not_finite_is_told_from_one_that_is_none() -> None:
    assert np.isnan(parse_row([b"1", b"-inf"])).all()  # type: ignore[arg-type]
    assert np.isinf(parse_row([b"1", b"1e39"])).tolist() == [False, True]  # type: ignore[arg-type]
    assert parse_table([b"1 nan"], 2) is None


def test_numbers_at_the_end_leave_one_field_for_the_word() -> None:
    assert [trailing_numbers(line.split()) for line in (b"a 1 2", b"1 2 3", b"a b", b"a 1 b 2", b"1")] == [
        2,
        2,
        0,
        1,
        0,
    ]


@given(
    st.lists(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1)
)
def test_many_rows_at_once_are_those_one_by_one(rows: list[list[float]]) -> None:
    lines = [" ".join(map(repr, row)).encode() for row in rows]
    table = parse_table(lines, 3)
    np.testing.assert_array_equal(table, np.array(rows, np.float32))  # type: ignore[arg-type]
    np.testing.assert_array_equal(table, [parse_row(line.split()) for line in lines])  # type: ignore[arg-type]
