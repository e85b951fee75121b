"""Lines of JSON on standard error: one a request, one an event. What users sent is cut and escaped."""

import logging
import os
import random
import re
import threading
import time
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

_LONGEST = 200
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str | None) -> str:
    """The id that a proxy or client sent, if it is safe, else a new one."""
    return given if given and _SANE.fullmatch(given) else f"{random.getrandbits(64):016x}"  # no secret


_seconds: dict[int, str] = {}


def now() -> str:
    """The time in UTC to the millisecond, as ISO 8601 has it."""
    nanoseconds = time.time_ns()
    second, rest = divmod(nanoseconds, 1_000_000_000)
    shown = _seconds.get(second)
    if shown is None:
        _seconds.clear()
        shown = _seconds[second] = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{shown}.{rest // 1_000_000:03d}+00:00"


def log(level: str, event: str, **details: Any) -> None:
    """Write one line with one system call, so that lines of several processes never mix."""
    content = {"time": now(), "level": level, "event": event}
    for name, value in details.items():
        content[name] = value[:_LONGEST] if isinstance(value, str) else value
    write(content)


def log_exception(event: str, error: BaseException, **details: Any) -> None:
    """Log a defect with its traceback, the only text that is never cut."""
    lines = "".join(traceback.format_exception(error))
    write({"time": now(), "level": "error", "event": event, **details} | {"traceback": lines})


_HELD = 1 << 15
"""Bytes of lines that are held back at most."""
_AT_ONCE = 4096
"""Bytes that a pipe takes in one piece (PIPE_BUF): lines of several processes never mix."""


class _Held:
    """Lines that are not written yet."""

    lines: list[bytes] | None = None
    size = 0
    lock = threading.Lock()


def hold() -> None:
    """Hold lines back until `flush` is called: one system call for many."""
    _Held.lines = []


def flush() -> None:
    """Write the lines that were held back."""
    if not _Held.lines:
        return
    with _Held.lock:
        lines, _Held.lines, _Held.size = _Held.lines, [], 0
        piece: list[bytes] = []
        size = 0
        for line in lines:
            if piece and size + len(line) > _AT_ONCE:
                os.write(2, b"".join(piece))
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        os.write(2, b"".join(piece))


def write(content: dict[str, Any]) -> None:
    """Write one object as one line. Warnings and errors are written at once."""
    line = _line_of(content)
    if _Held.lines is None:
        os.write(2, line)
        return
    with _Held.lock:
        _Held.lines.append(line)
        _Held.size += len(line)
    if content["level"] != "info" or _Held.size > _HELD:
        flush()


def _line_of(content: dict[str, Any]) -> bytes:
    try:
        line = orjson.dumps(content)
    except orjson.JSONEncodeError:  # a lone surrogate, which no UTF-8 has
        line = orjson.dumps(_encodable(content))
    return _escaped(line) + b"\n"


def _encodable(content: dict[str, Any]) -> dict[str, Any]:
    """Texts without lone surrogates, which no UTF-8 has."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for name, value in content.items()
    }


def _escaped(line: bytes) -> bytes:
    """JSON without characters that a terminal or a viewer could take for line ends or commands."""
    if line.isascii():
        return line.replace(b"\x7f", b"\\u007f") if b"\x7f" in line else line
    text = line.decode()
    return "".join(
        char if char.isprintable() else f"\\u{ord(char):04x}" if ord(char) < 0x10000 else "?" for char in text
    ).encode()


class JsonFormatter(logging.Formatter):
    """Records of gunicorn and other libraries in the same form."""

    def format(self, record: logging.LogRecord) -> str:
        content: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        if record.exc_info:
            content["traceback"] = self.formatException(record.exc_info)
        return _line_of(content)[:-1].decode()
