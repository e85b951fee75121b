"""What answers look like: nothing of a word is taken for markup, and nothing breaks a line of a pipe."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from embeddings import Failure, Options, QueryError, ask
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model
from service.cli.display import as_line, progress_bar, show_answer


def shown(model: Model, query: str, options: Options | None = None) -> str:
    out = io.StringIO()
    show_answer(ask(model, query, options), Console(file=out, width=200, highlight=False))
    return out.getvalue()


def test_words_that_look_like_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["[bold]", "[/red]", ":smile:", "x"], np.eye(4) + 1, Card("[m]"))
    model = open_model(tmp_path / "m")
    text = shown(model, '"[bold]"', Options(explain=True))
    assert "[/red]" in text
    assert ":smile:" in text
    assert "[m]" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("CAFE", "CAFE → café"),
        ("new york", "new york → new_york (a phrase of the vocabulary)"),
        ("united states", "united states → united + states (the mean of these words)"),
        ("king <> queen", "0.5000"),
        ("king, queen, bread", "bread is the odd one out."),
    ],
)
def test_what_was_found_and_how(tiny_model: Model, query: str, expected: str) -> None:
    assert expected in shown(tiny_model, query)


def test_capitals_that_the_vocabulary_writes_small_are_no_news(tiny_model: Model) -> None:
    assert "→" not in shown(tiny_model, "Bread - THRONE + king")


def test_a_line_for_a_pipe_has_no_other_breaks_or_tabs(tiny_model: Model) -> None:
    failure = Failure("a\tb\u2028c", QueryError("It is\nwrong."))
    assert as_line(failure) == "a b c\terror\tIt is wrong."
    line = as_line(ask(tiny_model, "king\t- man\t+ woman", Options(k=2)))
    assert line.split("\t")[0] == "king - man + woman"
    assert len(line.split("\t")) == 5


def test_progress_that_is_not_seen_on_a_terminal_is_told_once_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("work") as progress:
        for stage in ("reading", "reading", "writing", "done"):
            progress(stage, 1, 2)
    assert capsys.readouterr().err == "work: reading\nwork: writing\n"
