"""The same search in a Milvus database."""

from embeddings.milvus.connection import Address
from embeddings.milvus.model import open_milvus
from embeddings.milvus.upload import push

__all__ = ["Address", "open_milvus", "push"]
