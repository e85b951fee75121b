"""What answers queries: a model opened here, or (`embeddings.client`) one at a running service."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from embeddings import Answer, Failure, Options, ask_many
from embeddings.models import WordVectors


class Askable(Protocol):
    """What the command line, its prompt and its pipe need from a model, wherever it is."""

    @property
    def title(self) -> str:
        """Its name and size."""

    def ask_many(self, queries: Sequence[str], options: Options) -> list[Answer | Failure]:
        """An answer or a failure for each query, in its place."""

    def complete(self, prefix: str, limit: int) -> Sequence[str]:
        """Words that begin with ``prefix``, the most frequent first."""


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """A model that is opened in this process."""

    model: WordVectors

    @property
    def title(self) -> str:
        return size_of(self.model.name, len(self.model), self.model.dimension)

    def ask_many(self, queries: Sequence[str], options: Options) -> list[Answer | Failure]:
        return ask_many(self.model, queries, options)

    def complete(self, prefix: str, limit: int) -> Sequence[str]:
        return self.model.vocabulary.complete(prefix, limit=limit)


def size_of(name: str, words: int, dimension: int) -> str:
    """A model in a few words."""
    return f"{name}: {words:,} words × {dimension}"


def ask(model: Askable, query: str, options: Options) -> Answer:
    """Answer one query. Raises `QueryError`, `UnknownWord`, or the error of the connection to a service."""
    [answer] = model.ask_many([query], options)
    if isinstance(answer, Failure):
        raise answer.error
    return answer
