"""The words of a matrix that stand in another file: a list of lines, JSON, or a tokenizer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embeddings.errors import ModelError
from embeddings.formats.sources import reading

_NAMES = ("vocab.txt", "tokens.txt", "vocab.json", "tokenizer.json")
_MOST_BYTES = 1 << 30
_DEEP = (ValueError, RecursionError)


@dataclass(frozen=True, slots=True, eq=False)
class WordList:
    """Words and the rows that are theirs, by ascending row; rows between them may be without a word."""

    words: Sequence[str]
    rows: Sequence[int]
    spare: frozenset[int] = frozenset()
    """Rows of tokens that were added to a tokenizer and may have no vector."""

    @classmethod
    def in_order(cls, words: Sequence[str]) -> "WordList":
        return cls(words, range(len(words)))

    def without_spare(self, rows: int) -> "WordList":
        """Without the tokens at the end that may be missing, where there are only so many ``rows``."""
        end = len(self.words)
        while end and self.rows[end - 1] >= rows and self.rows[end - 1] in self.spare:
            end -= 1
        return self if end == len(self.words) else WordList(self.words[:end], self.rows[:end])

    @property
    def gapless(self) -> bool:
        return isinstance(self.rows, range)


def words_beside(path: Path) -> WordList:
    """The words in the first file beside ``path`` that may hold them. Raises `ModelError` if there is none."""
    for beside in (path.with_suffix(".txt"), *(path.with_name(name) for name in _NAMES)):
        if beside.is_file():
            return read_words(beside)
    raise ModelError(
        f"{path} has no words: they are looked for in its metadata ('vocabulary', a JSON list) and, a word a "
        f"line, in {path.stem}.txt or vocab.txt beside it, in tokens.txt, vocab.json or tokenizer.json."
    )


def read_words(path: Path) -> WordList:
    """The words of a file of lines (``.txt``), of a JSON list or object of ids, or of a tokenizer."""
    with reading(path):
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path} is larger than {_MOST_BYTES >> 20:,} MB, which no list of words is.")
        content = path.read_bytes()
    if path.suffix == ".json":
        return parse_words(path, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ModelError(f"{path}, line {line:,} is not UTF-8: {error}.") from error
    return WordList.in_order([line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")])


def parse_words(path: Path, content: str | bytes) -> WordList:
    """The words of JSON: a list, an object of ids, or a tokenizer. Raises `ModelError` that names ``path``."""
    try:
        parsed = json.loads(content)
    except _DEEP as error:
        raise ModelError(f"{path} is damaged: its words are no JSON ({_short(error)}).") from error
    if isinstance(parsed, list):
        return _of_list(path, parsed)
    if isinstance(parsed, dict) and isinstance(parsed.get("model"), dict):
        return _of_tokenizer(path, parsed)
    return _by_id(path, _ids(path, parsed))


def _of_list(path: Path, parsed: Sequence[Any]) -> WordList:
    if not all(isinstance(word, str) for word in parsed):
        raise ModelError(f"{path} is damaged: its vocabulary is not a list of words.")
    return WordList.in_order(parsed)


def _of_tokenizer(path: Path, parsed: Mapping[str, Any]) -> WordList:
    """The vocabulary of a tokenizer, and the tokens added to it, which go before others of the same id."""
    vocabulary, added = parsed["model"].get("vocab"), parsed.get("added_tokens") or []
    if isinstance(vocabulary, list):
        pieces = [piece[0] if isinstance(piece, list) and piece else piece for piece in vocabulary]
        ids = dict(enumerate(_of_list(path, pieces).words))
    else:
        ids = _ids(path, vocabulary)
    if not isinstance(added, list) or not all(isinstance(token, dict) for token in added):
        raise ModelError(f"{path} is damaged: its added tokens are not a list of objects.")
    own = frozenset(ids)
    for token in added:
        ids |= _ids(path, {token.get("content"): token.get("id")})
    return _by_id(path, ids, frozenset(ids) - own)


def _ids(path: Path, vocabulary: Any) -> dict[int, str]:
    """Ids to words, out of words to ids."""
    if not isinstance(vocabulary, dict):
        raise ModelError(f"{path} is damaged, or no tokenizer with a vocabulary: there is no object of words and ids.")
    ids: dict[int, str] = {}
    for word, number in vocabulary.items():
        if not isinstance(word, str) or not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise ModelError(f"{path} is damaged: {str(number)[:40]!r} is no id for the word {str(word)[:40]!r}.")
        if number in ids:
            raise ModelError(f"{path} is damaged: {ids[number][:40]!r} and {word[:40]!r} both have the id {number:,}.")
        ids[number] = word
    return ids


def _by_id(path: Path, ids: Mapping[int, str], spare: frozenset[int] = frozenset()) -> WordList:
    if not ids:
        raise ModelError(f"{path} is damaged: it holds not one word.")
    numbers = sorted(ids)
    words = [ids[number] for number in numbers]
    if numbers[-1] == len(numbers) - 1:
        return WordList(words, range(len(words)), spare)
    return WordList(words, numbers, spare)


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
