"""The text kernel: C sources, the tables that they fill, and passes over the numbers of a text."""

from embeddings.text.kernel.functions import has_kernel
from embeddings.text.kernel.passes import BREAK, CONTENT, RARE, Around, Roles, Trie, count_numbers, expand_ids, tidy_ids
from embeddings.text.kernel.spans import (
    SPAN,
    Hashing,
    Spans,
    SpanTable,
    SpelledTokens,
    Trait,
)
from embeddings.text.kernel.token_table import DifferentTokens, TokenTable

__all__ = [
    "BREAK",
    "CONTENT",
    "RARE",
    "SPAN",
    "Around",
    "DifferentTokens",
    "Hashing",
    "Roles",
    "SpanTable",
    "Spans",
    "SpelledTokens",
    "TokenTable",
    "Trait",
    "Trie",
    "count_numbers",
    "expand_ids",
    "has_kernel",
    "tidy_ids",
]
