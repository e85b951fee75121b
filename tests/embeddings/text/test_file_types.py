"""What a file is, by its name and by its first bytes."""

import pytest

from embeddings.errors import CorpusError
from embeddings.text.file_types import NotText, TextFormat, format_of_head, format_of_name


def kind_of(name: str, head: bytes, *, utf8: bool = True) -> TextFormat:
    return format_of_head(name, format_of_name(name, TextFormat.AUTO), head, field="text", utf8=utf8)


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("a.txt", b"red fox", TextFormat.TEXT),
        ("a.jsonl", b"red", TextFormat.JSONL),
        ("a.jsonlines.gz", b"red", TextFormat.JSONL),
        ("wiki_00", b'{"id": 1, "text": "red fox"}\n', TextFormat.JSONL),
        ("part-00000", b'\xef\xbb\xbf{"text": "red fox"}\n', TextFormat.JSONL),
        ("part-00000", b"PAR1....", TextFormat.PARQUET),
        ("a.json", b'[\n{"text": "red"}]', TextFormat.JSON),
        ("a.json", b'{"text": "red"}\n{"text": "fox"}\n', TextFormat.JSONL),
        ("a.json", b'{\n"text": "red"}\n', TextFormat.JSON),
        ("a", b'[{"text": "red"}]', TextFormat.JSON),
        ("a", b'{"quoted": "but no field"} of prose', TextFormat.TEXT),
        ("a", b"[1] a footnote", TextFormat.TEXT),
        ("dump", b"<mediawiki xmlns=''>", TextFormat.WIKIPEDIA),
        ("dump.txt", b"<?xml version='1.0'?>\n<!-- made by hand -->\n<mediawiki>", TextFormat.WIKIPEDIA),
        ("a.txt", b"of <mediawiki> in prose", TextFormat.TEXT),
        ("a.txt", b"a NUL \0 in " + b"prose " * 100, TextFormat.TEXT),
    ],
)
def test_what_a_file_is(name: str, head: bytes, kind: TextFormat) -> None:
    assert kind_of(name, head) is kind


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"\0" * 257 + b"ustar", "is a tar archive"),
        ("Käse".encode("utf-16"), "add --encoding utf-16"),
        ("Käse".encode("utf-32"), "add --encoding utf-32"),
        ("red fox".encode("utf-16-le"), "add --encoding utf-16-le"),
        ("red fox".encode("utf-16-be"), "add --encoding utf-16-be"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file"),
    ],
)
def test_what_is_no_text_is_refused_by_what_it_is(head: bytes, message: str) -> None:
    with pytest.raises(NotText, match=message):
        kind_of("x", head)


def test_what_a_file_is_can_be_said() -> None:
    assert format_of_name("a.jsonl", TextFormat.TEXT) is TextFormat.TEXT
    assert kind_of("x", "wide".encode("utf-16"), utf8=False) is TextFormat.TEXT
    with pytest.raises(CorpusError, match="is not a dump of Wikipedia"):
        format_of_head("x", TextFormat.WIKIPEDIA, b"prose", field="text", utf8=True)
