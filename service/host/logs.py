"""Lines of JSON on standard error: one a request, one an event. What users sent is cut and escaped."""

import logging
import os
import re
import secrets
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

_LONGEST = 200
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str | None) -> str:
    """The id that a proxy or client gave, if it is harmless, else a new one."""
    return given if given and _SANE.fullmatch(given) else secrets.token_hex(8)


def log(level: str, event: str, **details: Any) -> None:
    """Write one line, by one call of the system, so that lines of several processes never mix."""
    content = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "event": event}
    for name, value in details.items():
        content[name] = value[:_LONGEST] if isinstance(value, str) else value
    write(content)


def log_exception(event: str, error: BaseException, **details: Any) -> None:
    """A defect with its traceback, which alone is not cut."""
    lines = "".join(traceback.format_exception(error))
    write(
        {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": "error", "event": event, **details}
        | {"traceback": lines}
    )


def write(content: dict[str, Any]) -> None:
    """One object, one line."""
    line = _escaped(orjson.dumps(_encodable(content)))
    os.write(2, line + b"\n")


def _encodable(content: dict[str, Any]) -> dict[str, Any]:
    """Texts without lone surrogates, which no UTF-8 has."""
    return {
        name: value.encode("utf-8", "backslashreplace").decode()
        if isinstance(value, str) and not value.isascii()
        else value
        for name, value in content.items()
    }


def _escaped(line: bytes) -> bytes:
    """JSON without the characters that a terminal or a viewer could take for line ends or commands."""
    if line.isascii():
        return line.replace(b"\x7f", b"\\u007f")
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
        return _escaped(orjson.dumps(_encodable(content))).decode()
