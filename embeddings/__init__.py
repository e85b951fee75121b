"""Word vectors to ask: load a model, ask a query, get an answer.

What is named here is imported when it is first used: nothing waits for numpy that does not need it.
"""

from typing import TYPE_CHECKING

from embeddings.errors import CorpusError, EmbeddingsError, ModelError, QueryError, UnknownWord
from embeddings.extras import late

if TYPE_CHECKING:
    from embeddings.answers import Answer, Failure, Method, Options, ask, ask_many
    from embeddings.catalogue import load_model, load_word_vectors
    from embeddings.client import connect
    from embeddings.models import Model

__getattr__ = late(
    __name__,
    {
        "answers": "Answer Failure Method Options ask ask_many",
        "catalogue": "load_model load_word_vectors",
        "client": "connect",
        "models": "Model",
    },
)

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
