"""The tokeniser's kernel: C sources, and the table of tokens that they fill."""

from embeddings.text.kernel.token_table import TokenTable, has_kernel

__all__ = ["TokenTable", "has_kernel"]
