"""How a query is to be answered."""

from dataclasses import dataclass, field
from enum import StrEnum

from embeddings.errors import QueryError
from embeddings.query import MOST_CHARACTERS

MOST_EXPLAINED = 100
"""Results of one query that are explained."""


class Method(StrEnum):
    """How an expression or an analogy is searched."""

    ADD = "3cosadd"
    """The neighbours of the signed sum of unit vectors (Mikolov et al. 2013)."""
    MULTIPLY = "3cosmul"
    """The largest product of similarities over product of similarities (Levy and Goldberg 2014)."""
    AVERAGE = "3cosavg"
    """The neighbours of the mean offset of several pairs (Drozd et al. 2016); `ADD` does the same."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a query is to be answered. Each field is an option of ``thisplusthat``."""

    k: int = field(default=10, metadata={"help": "Number of results.", "min": 1, "max": 1000})
    method: Method = field(default=Method.ADD, metadata={"help": "How sums and analogies are searched."})
    exact: bool = field(default=False, metadata={"help": "Compare with every word instead of using the index."})
    explain: bool = field(
        default=False, metadata={"help": "Explain the answer: cosines, relation, margin, places in a plane."}
    )
    restrict: int | None = field(
        default=None, metadata={"help": "Only the N most frequent words.", "min": 1, "metavar": "N"}
    )
    all_forms: bool = field(
        default=False, metadata={"help": "Also list other cases and accents of words already listed."}
    )
    without: str | None = field(
        default=None,
        metadata={"help": "Take directions out of the words asked: money, or man:woman.", "metavar": "DIRECTIONS"},
    )
    """Words or differences of words, by commas; `directions_of` reads them (Bolukbasi et al. 2016)."""

    def __hash__(self) -> int:
        """Of what differs most: a service asks for it several times a query."""
        return hash((self.k, self.restrict, self.without))

    def __post_init__(self) -> None:
        if not 1 <= self.k <= 1000:
            raise QueryError(f"The number of results is {self.k}; it can be 1 to 1,000.")
        if self.explain and self.k > MOST_EXPLAINED:
            raise QueryError(f"At most {MOST_EXPLAINED} results can be explained, and these are {self.k:,}.")
        if self.restrict is not None and self.restrict < 1:
            raise QueryError(f"The search is restricted to {self.restrict} words; it can be 1 or more.")
        if self.without is not None and len(self.without) > MOST_CHARACTERS:
            raise QueryError(
                f"The directions to leave out have {len(self.without):,} characters; {MOST_CHARACTERS:,} are the most."
            )
