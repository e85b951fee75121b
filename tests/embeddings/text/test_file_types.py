"""What a file is, by its name and by its first bytes."""

import random

import pytest

from embeddings.errors import CorpusError
from embeddings.text.file_types import NotText, TextFormat, format_of_head, format_of_name


def kind_of(name: str, head: bytes, *, encoding: str = "utf-8") -> TextFormat:
    return format_of_head(name, format_of_name(name, TextFormat.AUTO), head, field="text", encoding=encoding)


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
        ("a", b'{"id": ' + b"9" * 5_000 + b', "text": "red"}\n', TextFormat.JSONL),
        ("a", b'{\n "text": "red"\n}\n{\n "text": "fox"\n}\n', TextFormat.JSON),
        ("a", b'[\n {"id": "' + b"x" * 70_000 + b'", "text": "red"}]', TextFormat.JSON),
        ("dump", b"<mediawiki xmlns=''>", TextFormat.WIKIPEDIA),
        ("dump.txt", b"<?xml version='1.0'?>\n<!-- made by hand -->\n<mediawiki>", TextFormat.WIKIPEDIA),
        ("a", b'\x1e{"text": "red"}\n\x1e{"text": "fox"}\n', TextFormat.JSONL),
        ("part-0", b'{}\n{"text": "fox"}\n', TextFormat.JSONL),
        ("a", b"{'text': 'red'}\n{'text': 'fox'}\n", TextFormat.JSONL),
        ("a", b"{'tis} the season: 'text'", TextFormat.TEXT),
        ("a.txt", b"<p>of a page", TextFormat.TEXT),
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
        ("red fox".encode("utf-32-le"), "add --encoding utf-32-le"),
        ("red fox".encode("utf-32-be"), "add --encoding utf-32-be"),
        ("我来了，你走了。".encode("utf-16-le"), "is a binary file.*UTF-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a binary file"),
        (b"\x04\x22\x4d\x18\x64\x40", "is packed by lz4"),
        (b"\x1f\x9d\x90\xc3", "is packed by compress"),
        (b"{\\rtf1 red}", "is a document of an office program"),
        (b"WARC/1.0\r\nWARC-Type: warcinfo", "is a web archive"),
        (b"\xef\xbb\xbf\n<!-- x -->\n<!DOCTYPE html>\n<html><p>red", "is a web page .*--format text"),
        (b'<?xml version="1.0"?><HTML>red', "is a web page"),
        (b'<mw:mediawiki xmlns:mw="x"><mw:page>', "is XML, and no dump"),
        (b'<?xml version="1.0"?>\n<book><p>red</p></book>', "is XML, and no dump"),
        (bytes(random.Random(1).choices(range(1, 256), k=500)), "is a binary file"),
    ],
)
def test_what_is_no_text_is_refused_by_what_it_is(head: bytes, message: str) -> None:
    with pytest.raises(NotText, match=message):
        kind_of("x", head)


def test_what_a_file_is_can_be_said() -> None:
    assert format_of_name("a.jsonl", TextFormat.TEXT) is TextFormat.TEXT
    assert format_of_head("x", TextFormat.TEXT, b"<html><p>red", field="text") is TextFormat.TEXT
    assert kind_of("x", "wide".encode("utf-16"), encoding="utf-16") is TextFormat.TEXT
    with pytest.raises(CorpusError, match="is not a dump of Wikipedia"):
        format_of_head("x", TextFormat.WIKIPEDIA, b"prose", field="text")


@pytest.mark.parametrize("encoding", ["iso-2022-jp", "iso-2022-kr"])
def test_text_that_switches_alphabets_is_known(encoding: str) -> None:
    text = "これは本です。" if encoding == "iso-2022-jp" else "이것은 책이다."
    with pytest.raises(CorpusError, match=f"add --encoding {encoding}"):
        kind_of("a.txt", text.encode(encoding))
    assert kind_of("a.txt", text.encode(encoding), encoding=encoding) is TextFormat.TEXT
    assert kind_of("a.txt", b"\x1b[1mbold\x1b[0m of a terminal") is TextFormat.TEXT


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gb18030", "shift-jis", "euc-kr", "iso-8859-7"])
def test_text_that_would_be_lost_in_another_encoding_is_refused(encoding: str) -> None:
    texts = {"gb18030": "我来了，你走了。", "shift-jis": "東京へ行きます。", "euc-kr": "안녕하세요 반갑습니다"}
    text = texts.get(encoding, "Ελλάδα και Αθήνα" if encoding.startswith("iso") else "Он жил и писал сказки")
    with pytest.raises(CorpusError, match="is not UTF-8: .* Say its --encoding"):
        kind_of("x.txt", text.encode(encoding))
    assert kind_of("x.txt", text.encode(encoding), encoding=encoding) is TextFormat.TEXT
    assert kind_of("x.txt", "Der Käse, die Brötchen und das Öl".encode("latin-1")) is TextFormat.TEXT


def test_a_dump_or_json_in_another_encoding_is_known() -> None:
    assert kind_of("x", "<?xml version='1.0'?><mediawiki>".encode("utf-16"), encoding="utf-16") is TextFormat.WIKIPEDIA
    assert kind_of("x", '{"text": "red"}\n'.encode("utf-16-le"), encoding="utf-16-le") is TextFormat.JSONL
    with pytest.raises(CorpusError, match="is not utf-16: "):
        kind_of("x", b"red fox", encoding="utf-16")


@pytest.mark.parametrize("head", [b'{"body": "red"}\n{"body": "fox"}\n', b'[{"body": "red"}]', b'{\n"body": 1\n}'])
def test_objects_without_the_field_are_no_text(head: bytes) -> None:
    with pytest.raises(CorpusError, match="no field 'text'; they have: body. Choose one with --field"):
        kind_of("part-00000", head)
    assert format_of_head("x", TextFormat.TEXT, head, field="text") is TextFormat.TEXT
