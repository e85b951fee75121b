"""The prompt in a real terminal (a pseudo-terminal): commands, errors that do not end it, history, completion."""

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from embeddings.models.model import Model
from service.cli.asker import OpenedModel
from service.cli.prompt import WordCompleter

ROOT = Path(__file__).parents[3]
READY = "\x1b[?2004h"
"""Bracketed paste is switched on: from here on keys are read as they are."""


class Terminal:
    """The command in a pseudo-terminal."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._screen, theirs = pty.openpty()
        environment = {**os.environ, "THISPLUSTHAT_HOME": str(home), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        command = [sys.executable, "-m", "service.cli", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until ``text`` is on the screen; what came up to it is left behind."""
        while text not in self.seen:
            ready, _, _ = select.select([self._screen], [], [], 20)
            assert ready, f"{text!r} never came; there was {self.seen!r}"
            self.seen += os.read(self._screen, 4096).decode(errors="replace")
        self.seen = self.seen.split(text, 1)[1]

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


@pytest.fixture
def home(tmp_path: Path, tiny_model: Model) -> Path:  # in place of the one that all tests share
    shutil.copytree(tiny_model.folder, tmp_path / "home" / "models" / "tiny")
    return tmp_path / "home"


def test_a_session(home: Path) -> None:
    with Terminal(home, "-m", "tiny", "-k", "3") as terminal:
        terminal.wait_for("tiny: 12 words × 4")
        terminal.type("king : man :: ? : woman\r")
        terminal.wait_for("queen")
        terminal.type("quen\r")
        terminal.wait_for("'quen' is not in tiny. Did you mean 'queen'")
        terminal.type("king (\r")
        terminal.wait_for("Column 6")
        terminal.type(":help\r")
        terminal.wait_for(":quit")
        terminal.type(":k 1\r")
        terminal.type(":model\r")
        terminal.wait_for("there are: glove-6b-50d, tiny")
        terminal.type(":model nosuch\r")
        terminal.wait_for("There is no model 'nosuch'")
        terminal.type(":model tiny\r")
        terminal.wait_for("tiny: 12 words × 4")
        terminal.type(":nosuch\r")
        terminal.wait_for("is not a known command")
        terminal.type(":method 3cosmul\r")
        terminal.type(":explain\r")
        terminal.wait_for("explain is on")
        terminal.type("man - woman + queen\r")
        terminal.wait_for("3cosmul")
        terminal.wait_for("in the plane")
        terminal.type("\x03")
        terminal.type("king <> queen\r")
        terminal.wait_for("0.5")
        terminal.type(":quit\r")
        assert terminal.process.wait(timeout=20) == 0
    history = (home / "history").read_text()
    assert "+king : man :: ? : woman" in history
    assert "+:quit" in history


def test_a_service_is_asked_as_a_model_is_that_is_here(home: Path, service_url: str) -> None:
    with Terminal(home, "--url", service_url, "-k", "3") as terminal:
        terminal.wait_for(f"tiny: 12 words × 4 at {service_url}")
        terminal.type("king : man :: ? : wom\t")
        terminal.wait_for("an\x1b")  # of woman, which may come in one piece or in two
        terminal.type("\r")
        terminal.wait_for("queen")
        terminal.type("quen\r")
        terminal.wait_for("'quen' is not in tiny. Did you mean 'queen'")
        terminal.type(":model\r")
        terminal.wait_for("there are: tiny")
        terminal.type(":model nosuch\r")
        terminal.wait_for("There is no model 'nosuch'")
        terminal.type(":quit\r")
        assert terminal.process.wait(timeout=20) == 0


def test_the_end_of_input_ends_it(home: Path) -> None:
    with Terminal(home, "-m", "tiny") as terminal:
        terminal.wait_for(READY)
        terminal.type("\x04")
        assert terminal.process.wait(timeout=20) == 0


def test_a_history_that_cannot_be_kept_is_said(home: Path) -> None:
    (home / "history").mkdir()
    with Terminal(home, "-m", "tiny") as terminal:
        terminal.wait_for("The history is kept for this session only")
        terminal.wait_for(READY)
        terminal.type("\x04")
        assert terminal.process.wait(timeout=20) == 0


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("qu", ["queen", "Queen"]),
        ("king - QU", ["queen", "Queen"]),
        ("king:caf", ["café"]),
        ("king ", []),
        (":mod", []),
        ("zzz", []),
    ],
)
def test_the_word_before_the_cursor_is_completed(tiny_model: Model, typed: str, expected: list[str]) -> None:
    found = WordCompleter(OpenedModel(tiny_model)).get_completions(Document(typed), CompleteEvent())
    assert [completion.text for completion in found] == expected
