"""What an index should be, and what was built: both are in model.json."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from embeddings.parameters import of_file

LISTS = re.compile(r"L(\d{1,9})/32,(\d{1,3})\+([1248])")
"""Names of lists: their number, the rows of a part, the bytes of a coarse code and the bits of each number of a fine
one. Those of earlier versions were others.
"""
FAISS_FILE = "index.faiss"
KINDS = ("auto", "exact", "lists", "fastscan", "ivf")


@dataclass(frozen=True, slots=True)
class IndexParameters:
    """What an index should be; saved in model.json beside the result."""

    kind: str = "auto"
    """``auto``, ``exact`` (no codes at all), ``lists`` (the search kernel's own), or of FAISS ``fastscan`` or ``ivf``
    (fast scan of inverted lists).
    """
    recall: float = 0.999
    """Wanted share of the true ten nearest rows that are found, on targets of each kind of search."""
    targets: int = 1000
    """Number of analogy targets that the recall is measured on."""
    seed: int = 0
    factory: str | None = None
    """The name of the lists (L838/32,26+1) or, as FAISS has it, of a fast scan's codes; None goes by the vectors."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What was built: the ``index`` block of model.json."""

    kind: str
    factory: str | None
    candidates: int
    recall: float
    build_seconds: float
    parameters: IndexParameters
    probes: int = 0
    """Inverted lists that a search reads, of FAISS's index that has them."""
    candidates_for: Mapping[str, int] = field(default_factory=dict)
    """Candidates by `SearchKind`; indexes built before these were measured take ``candidates`` for all."""
    recall_of: Mapping[str, float] = field(default_factory=dict)
    """The recall@10 that each reaches."""
    reach_for: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """How far a search in lists goes by its kind: spreads of a list, and the margin of its codes (`Reach`)."""

    @property
    def is_of_earlier_version(self) -> bool:
        """Whether it is an index that this version cannot search."""
        return self.kind == "lists" and (self.factory is None or LISTS.fullmatch(self.factory) is None)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError where ``content`` is not what `as_dict` gives."""
        report = of_file(cls, {**content, "parameters": of_file(IndexParameters, content["parameters"])})
        fewest = 1 if report.kind in ("fastscan", "ivf") else 0
        if report.probes < 0 or min([report.candidates, *report.candidates_for.values()]) < fewest:
            raise ValueError("an index looks at nothing")
        return report
