"""The tokeniser's kernel: C sources, and the table of tokens that they fill."""

from embeddings.text.kernel.token_table import TokenTable

__all__ = ["TokenTable"]
