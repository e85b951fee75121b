"""Word vectors to ask: load a model, ask a query, get an answer."""

from typing import TYPE_CHECKING

from embeddings.answers import Answer, Failure, Method, Options, ask, ask_many
from embeddings.catalogue import load_model, load_word_vectors
from embeddings.errors import CorpusError, EmbeddingsError, ModelError, QueryError, UnknownWord
from embeddings.extras import late
from embeddings.models import Model

if TYPE_CHECKING:
    from embeddings.client import connect

__getattr__ = late(__name__, {"client": "connect"})

__all__ = [
    "Answer",
    "CorpusError",
    "EmbeddingsError",
    "Failure",
    "Method",
    "Model",
    "ModelError",
    "Options",
    "QueryError",
    "UnknownWord",
    "ask",
    "ask_many",
    "connect",
    "load_model",
    "load_word_vectors",
]
