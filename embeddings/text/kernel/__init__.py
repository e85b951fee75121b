"""The text kernel: C sources, the table of tokens that they fill, and passes over the numbers of a text."""

from embeddings.text.kernel.passes import BREAK, CONTENT, RARE, Roles, Trie, expand_ids, has_kernel, tidy_ids
from embeddings.text.kernel.token_table import DifferentTokens, TokenTable

__all__ = [
    "BREAK",
    "CONTENT",
    "RARE",
    "DifferentTokens",
    "Roles",
    "TokenTable",
    "Trie",
    "expand_ids",
    "has_kernel",
    "tidy_ids",
]
