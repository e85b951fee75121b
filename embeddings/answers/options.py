"""How a query is to be answered."""

from dataclasses import dataclass
from enum import StrEnum

from embeddings.errors import QueryError

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
    """How a query is to be answered."""

    k: int = 10
    """Number of results, 1 to 1,000."""
    method: Method = Method.ADD
    exact: bool = False
    """Compare with every vector instead of going through the index."""
    explain: bool = False
    restrict: int | None = None
    """Look among this many of the most frequent words only."""
    all_forms: bool = False
    """List other cases and accents of words that are in the query or were listed already."""

    def __post_init__(self) -> None:
        if not 1 <= self.k <= 1000:
            raise QueryError(f"The number of results is {self.k}; it can be 1 to 1,000.")
        if self.explain and self.k > MOST_EXPLAINED:
            raise QueryError(f"At most {MOST_EXPLAINED} results can be explained, and these are {self.k:,}.")
        if self.restrict is not None and self.restrict < 1:
            raise QueryError(f"The search is restricted to {self.restrict} words; it can be 1 or more.")
