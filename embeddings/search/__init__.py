"""Rows near other rows: brute force, indexes, 3CosMul and recall. It knows no words."""

from typing import TYPE_CHECKING

from embeddings.extras import late
from embeddings.search.brute_force import Matrix, Rows, blocks, exact_search, unit, without_each, without_rows
from embeddings.search.index import INDEX_FILES, Index, open_index
from embeddings.search.list_search import search_by_one_thread
from embeddings.search.recall import Asked, SearchKind, analogy_targets, nearest_but_inputs
from embeddings.search.report import KINDS, IndexParameters, IndexReport
from embeddings.search.three_cos_mul import Candidates, search_cosmul

if TYPE_CHECKING:
    from embeddings.search.index_building import build_index, settings_to_try, try_index
    from embeddings.search.list_building import list_factory

__getattr__ = late(
    __name__, {"index_building": "build_index settings_to_try try_index", "list_building": "list_factory"}
)

__all__ = [
    "INDEX_FILES",
    "KINDS",
    "Asked",
    "Candidates",
    "Index",
    "IndexParameters",
    "IndexReport",
    "Matrix",
    "Rows",
    "SearchKind",
    "analogy_targets",
    "blocks",
    "build_index",
    "exact_search",
    "list_factory",
    "nearest_but_inputs",
    "open_index",
    "search_by_one_thread",
    "search_cosmul",
    "settings_to_try",
    "try_index",
    "unit",
    "without_each",
    "without_rows",
]
