"""The file of lists: what it gives back, and that nothing in it can do harm."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.search.brute_force import Matrix
from embeddings.search.index import open_index
from embeddings.search.list_file import LISTS_FILE, NO_ROW, Lists, read_lists, write_lists
from embeddings.search.report import IndexReport
from tests.embeddings.search.conftest import written_with


def test_the_file_gives_back_the_lists(rows27: Matrix, lists: Lists, tmp_path: Path) -> None:
    write_lists(lists, tmp_path / LISTS_FILE)
    read = read_lists(HeldFile(tmp_path / LISTS_FILE), tmp_path / LISTS_FILE, *rows27.shape)
    for name in ("rotation", "sizes", "steps", "centre_steps", "centres", "first_part", "scales", "spreads"):
        assert (getattr(read, name) == getattr(lists, name)).all(), name
    for name in ("ids", "coarse", "fine"):
        assert (getattr(read, name) == getattr(lists, name)).all(), name
    assert (read.bits, read.turned) == (lists.bits, 28)  # 27 dimensions, filled up


@pytest.mark.parametrize("field", range(6))
@pytest.mark.parametrize("value", [-(2**63), -1, 0, 1, 3, 2**31, 2**62, 2**63 - 1])
def test_counts_that_cannot_be_are_refused(
    rows27: Matrix, lists: Lists, tmp_path: Path, field: int, value: int
) -> None:
    path = written_with(lists, tmp_path, field, value)
    with pytest.raises(ModelError, match=LISTS_FILE):
        read_lists(HeldFile(path), path, *rows27.shape)


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("rotation", (0, 0), np.nan),
        ("rotation", (3, 2), 1e30),
        ("sizes", 0, 0),
        ("steps", 0, 0),
        ("steps", 1, -1),
        ("centre_steps", 2, np.inf),
        ("spreads", 5, -0.5),
        ("spreads", 5, np.nan),
        ("scales", 5, np.inf),
        ("first_part", 0, 1),
        ("first_part", 3, 2**32 - 1),
        ("ids", 0, NO_ROW),
        ("ids", 1, 12_000),
        ("ids", 16, 5),
    ],
)
def test_numbers_that_cannot_be_are_refused(
    rows27: Matrix, lists: Lists, tmp_path: Path, name: str, place: int | tuple[int, int], value: float
) -> None:
    array = getattr(lists, name).copy()
    array[place] = value
    path = tmp_path / LISTS_FILE
    write_lists(replace(lists, **{name: array}), path)
    with pytest.raises(ModelError, match="damaged"):
        read_lists(HeldFile(path), path, *rows27.shape)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_with_any_bytes_changed_is_refused_or_searched(
    rows27: Matrix, folder: tuple[Path, IndexReport], tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray((folder[0] / LISTS_FILE).read_bytes())
    head = 80 + 28 * 27 * 4 + 28 * 16 + 60 * 4  # where most of what could do harm stands
    places = st.one_of(st.integers(0, head), st.integers(0, len(content) - 1))
    for place in data.draw(st.lists(places, min_size=1, max_size=6)):
        content[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(places) :]
    path = tmp_path / LISTS_FILE
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    try:
        scores, rows = open_index(rows27, folder[1], tmp_path).search(rows27[:3], 10)
    except ModelError as error:
        assert LISTS_FILE in str(error)
    else:
        assert rows.shape == scores.shape == (3, 10)
        assert ((rows >= 0) & (rows < len(rows27))).all()
