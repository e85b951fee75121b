"""Text becomes a `Query`; no model and no numpy here."""

from embeddings.query.parser import MOST_CHARACTERS, parse
from embeddings.query.query import Kind, Query, Term, literal
from embeddings.query.tokens import split_query

__all__ = ["MOST_CHARACTERS", "Kind", "Query", "Term", "literal", "parse", "split_query"]
