"""What is shown of a training: lines of JSON for programs, one live line for people."""

import contextlib
import io
import json
import os
import pty
from typing import Any

import pytest

from embeddings.training.workspace import Note, Status
from service.cli.training_display import JsonLines, figures, watching

TRAINING = Status("epoch 2 of 5", 150_000, 500_000, 150_000, 1_000.4, 1.23456, 0.02)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_a_minute_one_for_each_stage_and_one_for_each_note() -> None:
    stream, clock = io.StringIO(), Clock()
    show = JsonLines(stream, clock)
    for second in range(0, 200, 10):
        clock.now = float(second)
        show(TRAINING)
    assert len(lines(stream)) == 1 + 3
    show(Note("done", {"words": 5}))
    show(Status("writing", 0, 1))
    *_, note, status = lines(stream)
    assert (note["event"], note["text"], note["words"]) == ("note", "done", 5)
    assert status["stage"] == "writing"
    assert all("time" in line for line in lines(stream))


def test_figures_are_what_is_known() -> None:
    known = figures(TRAINING, 20.0)
    assert known.pop("memory_mb") > 10
    assert known == {
        "stage": "epoch 2 of 5",
        "share": 0.3,
        "words": 150_000,
        "words_per_second": 1_000,
        "loss": 1.2346,
        "alpha": 0.02,
        "seconds_left": 350,
    }
    cleaning = figures(Status("cleaning", 25, 100, 7), 10.0)
    assert cleaning["seconds_left"] == 30
    assert set(figures(Status("cleaning", 25, 0), 10.0)) == {"stage", "memory_mb"}


def test_a_terminal_gets_a_live_line() -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, watching(terminal) as watcher:
        watcher(TRAINING)
        watcher(Note("Epoch 1: [good]"))
    parts = []
    with contextlib.suppress(OSError):  # the end of a terminal that nobody writes to any more
        while part := os.read(master, 100_000):
            parts.append(part)
    os.close(master)
    shown = b"".join(parts).decode()
    assert "Epoch 1: [good]" in shown
    assert "epoch 2 of 5" in shown
    assert "1,000 words/s" in shown
    assert "0:05:50 left" in shown
    assert "loss 1.235" in shown


def test_anything_else_gets_json(capsys: pytest.CaptureFixture[str]) -> None:
    with watching() as watcher:
        watcher(Note("hello"))
    assert json.loads(capsys.readouterr().err)["text"] == "hello"
