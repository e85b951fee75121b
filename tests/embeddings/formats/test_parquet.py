"""Vectors in Parquet: lists or columns, rows that are not right, files made to fill a machine."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from embeddings.errors import ModelError
from embeddings.formats.conversion import ImportOptions, import_file
from embeddings.models.model import Card, Model, open_model

CARD = Card("imported")


def imported(path: Path, tmp_path: Path, **options: object) -> Model:
    import_file(path, tmp_path / "imported", CARD, ImportOptions(overwrite=True, **options))  # type: ignore[arg-type]
    return open_model(tmp_path / "imported")


def lengths(model: Model) -> np.ndarray:
    return np.asarray(model.vectors * model.norms[:, None])


def test_parquet_may_have_lists_or_a_column_a_dimension(tmp_path: Path) -> None:
    lists = pyarrow.table({"id": [1, 2], "token": ["a", "b"], "embedding": [[1.0, 2.0], [3.0, 4.0]]})
    columns = pyarrow.table({"x": [1.0, 3.0], "y": [2.0, 4.0], "word": ["a", "b"], "count": [9, 8]})
    for table in (lists, columns):
        pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
        model = imported(tmp_path / "x.parquet", tmp_path)
        assert list(model.vocabulary) == ["a", "b"]
        np.testing.assert_allclose(lengths(model), [[1, 2], [3, 4]], rtol=1e-6)
    assert model.counts.tolist() == [9, 8]


def test_rows_of_parquet_that_are_not_right(tmp_path: Path) -> None:
    table = pyarrow.table({"w": ["a", None, "c", "d"], "v": [[1.0, 2.0], [1.0, 2.0], [1.0], None]})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(ModelError, match="row 2: there is no word"):
        imported(tmp_path / "x.parquet", tmp_path)
    report = import_file(tmp_path / "x.parquet", tmp_path / "m", CARD, ImportOptions(skip_faults=True))
    assert (report.words, report.skipped) == (1, 3)
    assert "row 3: 'c' has 1 numbers, not 2" in report.faults[1]


def test_parquet_without_vectors_lists_what_it_has(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"w": ["a"], "n": [1]}), tmp_path / "x.parquet")
    with pytest.raises(ModelError, match=r"needs a column of words .* it has w \(string\), n \(int64\)"):
        imported(tmp_path / "x.parquet", tmp_path)


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.string(),
        pyarrow.large_string(),
        pyarrow.string_view(),
        pyarrow.dictionary(pyarrow.int32(), pyarrow.string()),
    ],
)
def test_words_may_be_text_of_any_kind(kind: pyarrow.DataType, tmp_path: Path) -> None:
    table = pyarrow.table(
        {"w": pyarrow.array(["a", "b", "東京"]).cast(kind), "v": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    model = imported(tmp_path / "x.parquet", tmp_path)
    assert list(model.vocabulary) == ["a", "b", "東京"]
    np.testing.assert_allclose(lengths(model), [[1, 2], [3, 4], [5, 6]], rtol=1e-6)


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.list_(pyarrow.float64()),
        pyarrow.large_list(pyarrow.float16()),
        pyarrow.list_(pyarrow.float32(), 2),
        pyarrow.list_(pyarrow.int32()),
    ],
)
def test_vectors_may_be_lists_of_any_kind(kind: pyarrow.DataType, tmp_path: Path) -> None:
    vectors = pyarrow.array([[1, 2], None, [3, 4]], pyarrow.list_(pyarrow.int32())).cast(kind)
    pyarrow.parquet.write_table(pyarrow.table({"w": ["a", "b", "c"], "v": vectors}), tmp_path / "x.parquet")
    report = import_file(tmp_path / "x.parquet", tmp_path / "m", CARD, ImportOptions(skip_faults=True))
    assert (report.words, report.skipped, report.dimension) == (2, 1, 2)
    np.testing.assert_allclose(lengths(open_model(tmp_path / "m")), [[1, 2], [3, 4]], rtol=1e-6)


FLOOD = np.zeros(2_000_000, np.float32)
BAD = {
    "lists of text": ({"w": ["a"], "v": [["x", "y"]]}, "needs a column of words and one of lists of numbers"),
    "a negative count": ({"w": ["a"], "v": [[1.0, 2.0]], "count": [-5]}, "row 1: 'a' was counted -5 times"),
    "no numbers": ({"w": ["a"], "v": pyarrow.array([[]], pyarrow.list_(pyarrow.float32()))}, "has no numbers"),
    "a number that is missing": ({"w": ["a"], "v": [[1.0, None]]}, "row 1: the vector of 'a' holds"),
    "a long word": ({"w": ["a" * 20_000], "v": [[1.0, 2.0]]}, "a word of 20,000 bytes; 16,384 can be"),
    "a word again and again": (
        {"w": pyarrow.array(["x" * 100_000] * 300).dictionary_encode(), "v": [[1.0, 2.0]] * 300},
        "a word of 100,000 bytes",
    ),
    "a long list": (
        {"w": ["a", "b"], "v": pyarrow.ListArray.from_arrays([0, 2, 2_000_000], pyarrow.array(FLOOD))},
        "2,000,000 numbers",
    ),
    "no UTF-8": (
        {"w": pyarrow.array([b"\xff"]).view(pyarrow.string()), "v": [[1.0, 2.0]]},
        r"row 1: b'\\xff' is not UTF-8",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_word_or_no_vector_is_refused_by_name(what: str, tmp_path: Path) -> None:
    columns, said = BAD[what]
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "x.parquet")
    with pytest.raises(ModelError, match=rf"x\.parquet.*{said}"):
        imported(tmp_path / "x.parquet", tmp_path)


def test_a_file_that_unpacks_to_fill_a_machine_is_refused(tmp_path: Path) -> None:
    rows, columns = 1_000_000, 300
    zeros = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(rows, np.int32)), pyarrow.array(["a"]))
    numbers = pyarrow.array(np.zeros(rows, np.float32))
    table = pyarrow.table({"w": zeros, **{f"x{number}": numbers for number in range(columns)}})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet", compression="zstd")
    with pytest.raises(ModelError, match=r"x\.parquet unpacks to 1,000,000 rows of 300 numbers, over 250 times"):
        imported(tmp_path / "x.parquet", tmp_path)
