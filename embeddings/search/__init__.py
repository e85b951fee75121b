"""Rows near other rows: brute force, indexes, 3CosMul and recall. It knows no words."""

from embeddings.search.brute_force import blocks
from embeddings.search.index import (
    INDEX_FILE,
    KINDS,
    Asked,
    Index,
    IndexParameters,
    IndexReport,
    Matrix,
    Rows,
    analogy_targets,
    build_codes,
    build_index,
    exact_search,
    factory_for,
    measure,
    nearest_but_inputs,
    open_index,
    unit,
)
from embeddings.search.three_cos_mul import Candidates, search_cosmul

__all__ = [
    "INDEX_FILE",
    "KINDS",
    "Asked",
    "Candidates",
    "Index",
    "IndexParameters",
    "IndexReport",
    "Matrix",
    "Rows",
    "analogy_targets",
    "blocks",
    "build_codes",
    "build_index",
    "exact_search",
    "factory_for",
    "measure",
    "nearest_but_inputs",
    "open_index",
    "search_cosmul",
    "unit",
]
