"""Parameters are frozen dataclasses: a function's argument, a command's options and a block of JSON in one."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

_Parameters = TypeVar("_Parameters")


def typed(kind: type[_Parameters], values: Mapping[str, Any]) -> _Parameters:
    """The dataclass ``kind`` of ``values`` that were read from JSON or the command line: names become choices again."""
    choices = {
        entry.name: entry.type
        for entry in dataclasses.fields(kind)  # type: ignore[arg-type]
        if isinstance(entry.type, type) and issubclass(entry.type, StrEnum)
    }
    return kind(**{name: choices[name](value) if name in choices else value for name, value in values.items()})
