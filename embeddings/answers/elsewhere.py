"""Models that answer by themselves, on another machine."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from embeddings.answers.options import Options

if TYPE_CHECKING:
    from embeddings.answers.answer import Answer, Failure


class ModelElsewhere(ABC):
    """A model whose vectors are not here: queries are sent to it."""

    @abstractmethod
    def ask_many(self, queries: Sequence[str], options: Options | None = None) -> "list[Answer | Failure]":
        """Answers and failures, each in its place."""
