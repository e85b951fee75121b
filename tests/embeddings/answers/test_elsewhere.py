"""A model that answers by itself is asked by the same functions."""

from collections.abc import Sequence

from embeddings import Answer, Failure, Options, QueryError, ask_many
from embeddings.answers.elsewhere import ModelElsewhere


class Echo(ModelElsewhere):
    def ask_many(self, queries: Sequence[str], options: Options | None = None) -> list[Answer | Failure]:
        return [Failure(query, QueryError(str(options and options.k))) for query in queries]


def test_it_gets_the_queries_and_the_options() -> None:
    failures = ask_many(Echo(), (text for text in ("a", "b")), Options(k=3))
    assert [(failure.query, str(failure.error)) for failure in failures if isinstance(failure, Failure)] == [
        ("a", "3"),
        ("b", "3"),
    ]
