"""Queries from a pipe: one per line, one answer per line, batched as they arrive."""

import json
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from embeddings import Answer, Failure, Options, QueryError
from service.cli.asker import Askable
from service.cli.display import as_line

_MOST_AT_ONCE = 512
_CHUNK = 1 << 16


def answer_lines(model: Askable, options: Options, source: BinaryIO, out: TextIO, *, as_json: bool) -> bool:
    """Answer every line of ``source``; true if all could be answered. Each batch is written as soon as it is done."""
    all_answered = True
    for lines in _batches(source):
        for answer in _answer(model, options, lines):
            all_answered &= isinstance(answer, Answer)
            out.write(json.dumps(answer.as_dict(), ensure_ascii=False) if as_json else as_line(answer))
            out.write("\n")
        out.flush()
    return all_answered


def _answer(model: Askable, options: Options, lines: list[bytes]) -> list[Answer | Failure]:
    """Answers in the order of ``lines``; a line that is not UTF-8 gets a failure in its place."""
    queries = [_decode(line) for line in lines]
    answers = iter(model.ask_many([query for query in queries if isinstance(query, str)], options))
    return [next(answers) if isinstance(query, str) else query for query in queries]


def _decode(line: bytes) -> str | Failure:
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        shown = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
        return Failure(shown, QueryError("The line is not UTF-8.", column=error.start + 1))


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they arrive: many at once from a fast source, one if somebody waits for each answer."""
    rest = b""
    while chunk := os.read(source.fileno(), _CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for start in range(0, len(lines), _MOST_AT_ONCE):
            yield lines[start : start + _MOST_AT_ONCE]
    if rest:
        yield [rest]


def standard_input() -> BinaryIO:
    """Standard input as bytes."""
    return sys.stdin.buffer
