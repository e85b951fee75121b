"""Files of every kind and packing to text, and every way in which they can be wrong."""

import bz2
import gzip
import hashlib
import json
import lzma
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeddings.errors import CorpusError
from embeddings.text.blocks import FileReading, ReadBlock, texts_of
from embeddings.text.corpus import CorpusParameters, TextFormat, find_texts

DEFAULT = CorpusParameters()
TEXT = "Der Käse.\nEin zweiter Satz.\n" * 250_000


def read(*places: str | Path, parameters: CorpusParameters = DEFAULT) -> tuple[str, list[ReadBlock]]:
    blocks = [
        texts_of(block, parameters)
        for text in find_texts(places, parameters)
        for block in FileReading(text, parameters).blocks()
    ]
    return "".join(block.text for block in blocks), blocks


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return bytes(sink.getvalue())


PACKERS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


@pytest.mark.parametrize("suffix", PACKERS)
def test_packed_text_is_read_in_blocks_that_end_with_a_line(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"text.txt{suffix}"
    path.write_bytes(PACKERS[suffix](TEXT.encode()))
    text, blocks = read(path)
    assert text == TEXT
    assert len(blocks) > 1
    assert all(block.text.endswith("\n") for block in blocks)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_packed_text_that_is_cut_off_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"text.txt{suffix}"
    packed = PACKERS[suffix]("".join(f"{number} words\n" for number in range(500_000)).encode())
    path.write_bytes(packed[: len(packed) * 2 // 3])
    with pytest.raises(CorpusError, match=f"text.txt{suffix}"):
        read(path)


def test_the_checksum_and_the_size_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(TEXT.encode()) + gzip.compress(b"more"))
    [text] = find_texts([path], DEFAULT)
    reading = FileReading(text, DEFAULT)
    assert "".join(texts_of(block, DEFAULT).text for block in reading.blocks()) == TEXT + "more"
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert reading.bytes_read == text.bytes == path.stat().st_size


def test_a_folder_is_read_in_the_order_of_names_without_what_is_hidden(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("two\n")
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "sub" / "c").write_text("three\n")
    (tmp_path / ".hidden").write_bytes(b"\0")
    assert read(tmp_path)[0] == "one\ntwo\nthree\n"


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    rows = [{"body": "eins"}, {"body": None}, {"body": "zwei\nlines", "text": "no"}]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert read(path, parameters=CorpusParameters(field="body"))[0] == "eins\nzwei\nlines"
    with pytest.raises(CorpusError, match=r"line 1 has no field 'text'; it has: body\. Choose one with --field"):
        read(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [('{"text": 5}', "holds no text but 5"), ("[1]", "is not an object"), ("{broken", "line 2 is not JSON")],
)
def test_a_bad_line_of_json_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "good"}\n' + line)
    with pytest.raises(CorpusError, match=message):
        read(path)


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


def test_bad_bytes_are_counted_or_with_strict_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"gut\n" + b"sch\xfflecht \xe4\n" + "echt \ufffd\n".encode())
    text, [block] = read(path)
    assert text == "gut\nsch\ufffdlecht \ufffd\necht \ufffd\n"
    assert block.undecodable == 2
    with pytest.raises(CorpusError, match=r"x\.txt is not UTF-8 at byte 7: invalid start byte\. Say its --encoding"):
        read(path, parameters=CorpusParameters(strict=True))
    assert read(path, parameters=CorpusParameters(encoding="latin-1"))[0].startswith("gut\nschÿlecht ä\n")


def test_utf_16_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("Käse\n".encode("utf-16"))
    with pytest.raises(CorpusError, match="binary file.*--encoding utf-16"):
        find_texts([path], DEFAULT)
    assert read(path, parameters=CorpusParameters(encoding="utf-16"))[0] == "Käse\n"
    path.write_bytes(b"\xef\xbb\xbfeins")
    assert read(path)[0] == "eins"


def test_one_endless_line_is_cut_between_words(tmp_path: Path) -> None:
    path = tmp_path / "text8"
    path.write_text("word " * 3_000_000)
    text, blocks = read(path)
    assert text == "word " * 3_000_000
    assert len(blocks) > 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\x7fELF\0\0", "is a binary file"),
        (b"PK\x03\x04zip", "zip archive"),
    ],
)
def test_what_can_be_known_is_said_before_anything_is_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "x.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        find_texts([path], DEFAULT)


def test_an_empty_folder_and_no_folder_at_all(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no files"):
        find_texts([tmp_path], DEFAULT)
    with pytest.raises(CorpusError, match="nothing to train on"):
        find_texts([], DEFAULT)


def dump(*pages: str, end: str = "</mediawiki>") -> bytes:
    body = "".join(
        f"<page><title>{title}</title><ns>0</ns><revision><text>{title} text.</text></revision></page>"
        for title in pages
    )
    return f'<mediawiki xmlns="x"><siteinfo></siteinfo>{body}{end}'.encode()


def test_a_dump_is_known_by_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "dump-p1p2.bz2"
    path.write_bytes(bz2.compress(dump("Eins", "Zwei")))
    text, [block] = read(path)
    assert text == "Eins text.\nZwei text."
    assert block.titles == ["Eins", "Zwei"]
    assert block.articles == 2


def test_a_dump_that_breaks_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_bytes(dump("Eins", end=""))
    with pytest.raises(
        CorpusError, match=r"dump\.xml is cut off: after [\d,]+ bytes \(unpacked\) it has no </mediawiki>"
    ):
        read(path)
    path.write_bytes(dump("Eins", "<oops>"))
    with pytest.raises(CorpusError, match=r"dump\.xml, after 42 bytes \(unpacked\): the XML of the dump is broken"):
        read(path)
    path.write_text("no dump at all")
    with pytest.raises(CorpusError, match="is not a dump"):
        find_texts([path], CorpusParameters(format=TextFormat.WIKIPEDIA))


def test_the_standard_input(tmp_path: Path) -> None:
    script = (
        "from embeddings.text.blocks import *\nfrom embeddings.text.corpus import find_texts\nfrom embeddings.text.corpus import CorpusParameters as P\n"
        "[t] = find_texts(['-'], P())\nprint([texts_of(b, P()).text for b in FileReading(t, P()).blocks()])"
    )
    packed = gzip.compress("Käse\n".encode())
    done = subprocess.run([sys.executable, "-c", script], input=packed, capture_output=True, check=True)
    assert done.stdout.decode().strip() == repr(["Käse\n"])
    with pytest.raises(CorpusError, match="Parquet cannot be read from a pipe"):
        find_texts(["-"], CorpusParameters(format=TextFormat.PARQUET))
