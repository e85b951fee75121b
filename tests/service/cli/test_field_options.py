"""Options of commands from the fields of dataclasses."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import click
from click.testing import CliRunner

from service.cli.field_options import field_options, given_value


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Paint:
    colour: Colour = field(default=Colour.RED, metadata={"help": "What it looks like."})
    coats: int = field(default=2, metadata={"help": "How often.", "min": 1, "max": 9})
    share: float | None = field(default=None, metadata={"help": "Of water.", "above": 0})
    matt: bool = field(default=True, metadata={"help": "Without gloss."})
    fast: bool = field(default=False, metadata={"help": "In a hurry."})
    places: tuple[str, ...] = field(default=(), metadata={"help": "Where."})


@click.command()
@field_options(Paint, names={"fast": ("--fast",), "places": ("--place",)})
def paint(**given: Any) -> None:
    click.echo(repr(given_value(Paint, given)))


def run(*arguments: str) -> str:
    return CliRunner().invoke(paint, arguments).output.strip()


def test_what_is_given_is_taken_and_the_rest_are_the_defaults() -> None:
    assert run() == repr(Paint())
    given = [
        "--colour",
        "blue",
        "--coats",
        "3",
        "--share",
        "0.5",
        "--no-matt",
        "--fast",
        "--place",
        "a",
        "--place",
        "b",
    ]
    assert run(*given) == repr(Paint(Colour.BLUE, 3, 0.5, False, True, ("a", "b")))


def test_limits_and_choices_are_those_of_the_fields() -> None:
    assert "0 is not in the range 1<=x<=9" in run("--coats", "0")
    assert "0.0 is not in the range x>0" in run("--share", "0")
    assert "'green' is not one of 'red', 'blue'" in run("--colour", "green")


def test_the_help_has_the_defaults() -> None:
    shown = run("--help")
    assert "How often.  [default: 2]" in " ".join(shown.split("  ")) or "[default: 2]" in shown
    assert "Of water." in shown
    assert "[default: yes]" in shown
    assert "--no-fast" not in shown
