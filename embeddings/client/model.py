"""A model at a running service, with the same answers as a local one."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

import numpy as np

from embeddings.answers import Answer, Failure, ModelElsewhere, Options, QueryMethods
from embeddings.client.connection import Client
from embeddings.errors import EmbeddingsError, QueryError, error_from_dict
from embeddings.query import MOST_CHARACTERS, parse
from embeddings.search import Matrix

MOST_QUERIES = 1000
"""Queries in one request."""
_MOST_TEXTS = 10_000
_MOST_WORDS = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")


class RemoteModel(ModelElsewhere, QueryMethods):
    """A model at a service; without a name, the service's default model."""

    def __init__(self, client: Client, name: str | None = None) -> None:
        self.client = client
        self._chosen = name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the service."""
        self.client.close()

    def __repr__(self) -> str:
        return f"<RemoteModel {self._chosen or 'default'} at {self.client.url}>"

    # ---- What it is

    @property
    def card(self) -> dict[str, Any]:
        """Everything that the model says about itself: dimension, count, corpus, licence, metrics. Raises
        `EmbeddingsError` where
        the service has no such model.
        """
        models = self.client.models()
        name = self._chosen or next(iter(models), "")
        if name not in models:
            raise EmbeddingsError(f"There is no model '{name}' at {self.client.url}. There are: {', '.join(models)}.")
        return dict(models[name])

    @property
    def name(self) -> str:
        return self._chosen or str(self.card["name"])

    @property
    def dimension(self) -> int:
        return self._number("dimension")

    def __len__(self) -> int:
        return self._number("count")

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return self.client.url

    @property
    def title(self) -> str:
        """Its name, size and place in a line."""
        card = self.card
        return f"{card['name']}: {card['count']:,} words × {card['dimension']} at {self.client.url}"

    def _number(self, name: str) -> int:
        try:
            return int(self.card[name])
        except (KeyError, TypeError, ValueError) as error:
            self.client.refuse(error)

    # ---- What can be asked

    def ask_many(self, queries: Sequence[str], options: Options | None = None) -> list[Answer | Failure]:
        """Answers from the service, a thousand a request."""
        answers = [_unsendable(query) for query in queries]
        sent = [query for query, failure in zip(queries, answers, strict=True) if failure is None]
        answered = iter(
            [
                answer
                for start in range(0, len(sent), MOST_QUERIES)
                for answer in self._ask(sent[start : start + MOST_QUERIES], options or Options())
            ]
        )
        return [failure or next(answered) for failure in answers]

    def embed(self, texts: Sequence[str]) -> Matrix:
        """The unit vectors of words or phrases, float32 [texts, dimension]. Raises `UnknownWord` or `QueryError`."""
        rows: list[Any] = []
        for start in range(0, len(texts), _MOST_TEXTS):
            body = {"words": list(texts[start : start + _MOST_TEXTS]), **self._of_model()}
            content = self.client.call("POST", "/api/v1/vectors", body=body)
            try:
                for entry in content["vectors"]:
                    if "error" in entry:
                        raise error_from_dict(entry["error"])
                    rows.append(entry["vector"])
            except (KeyError, TypeError, ValueError) as error:
                self.client.refuse(error)
        if len(rows) != len(texts):
            self.client.refuse(f"{len(rows)} vectors for {len(texts)} texts")
        return np.array(rows, np.float32).reshape(len(texts), -1) if rows else np.empty((0, self.dimension), np.float32)

    def complete(self, prefix: str = "", limit: int = 10, offset: int = 0) -> list[str]:
        """Up to ``limit`` words that begin with ``prefix``, the most frequent first, after the first ``offset``."""
        found: list[str] = []
        while len(found) < limit:
            number = min(limit - len(found), _MOST_WORDS)
            parameters: dict[str, str | int] = {"prefix": prefix, "limit": number, **self._of_model()}
            parameters |= {"offset": offset + len(found)} if offset + len(found) else {}
            content = self.client.call("GET", "/api/v1/vocabulary", **parameters)
            try:
                words = [str(entry["word"]) for entry in content["words"]]
            except (KeyError, TypeError) as error:
                self.client.refuse(error)
            found += words
            if len(words) < number:
                break
        return found

    def _ask(self, queries: list[str], options: Options) -> list[Answer | Failure]:
        wanted = asdict(options) | self._of_model()
        body = {"queries": queries} | {name: value for name, value in wanted.items() if value is not None}
        content = self.client.call("POST", "/api/v1/query", body=body)
        try:
            answers = [
                Failure.from_dict(answer) if "error" in answer else Answer.from_dict(answer)
                for answer in content["answers"]
            ]
        except (KeyError, TypeError, ValueError) as error:
            self.client.refuse(error)
        if len(answers) != len(queries):
            self.client.refuse(f"{len(answers)} answers for {len(queries)} queries")
        return answers

    def _of_model(self) -> dict[str, str]:
        return {"model": self._chosen} if self._chosen else {}


def _unsendable(query: str) -> Failure | None:
    """The error of a query that is too long or not text: it fails here as it would there."""
    try:
        if len(query) > MOST_CHARACTERS or _SURROGATE.search(query):
            parse(query)
    except QueryError as error:
        return Failure(query, error)
    return None
