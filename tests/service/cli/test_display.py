"""Nothing breaks a line of a pipe, and progress is told where it is not seen."""

import pytest

from embeddings import Failure, Options, QueryError, ask
from embeddings.models.model import Model
from service.cli.display import as_line, progress_bar


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
