"""Files of every packing to blocks of text."""

import bz2
import gzip
import hashlib
import lzma
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from embeddings.errors import CorpusError
from embeddings.text.blocks import FileReader, paragraphs, texts_of
from embeddings.text.corpus import CorpusParameters, OnError, TextFormat, find_texts
from tests.embeddings.text.corpora import DEFAULT, dump, read, zstd

TEXT = "Der Käse.\nEin zweiter Satz.\n" * 250_000
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
    reading = FileReader(text, DEFAULT)
    assert "".join(texts_of(block, DEFAULT).text for block in reading.blocks()) == TEXT + "more"
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert reading.bytes_read == text.bytes == path.stat().st_size


def test_one_endless_line_is_cut_between_words(tmp_path: Path) -> None:
    path = tmp_path / "text8"
    path.write_text("word " * 3_000_000)
    text, blocks = read(path)
    assert text == "word " * 3_000_000
    assert len(blocks) > 1


def test_a_dump_is_known_by_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "dump-p1p2.bz2"
    path.write_bytes(bz2.compress(dump("Eins", "Zwei")))
    text, [block] = read(path)
    assert text == "Eins text.\nZwei text."
    assert block.titles == ["Eins", "Zwei"]
    assert block.articles == 2


@pytest.mark.parametrize("between", [b"", b"\n<?xml version='1.0'?>\n<!-- second -->\n"])
def test_dumps_that_follow_one_another_are_read(tmp_path: Path, between: bytes) -> None:
    path = tmp_path / "dump.bz2"
    path.write_bytes(bz2.compress(dump("Eins", "Zwei")) + bz2.compress(between + dump("Drei")))
    assert read(path)[0] == "Eins text.\nZwei text.\nDrei text."


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"<page>", b'<page id="3">'), (b"<page>", b"<page >"), (b"</mediawiki>", b"</mediawiki >\n"), (b"><", b">\r\n<")],
)
def test_dumps_that_other_programs_have_written_over(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = tmp_path / "dump.xml"
    path.write_bytes(dump("Eins", "Zwei").replace(old, new))
    assert read(path)[0] == "Eins text.\nZwei text."


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
        "from embeddings.text.blocks import *\nfrom embeddings.text.corpus import CorpusParameters as P, find_texts\n"
        "[t] = find_texts(['-'], P())\nprint([texts_of(b, P()).text for b in FileReader(t, P()).blocks()])"
    )
    packed = gzip.compress("Käse\n".encode())
    done = subprocess.run([sys.executable, "-c", script], input=packed, capture_output=True, check=True)
    assert done.stdout.decode().strip() == repr(["Käse\n"])
    with pytest.raises(CorpusError, match="Parquet cannot be read from a pipe"):
        find_texts(["-"], CorpusParameters(format=TextFormat.PARQUET))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.txt", b"red fox\n" * 1_000, "red fox\n"),
        ("x.jsonl", b'{"text": "red fox"}\n' * 1_000, "red fox\n"),
        ("x.json", b"[" + b'{"text": "red fox"},\n' * 1_000 + b"{}]", "red fox\n"),
        ("x.xml", dump(*["Red"] * 1_000), "Red text.\n"),
    ],
)
def test_with_skip_what_stands_before_damage_is_read(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    packed = gzip.compress(content)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(packed[: -len(packed) // 4])
    with pytest.raises(CorpusError, match="ends within its gzip data"):
        read(path)
    skip = CorpusParameters(on_error=OnError.SKIP)
    [text] = find_texts([path], skip)
    found = []
    with pytest.raises(CorpusError, match="ends within its gzip data"):
        found.extend(texts_of(block, skip).text for block in FileReader(text, skip).blocks())
    assert "\n".join(found).count(expected.strip()) > 500


def test_a_zip_archive_of_one_file_is_read_and_one_of_several_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TEXT)
    [text] = find_texts([path], DEFAULT)
    reading = FileReader(text, DEFAULT)
    assert "".join(texts_of(block, DEFAULT).text for block in reading.blocks()) == TEXT
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.txt", "more")
    with pytest.raises(CorpusError, match=r"holds 2 files \(a.txt, b.txt\)"):
        find_texts([path], DEFAULT)
    (tmp_path / "c.txt").write_text("red fox")
    left_out: list[str] = []
    assert [text.name for text in find_texts([tmp_path], DEFAULT, left_out)] == [str(tmp_path / "c.txt")]
    assert "x.zip" in left_out[0]


def test_of_a_dump_only_bad_pages_are_lost(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    path.write_bytes(dump("Eins", "Zw\x0bei", "Drei").replace(b"Eins t", b"Eins\xff t"))
    text, [block] = read(path)
    assert text == "Eins\ufffd text.\nZw ei text.\nDrei text."
    assert block.undecodable == 1
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read(path, parameters=CorpusParameters(strict=True))
    path.write_bytes(dump("Eins", "<oops>", "Drei"))
    text, [block] = read(path, parameters=CorpusParameters(on_error=OnError.SKIP))
    assert text == "Eins text.\nDrei text."
    assert block.skipped == 1


def test_paragraphs_are_the_lines_of_all_files_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("One.\nTwo.\n", encoding="utf-8")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"Three."))
    assert [line for line in paragraphs(tmp_path, DEFAULT) if line] == ["One.", "Two.", "Three."]
