"""Models at a running service, asked like local ones."""

from embeddings.client.connection import Client, Patience
from embeddings.client.model import MOST_QUERIES, RemoteModel
from embeddings.errors import EmbeddingsError


def connect(url: str, model: str | None = None, *, key: str | None = None) -> RemoteModel:
    """The model called ``model``, or the default one, at the service at ``url``; ``key`` is its API key.

    It has the methods of a model that `load_model` opens. Raises `EmbeddingsError` if the service cannot be reached, or
    has no such model. Close it, or use it in a ``with``, when many are opened.
    """
    client = Client(url, key)
    try:
        remote = RemoteModel(client, model)
        _ = remote.card
    except EmbeddingsError:
        client.close()
        raise
    return remote


__all__ = ["MOST_QUERIES", "Client", "Patience", "RemoteModel", "connect"]
