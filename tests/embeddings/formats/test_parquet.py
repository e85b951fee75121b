"""Vectors in Parquet: lists or columns, rows that are not right, files made to fill a machine."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from embeddings.errors import ModelError
from embeddings.formats.conversion import import_file
from embeddings.models.model import Card, Model, open_model

CARD = Card("imported")


def imported(path: Path, tmp_path: Path, **options: object) -> Model:
    import_file(path, tmp_path / "imported", CARD, overwrite=True, **options)  # type: ignore[arg-type]
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
    report = import_file(tmp_path / "x.parquet", tmp_path / "m", CARD, skip_faults=True)
    assert (report.words, report.skipped) == (1, 3)
    assert "row 3: 'c' has 1 numbers, not 2" in report.faults[1]


def test_parquet_without_vectors_lists_what_it_has(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"w": ["a"], "n": [1]}), tmp_path / "x.parquet")
    with pytest.raises(ModelError, match=r"needs a column of words .* it has w \(string\), n \(int64\)"):
        imported(tmp_path / "x.parquet", tmp_path)
