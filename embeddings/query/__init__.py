"""Text becomes a `Query`; no model and no numpy here."""

from embeddings.query.parser import MOST_CHARACTERS, Kind, Query, Term, literal, parse
from embeddings.query.tokens import tokenise

__all__ = ["MOST_CHARACTERS", "Kind", "Query", "Term", "literal", "parse", "tokenise"]
