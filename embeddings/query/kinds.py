"""The kinds of queries, and a table of those that are plain terms with a sign between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a query asks for."""

    NEIGHBOURS = "neighbours"
    EXPRESSION = "expression"
    ANALOGY = "analogy"
    ODD_ONE_OUT = "odd one out"
    SIMILARITY = "similarity"


@dataclass(frozen=True, slots=True)
class Separator:
    """The sign between the terms of a kind of query, and the errors for too few or too many terms."""

    sign: str
    what: str
    example: str
    least: int = 2
    too_few: str = ""
    most: int | None = None
    too_many: tuple[str, str] = ("", "")
    """What is wrong, and a correct form."""

    @property
    def between(self) -> str:
        """The sign with its white space, as in the canonical form."""
        return f"{self.sign} " if self.sign == "," else f" {self.sign} "


SEPARATORS: Mapping[Kind, Separator] = {
    Kind.SIMILARITY: Separator(
        "<>",
        "a similarity",
        "coffee <> tea",
        most=2,
        too_many=("A similarity takes two terms. For more, separate them by commas.", "coffee, tea, table"),
    ),
    Kind.ODD_ONE_OUT: Separator(
        ",",
        "a list",
        "breakfast, cereal, dinner, lunch",
        least=3,
        too_few="Finding the odd one out takes three terms or more; two are compared with '<>'.",
    ),
}
"""Where several signs stand in a query, the first of these counts."""
