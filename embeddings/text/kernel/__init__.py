"""The text kernel: C sources, the table of tokens that they fill, and passes over the numbers of a text."""

from embeddings.text.kernel.passes import BREAK, CONTENT, RARE, Roles, Trie, expand_ids, tidy_ids
from embeddings.text.kernel.token_table import TokenTable

__all__ = ["BREAK", "CONTENT", "RARE", "Roles", "TokenTable", "Trie", "expand_ids", "tidy_ids"]
