"""Columns of Parquet files to text."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings.errors import CorpusError
from embeddings.text.corpus import CorpusParameters, TextFormat, find_texts
from tests.embeddings.text.corpora import DEFAULT, read


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
