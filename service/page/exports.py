"""An answer in the forms in which people take it away: text, CSV, a request to the API, a command of the terminal."""

import csv
import io
import shlex
from collections.abc import Mapping
from urllib.parse import quote

from embeddings import Answer
from embeddings.query import Kind

_COMMAND_LINE = {"k": "-k", "model": "--model", "method": "--method", "restrict": "--restrict", "exact": "--exact"}


def as_text(answer: Answer) -> str:
    """A line for each result: its word and its score, between them a tab."""
    lines = [f"{answer.query}"]
    if answer.score is not None:
        lines.append(f"{answer.score:.4f}")
    lines += [f"{result.word}\t{result.score:.4f}" for result in answer.results]
    if answer.kind is Kind.ODD_ONE_OUT:
        lines.append("the rest share: " + ", ".join(result.word for result in answer.shared or ()))
        lines.append("sets it apart: " + ", ".join(result.word for result in answer.apart or ()))
    return "\n".join(lines) + "\n"


def as_csv(answer: Answer) -> str:
    """A table for spreadsheets, by RFC 4180; a similarity is a table of one score."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    if answer.kind is Kind.SIMILARITY:
        writer.writerow(["query", "score"])
        writer.writerow([answer.query, f"{answer.score:.6f}"])
    else:
        writer.writerow(["word", "score", "rank"])
        writer.writerows([result.word, f"{result.score:.6f}", result.rank] for result in answer.results)
    return file.getvalue()


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
