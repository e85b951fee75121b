"""Text becomes a `Query`; no model and no numpy here."""

from embeddings.query.kinds import SEPARATORS, Kind
from embeddings.query.parser import MOST_CHARACTERS, parse
from embeddings.query.query import Query, Term, literal
from embeddings.query.tokens import Token, split_query

__all__ = ["MOST_CHARACTERS", "SEPARATORS", "Kind", "Query", "Term", "Token", "literal", "parse", "split_query"]
