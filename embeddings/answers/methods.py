"""Methods to ask a model, the same wherever it is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from embeddings.answers.answer import Answer, Failure
from embeddings.answers.ask import ask_many
from embeddings.answers.options import Options
from embeddings.answers.resolution import complete, resolve
from embeddings.answers.result import Result
from embeddings.models import Model
from embeddings.query import literal
from embeddings.search import Matrix


class QueryMethods(ABC):
    """Methods of a model. Words and phrases are taken literally, except in `ask` and `ask_many`."""

    @abstractmethod
    def ask_many(self, queries: Sequence[str], options: Options | None = None) -> list[Answer | Failure]:
        """Answers and failures, each in its place."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> Matrix:
        """The unit vectors of words or phrases, float32 [texts, dimension]. Raises `UnknownWord` or `QueryError`."""

    @abstractmethod
    def complete(self, prefix: str = "", limit: int = 10, offset: int = 0) -> list[str]:
        """Up to ``limit`` words that begin with ``prefix``, the most frequent first, after the first ``offset``."""

    def ask(self, query: str, options: Options | None = None) -> Answer:
        """Answer one query. Raises `UnknownWord` or `QueryError`."""
        [answer] = self.ask_many([query], options)
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    def neighbours(self, word: str, k: int = 10, options: Options | None = None) -> tuple[Result, ...]:
        """The ``k`` words nearest to ``word``, best first."""
        return self.ask(literal(word), replace(options or Options(), k=k)).results

    def similarity(self, a: str, b: str) -> float:
        """The cosine of two words, -1 to 1."""
        score = self.ask(f"{literal(a)} <> {literal(b)}").score
        assert score is not None
        return score

    def analogy(self, a: str, b: str, c: str, k: int = 10, options: Options | None = None) -> tuple[Result, ...]:
        """Words that are to ``c`` as ``b`` is to ``a``, best first."""
        query = f"{literal(a)} : {literal(b)} :: {literal(c)} : ?"
        return self.ask(query, replace(options or Options(), k=k)).results

    def odd_one_out(self, words: Sequence[str]) -> str:
        """The one of three or more words that does not belong; `ask` says why as well."""
        return self.ask(", ".join(map(literal, words))).results[0].word


class LocalModel(Model, QueryMethods):
    """A model that is opened here, with the methods to ask it."""

    def ask_many(self, queries: Sequence[str], options: Options | None = None) -> list[Answer | Failure]:
        return ask_many(self, queries, options)

    def embed(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.empty((0, self.dimension), np.float32)
        return np.stack([resolve(self, " ".join(text.split())).vector for text in texts])

    def complete(self, prefix: str = "", limit: int = 10, offset: int = 0) -> list[str]:
        return complete(self, prefix, limit, offset)
