"""How a training looks while it runs: live in a terminal, otherwise lines of JSON, one a minute and one per event."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from embeddings.training import Note, Status, Watcher, memory_mb

SECONDS_BETWEEN_LINES = 60.0


@contextmanager
def watching(stream: TextIO | None = None) -> Iterator[Watcher]:
    """A watcher that shows a training on ``stream``, by default standard error."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _live(stream) as watcher:
            yield watcher
    else:
        yield JsonLines(stream)


class JsonLines:
    """Writes a line for each note, and a line of status when a stage begins and then every minute."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._now = now
        self._stage = ""
        self._stage_start = self._last = now()

    def __call__(self, event: Status | Note) -> None:
        if isinstance(event, Note):
            self._write({"event": "note", "text": event.text, **event.values})
            return
        now = self._now()
        if event.stage != self._stage:
            self._stage, self._stage_start = event.stage, now
        elif now - self._last < SECONDS_BETWEEN_LINES:
            return
        self._last = now
        self._write({"event": "status", **figures(event, now - self._stage_start)})

    def _write(self, content: dict[str, Any]) -> None:
        line = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), **content}
        print(json.dumps(line, ensure_ascii=False), file=self._stream, flush=True)


def figures(status: Status, seconds: float) -> dict[str, Any]:
    """What is known about a status; ``seconds`` is how long its stage has been running."""
    left: float | None = None
    if status.words_per_second and status.stage.startswith("epoch"):
        left = (status.total - status.done) / status.words_per_second
    elif status.done and status.total:
        left = seconds / status.done * (status.total - status.done)
    known = {
        "stage": status.stage,
        "share": round(status.done / status.total, 4) if status.total else None,
        "words": status.words or None,
        "words_per_second": round(status.words_per_second) if status.words_per_second else None,
        "loss": round(status.loss, 4) if status.loss is not None else None,
        "alpha": round(status.alpha, 6) if status.alpha is not None else None,
        "seconds_left": round(left) if left is not None else None,
        "memory_mb": round(memory_mb()),
    }
    return {name: value for name, value in known.items() if value is not None}


@contextmanager
def _live(stream: TextIO) -> Iterator[Watcher]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=Console(file=stream, highlight=False)) as bar:
        task = bar.add_task("", figures="")
        stage, start = "", time.monotonic()

        def show(event: Status | Note) -> None:
            nonlocal stage, start
            if isinstance(event, Note):
                bar.console.print(event.text, markup=False)
                return
            if event.stage != stage:
                stage, start = event.stage, time.monotonic()
            text = _line(figures(event, time.monotonic() - start))
            bar.update(task, description=stage, completed=event.done, total=event.total or None, figures=text)

        yield show


def _line(known: dict[str, Any]) -> str:
    parts = []
    if "words_per_second" in known:
        parts.append(f"{known['words_per_second']:,} words/s")
    if "loss" in known:
        parts.append(f"loss {known['loss']:.3f}")
    if "seconds_left" in known:
        minutes, seconds = divmod(known["seconds_left"], 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{hours}:{minutes:02}:{seconds:02} left")
    parts.append(f"{known['memory_mb']:,} MB")
    return "  ".join(parts)
