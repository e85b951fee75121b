"""An answer in the forms in which people take it away: text, CSV, a request to the API, a command of the terminal."""

import csv
import hashlib
import io
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from urllib.parse import quote
from weakref import WeakKeyDictionary

from embeddings import Answer
from embeddings.answers import Result
from embeddings.models import WordVectors
from embeddings.query import Kind

_COMMAND_LINE = {
    "k": "-k",
    "model": "--model",
    "method": "--method",
    "restrict": "--restrict",
    "exact": "--exact",
    "without": "--without",
}


def as_text(answer: Answer) -> str:
    """A line for each result: its word as people write it and its score, between them a tab."""
    lines = [f"{answer.query}"]
    if answer.score is not None:
        lines.append(f"{answer.score:.4f}")
    lines += [f"{result.shown}\t{result.score:.4f}" for result in answer.results]
    if answer.kind is Kind.ODD_ONE_OUT:
        lines.append("the rest share: " + ", ".join(result.shown for result in answer.shared or ()))
        lines.append("sets it apart: " + ", ".join(result.shown for result in answer.apart or ()))
    return "\n".join(lines) + "\n"


def as_csv(answer: Answer) -> str:
    """A table for spreadsheets, by RFC 4180; a similarity is a table of one score."""
    if answer.kind is Kind.SIMILARITY:
        return table(["query", "score"], [[answer.query, f"{answer.score:.6f}"]])
    return as_list(answer.results)


def as_list(results: Iterable[Result]) -> str:
    """Words with their scores and ranks as a table."""
    return table(["word", "score", "rank"], ([result.word, f"{result.score:.6f}", result.rank] for result in results))


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as RFC 4180 has it."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows(rows)
    return file.getvalue()


def citation(model: WordVectors, today: date | None = None) -> str:
    """How to cite an answer of ``model``: what it is, what it was made from, its fingerprint, and the day."""
    card = model.manifest.card
    return (
        f"{model.name}: word vectors ({card.method}), {len(model):,} words, {model.dimension} dimensions, made from "
        f"{card.corpus}; licence {card.licence}; fingerprint {_mark(model)}. Asked with ThisPlusThat {_version()} "
        f"on {today or datetime.now(UTC).date():%Y-%m-%d}."
    )


@cache
def _version() -> str:
    return version("thisplusthat")  # which reads a file each time


_marks: "WeakKeyDictionary[WordVectors, str]" = WeakKeyDictionary()


def _mark(model: WordVectors) -> str:
    """The beginning of a hash of all of a model's files, by their checksums, and of its card."""
    if model not in _marks:
        content = json.dumps(model.manifest.as_dict(), sort_keys=True)
        _marks[model] = hashlib.sha256(content.encode()).hexdigest()[:12]
    return _marks[model]


def as_curl(origin: str, query: str, parameters: Mapping[str, str]) -> str:
    """The command that asks the API at ``origin`` the same."""
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"q": query, **parameters}.items())
    return f"curl {shlex.quote(f'{origin}/api/v1/query?{asked}')}"


def as_command(query: str, parameters: Mapping[str, str]) -> str:
    """The command that asks the same in a terminal, without the service."""
    options = [
        _COMMAND_LINE[name] if name == "exact" else f"{_COMMAND_LINE[name]} {shlex.quote(value)}"
        for name, value in parameters.items()
    ]
    return " ".join(["thisplusthat query", *options, "--", shlex.quote(query)])
