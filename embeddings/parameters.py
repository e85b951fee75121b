"""Parameters are frozen dataclasses: a function's argument, a command's options and a block of JSON in one."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Parameters = TypeVar("_Parameters")
_LARGEST = 1 << 63
"""Numbers of files are smaller."""


def typed(kind: type[_Parameters], values: Mapping[str, Any]) -> _Parameters:
    """The dataclass ``kind`` of ``values`` that were read from JSON or the command line: names become choices again."""
    choices = {
        entry.name: entry.type
        for entry in dataclasses.fields(kind)  # type: ignore[arg-type]
        if isinstance(entry.type, type) and issubclass(entry.type, StrEnum)
    }
    return kind(**{name: choices[name](value) if name in choices else value for name, value in values.items()})


def of_file(kind: type[_Parameters], values: Any) -> _Parameters:
    """The dataclass ``kind`` of ``values`` in a file that anybody may have written. Raises TypeError or KeyError that
    names the entry which is not there, is unknown, or is not what its field says.
    """
    if not isinstance(values, dict):
        raise TypeError(f"{kind.__name__} is no object")
    hints = get_type_hints(kind)
    for name, value in values.items():
        if name not in hints:
            raise TypeError(f"unknown entry {name[:40]!r}")
        if not _is(value, hints[name]):
            raise TypeError(f"{name} is {repr(value)[:40]}")
    for entry in dataclasses.fields(kind):  # type: ignore[arg-type]
        if entry.default is entry.default_factory is dataclasses.MISSING and entry.name not in values:
            raise KeyError(entry.name)
    return kind(**values)


def _is(value: Any, hint: Any) -> bool:
    """Whether a ``value`` of JSON is of the type that ``hint`` names. Numbers are finite, texts whole."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(_is(value, part) for part in parts)
    if origin is Mapping:
        return isinstance(value, dict) and all(_is(each, parts[1]) for each in value.values())
    if origin is Sequence:
        return isinstance(value, list) and all(_is(each, parts[0]) for each in value)
    if hint is float:
        return type(value) in (int, float) and abs(value) < _LARGEST and math.isfinite(value)
    if hint is int:
        return type(value) is int and abs(value) < _LARGEST
    if hint is str:
        return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)
    return value is None if hint is NoneType else isinstance(value, hint)
