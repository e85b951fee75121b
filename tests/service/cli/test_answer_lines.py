"""What answers look like: columns that stand below each other, colours on a terminal alone, and nothing of a word that
a terminal could take for a command.
"""

import io
from pathlib import Path

import numpy as np
import pytest

from embeddings import Options, ask
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model
from service.cli.answer_lines import show_answer


def shown(model: Model, query: str, options: Options | None = None) -> str:
    out = io.StringIO()
    show_answer(ask(model, query, options), out)
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


def test_columns_stand_below_each_other_whatever_the_script(tmp_path: Path) -> None:
    words = ["tea", "お茶", "e\u0301", "much longer"]
    save_model(tmp_path / "m", words, np.eye(4) + np.arange(1, 5)[:, None] / 10, Card("m"))
    lines = shown(open_model(tmp_path / "m"), "tea").splitlines()
    assert lines[1] == "   word          score  rank"
    assert [line[:2] for line in lines[2:]] == ["1 ", "2 ", "3 "]
    assert {line.index("0.") + line.count("お茶") * 2 - line.count("e\u0301") for line in lines[2:]} == {16}
    assert [int(line.split()[-1]) for line in lines[2:]] == [4, 3, 2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_styles_are_for_terminals_and_control_characters_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    save_model(tmp_path / "m", ["x", "\x1b[31mred"], np.eye(2) + 1, Card("m"))
    answer = ask(open_model(tmp_path / "m"), "x")
    out = Terminal()
    show_answer(answer, out)
    assert out.getvalue().startswith("\x1b[1mx\x1b[0m")
    assert "\x1b[31m" not in out.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    show_answer(answer, plain)
    assert "\x1b" not in plain.getvalue()
    assert "\ufffd[31mred" in plain.getvalue()
