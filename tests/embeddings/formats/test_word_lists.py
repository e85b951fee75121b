"""Words beside a matrix: lines, JSON, tokenizers, with gaps and added tokens."""

import json
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import ModelError
from embeddings.formats.word_lists import read_words, words_beside


def tokenizer(vocab: Any, added: Any = ()) -> dict[str, Any]:
    return {"model": {"vocab": vocab}, "added_tokens": list(added)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", "a\nb c\n"),
        ("vocab.txt", "a\r\nb c\r\n"),
        ("tokens.txt", "\ufeffa\nb c"),
        ("vocab.json", json.dumps(["a", "b c"])),
        ("vocab.json", json.dumps({"b c": 1, "a": 0})),
        ("tokenizer.json", json.dumps(tokenizer({"b c": 1, "a": 0}))),
        ("tokenizer.json", json.dumps(tokenizer([["a", -1.5], ["b c", -2.0]]))),
        ("tokenizer.json", json.dumps(tokenizer({"a": 0}, [{"id": 1, "content": "b c"}]))),
    ],
)
def test_words_are_found_beside(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode())
    found = words_beside(tmp_path / "x.safetensors")
    assert (list(found.words), list(found.rows)) == (["a", "b c"], [0, 1])


def test_ids_may_have_gaps_and_tokens_added_beyond(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    added = [{"id": 2, "content": "[NEW]"}, {"id": 90, "content": "[BEYOND]"}]
    path.write_text(json.dumps(tokenizer({"a": 0, "b": 5, "[unused]": 2}, added)))
    found = read_words(path)
    assert (list(found.words), list(found.rows)) == (["a", "[NEW]", "b", "[BEYOND]"], [0, 2, 5, 90])
    assert list(found.without_spare(6).words) == ["a", "[NEW]", "b"]
    assert list(found.without_spare(3).words) == ["a", "[NEW]", "b"]  # b is no added token, and must have its row


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "its words are no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[1, 2]", "not a list of words"),
        ('"text"', "no object of words and ids"),
        ("{}", "not one word"),
        ('{"a": -1}', "'-1' is no id for the word 'a'"),
        ('{"a": 0.5}', "'0.5' is no id"),
        ('{"a": true}', "'True' is no id"),
        ('{"a": 1, "b": 1}', "'a' and 'b' both have the id 1"),
        ('{"model": {}}', "no object of words and ids"),
        ('{"model": {"vocab": {"a": 0}}, "added_tokens": [3]}', "added tokens"),
    ],
)
def test_json_that_is_no_list_of_words_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(content)
    with pytest.raises(ModelError, match=f"vocab.json is damaged.*{said}"):
        read_words(tmp_path / "vocab.json")


def test_lines_that_are_not_utf_8_are_refused_by_number(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(b"a\nb\n\xff\n")
    with pytest.raises(ModelError, match="vocab.txt, line 3 is not UTF-8"):
        read_words(tmp_path / "vocab.txt")
