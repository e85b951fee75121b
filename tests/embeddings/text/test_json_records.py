"""JSON lines and files of objects to text."""

import gzip
import json
from pathlib import Path

import pytest

from embeddings.errors import CorpusError
from embeddings.text.corpus import CorpusParameters
from tests.embeddings.text.corpora import read


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


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('\x1e{"text": "red"}\n\x1e{"text": "fox"}\n', "red\nfox"),
        ('\n\n  {"text": "red"}\r\n{"a": NaN, "text": "fox"}\n', "red\nfox"),
        ('{"text": "red\u2028fox"}\n{"text": "one", "text": "two"}\n', "red\u2028fox\ntwo"),
    ],
)
def test_lines_of_json_as_other_programs_write_them(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "part-0"
    path.write_text(content, encoding="utf-8", newline="")
    assert read(path)[0] == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{}\n{"text": "fox"}\n', "line 1 has no field 'text'"),
        ("{'text': 'red'}\n", "line 1 is not JSON"),
        ('{"text": "red"},\n', "line 1 is not JSON: Extra data"),
        ('{"text": "red"}\r{"text": "fox"}\r', "line 1 is not JSON: Extra data"),
        ('{"text": ["red"]}\n', "holds no text but"),
    ],
)
def test_what_only_looks_like_lines_of_json_is_refused_and_not_read_as_text(
    tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "part-0"
    path.write_text(content, newline="")
    with pytest.raises(CorpusError, match=message):
        read(path)


def test_an_array_has_an_end_and_may_be_followed_by_another(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('[{"text": "one"},]\n[{"text": "two"}]\n')
    assert read(path)[0] == "one\ntwo"
    for content, message in (
        ('[{"text": "one"}, {"text": "two"}', "is cut off: its array has no ]"),
        ('[{"text": "one"}, {"text": "tw', "is no JSON from character 18"),
        ('[{"text": "one"}] and more', "is no JSON from character 18"),
    ):
        path.write_text(content)
        with pytest.raises(CorpusError, match=message):
            read(path)


def test_numbers_of_any_length_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"id": ' + "9" * 5_000 + ', "text": "one"}\n')
    assert read(path)[0] == "one"
