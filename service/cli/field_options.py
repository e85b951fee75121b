"""Command options generated from the fields of a dataclass. The metadata of a field has its help and limits."""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar, get_args

import click

from embeddings.parameters import typed

Command = Callable[..., None]
Entry = dataclasses.Field[Any]
_Kind = TypeVar("_Kind")


def field_options(
    kind: type,
    only: Sequence[str] | None = None,
    *,
    names: Mapping[str, Sequence[str]] | None = None,
    describe: Callable[[Entry], str] | None = None,
) -> Callable[[Command], Command]:
    """An option for each field of ``kind`` with a help (or those in ``only``); None where nothing was given.

    ``names`` has other names of options; a boolean has ``--name/--no-name``. ``describe`` gives the default in the
    help.
    """
    chosen = [entry for entry in dataclasses.fields(kind) if entry.name in (only or _with_help(kind))]

    def decorate(function: Command) -> Command:
        for entry in reversed(chosen):
            flags = (names or {}).get(entry.name, (option_name(entry),))
            function = click.option(*flags, entry.name, **_about(entry, flags, describe or default_text))(function)
        return function

    return decorate


def _with_help(kind: type) -> list[str]:
    return [entry.name for entry in dataclasses.fields(kind) if "help" in entry.metadata]


def given_value(kind: type[_Kind], given: Mapping[str, Any]) -> _Kind:
    """The value of ``kind`` from a command's options; its own defaults apply where none were given."""
    names = {entry.name for entry in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return typed(kind, {name: value for name, value in given.items() if name in names and value not in (None, ())})


def option_name(entry: Entry) -> str:
    """The option of a field; a boolean also gets its ``--no-`` form."""
    name = entry.name.replace("_", "-")
    return f"--{name}/--no-{name}" if entry.type is bool else f"--{name}"


def default_text(entry: Entry) -> str:
    """The default as the help shows it; nothing for none."""
    if entry.default is None or (entry.type is bool and entry.default is False):
        return ""
    return f"  [default: {shown_value(entry.default)}]"


def shown_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _about(entry: Entry, flags: Sequence[str], describe: Callable[[Entry], str]) -> dict[str, Any]:
    limits, kind = entry.metadata, _plain_type(entry.type)
    about: dict[str, Any] = {"default": None, "help": f"{limits['help']}{describe(entry)}"}
    if "metavar" in limits:
        about["metavar"] = limits["metavar"]
    if isinstance(entry.default, tuple):
        return about | {"multiple": True, "callback": lambda _context, _parameter, value: tuple(value) or None}
    if kind is bool:
        return about if any("/" in flag for flag in flags) else about | {"is_flag": True}
    return about | {"type": _click_type(kind, limits)}


def _click_type(kind: Any, limits: Mapping[str, Any]) -> Any:
    if issubclass(kind, StrEnum):
        return click.Choice([choice.value for choice in kind])
    least = limits.get("above", limits.get("min"))
    if kind in (int, float) and least is not None:
        ranged = click.IntRange if kind is int else click.FloatRange
        return ranged(least, limits.get("max"), min_open="above" in limits)
    return kind


def _plain_type(kind: Any) -> Any:
    """The type without its None."""
    if isinstance(kind, types.UnionType):
        return next(part for part in get_args(kind) if part is not type(None))
    return kind
