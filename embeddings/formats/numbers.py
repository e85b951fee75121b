"""Numbers as the tools of the text formats write them: digits, a point, an exponent, and nothing else."""

import re
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(rb"[+-]?(?:nan|inf|infinity)(?:\([0-9a-z_]*\))?", re.IGNORECASE)
_PLAIN = b"0123456789.eE+- \n"


def is_number(field: bytes) -> bool:
    """Whether ``field`` is what a program writes for a number, be it NaN or infinite."""
    return bool(_NUMBER.fullmatch(field) or _NOT_FINITE.fullmatch(field))


def trailing_numbers(fields: Sequence[bytes]) -> int:
    """How many of ``fields`` at their end are numbers; the first is a word in any case."""
    count = 0
    while count < len(fields) - 1 and is_number(fields[-1 - count]):
        count += 1
    return count


def parse_row(fields: Sequence[bytes]) -> npt.NDArray[np.float32] | None:
    """The numbers of one row [dimension], NaN where one is not finite; None if one of them is no number."""
    if all(map(_NUMBER.fullmatch, fields)):
        with np.errstate(over="ignore"):
            return np.array(list(map(float, fields)), np.float64).astype(np.float32)
    if all(map(is_number, fields)):
        return np.full(len(fields), np.nan, np.float32)
    return None


def parse_table(lines: Sequence[bytes], dimension: int) -> npt.NDArray[np.float32] | None:
    """The numbers of many rows [lines, dimension], each ``dimension`` fields with one blank between them.

    None if something in them is no finite number; `parse_row` then finds out where.
    """
    text = b" ".join(lines)
    if text.translate(None, _PLAIN):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # numpy before 2.3 warns of what is no number
            numbers = np.fromstring(text, np.float64, sep=" ")
    except (ValueError, DeprecationWarning):
        return None
    if numbers.size != len(lines) * dimension:
        return None
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32).reshape(-1, dimension)
