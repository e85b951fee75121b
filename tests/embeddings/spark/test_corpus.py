"""Rows as Spark reads them → the blocks of text that the local engine would cut."""

import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from embeddings.errors import CorpusError
from embeddings.spark.corpus import BLOCK_BYTES, SparkText, _gather, _unpack, as_raw, find_spark_texts
from embeddings.text.blocks import texts_of
from embeddings.text.corpus import CorpusParameters, Text, TextFormat

ADDRESS, KEY = "file:/corpora/ä text.txt", ("file", "", "/corpora/ä text.txt")
AS_SPARK_SAYS = "file:/corpora/%C3%A4%20text.txt"


def rows(*values: bytes, start: int = 0, path: str = AS_SPARK_SAYS) -> pyarrow.RecordBatch:
    columns = [[path] * len(values), [start] * len(values), list(values)]
    types = [pyarrow.string(), pyarrow.int64(), pyarrow.binary()]
    arrays = [pyarrow.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, ["path", "start", "value"])


def blocks(
    batches: list[pyarrow.RecordBatch], kind: TextFormat = TextFormat.TEXT, cut: Any = _gather, **parameters: Any
) -> list[dict[str, Any]]:
    text = SparkText(Text(ADDRESS, kind, 1), KEY)
    found: Iterator[Any] = cut({text.key: (4, text)}, CorpusParameters(**parameters))(iter(batches))
    return [row for batch in found for row in batch.to_pylist()]


def test_lines_become_blocks_that_know_their_place() -> None:
    long = b"word " * (BLOCK_BYTES // 9)
    found = blocks([rows(long, b"", long, b"last"), rows(b"of another piece", start=9)])
    assert [(row["file"], row["start"], row["part"]) for row in found] == [(4, 0, 0), (4, 0, 1), (4, 9, 0)]
    assert [row["content"] for row in found] == [long + b"\n" + long, b"last", b"of another piece"]


def test_lines_of_json_are_counted_from_the_beginning_of_their_piece() -> None:
    found = blocks([rows(b'{"text": "a"}', b"", b"{", start=700)], TextFormat.JSONL)
    [row] = found
    text = SparkText(Text(ADDRESS, TextFormat.JSONL, 1), KEY)
    with pytest.raises(CorpusError, match=r"text.txt, counted from byte 700, line 2 is not JSON"):
        texts_of(as_raw([text], 0, row["start"], row["place"], row["content"]), CorpusParameters())


def test_another_encoding_becomes_utf_8() -> None:
    [row] = blocks([rows("Köln".encode("latin-1"))], encoding="latin-1")
    assert row["content"].decode() == "Köln"
    with pytest.raises(CorpusError, match="is not ascii2|is not cp1252"):
        blocks([rows(b"\x81")], encoding="cp1252", strict=True)


def test_a_dump_is_cut_at_its_pages_and_knows_its_end() -> None:
    page = b"<page><title>T</title><ns>0</ns><revision><text>Some text.</text></revision>"
    whole = [b"<mediawiki><siteinfo/>" + page, b"\n" + page, b"\n</mediawiki>"]
    [row] = blocks([rows(*whole)], TextFormat.WIKIPEDIA)
    assert row["ends"]
    text = SparkText(Text(ADDRESS, TextFormat.WIKIPEDIA, 1), KEY, "", ("File",))
    read = texts_of(as_raw([text], 0, 0, 0, row["content"]), CorpusParameters())
    assert (read.articles, read.text) == (2, "Some text.\nSome text.")
    assert not any(row["ends"] for row in blocks([rows(*whole[:2])], TextFormat.WIKIPEDIA))
    [end] = blocks([rows(whole[2], start=5)], TextFormat.WIKIPEDIA)
    assert (end["content"], end["ends"]) == (b"", True)


def test_what_hadoop_cannot_unpack_is_unpacked_here() -> None:
    found = blocks([rows(lzma.compress(b"one\ntwo"))], cut=_unpack)
    assert [(row["part"], row["content"]) for row in found] == [(0, b"one\n"), (1, b"two")]
    with pytest.raises(CorpusError, match="text.txt is cut off or damaged"):
        blocks([rows(lzma.compress(b"one\ntwo" * 99)[:-9])], cut=_unpack)


def test_what_a_cluster_cannot_read_is_said(tmp_path: Path) -> None:
    cluster: Any = None
    with pytest.raises(CorpusError, match="cannot read the standard input"):
        find_spark_texts(cluster, ["-"], CorpusParameters())
    with pytest.raises(CorpusError, match="Convert the text to UTF-8 first"):
        find_spark_texts(cluster, ["x"], CorpusParameters(encoding="UTF-16"))
