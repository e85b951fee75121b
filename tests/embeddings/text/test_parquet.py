"""Columns of Parquet files to text."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings.errors import CorpusError
from embeddings.text.corpus import CorpusParameters, TextFormat, find_texts
from tests.embeddings.text.corpora import DEFAULT, read


@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        ("text", pa.array(["red", None, "fox"], pa.large_string()).dictionary_encode(), "red\nfox"),
        ("text", pa.array([b"red \xff fox", b"owl"]), "red \ufffd fox\nowl"),
        ("text", pa.array(["red\nfox", "", "owl"]), "red\nfox\nowl"),
        ("meta.text", pa.array(["red"]), "red"),
    ],
)
def test_shapes_of_columns(tmp_path: Path, column: str, values: pa.Array, text: str) -> None:
    path = tmp_path / "x.parquet"
    other = pa.array(["no"] * len(values))
    pq.write_table(pa.table({column: values, "meta": other, f"{column}.more": other}), path)
    assert read(path, parameters=CorpusParameters(column=column))[0] == text


@pytest.mark.parametrize("values", [[["red"]], [{"a": "b"}], [None], pa.array([b"red"], pa.binary(3))])
def test_columns_that_hold_no_text_are_refused_by_their_type(tmp_path: Path, values: object) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": pa.array(values)}), path)
    with pytest.raises(CorpusError, match="the column 'text' holds .*, not text"):
        find_texts([path], DEFAULT)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"body": ["eins", None, "zwei"], "n": [1, 2, 3]}), path, row_group_size=2)
    [text] = find_texts([path], CorpusParameters(column="body"))
    assert text.format is TextFormat.PARQUET
    assert [block.text for block in read(path, parameters=CorpusParameters(column="body"))[1]] == ["eins", "zwei"]
    with pytest.raises(CorpusError, match="has no column 'text'; it has: body, n"):
        find_texts([path], DEFAULT)
    with pytest.raises(CorpusError, match="holds int64, not text"):
        find_texts([path], CorpusParameters(column="n"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match="is not Parquet, or is damaged"):
        find_texts([path], CorpusParameters(column="body"))
