"""The public API in one file: the type checker reads it, a test runs it.

python docs/examples/public_api.py [MODEL]
"""

import sys
from typing import assert_type

from embeddings import (
    Answer,
    EmbeddingsError,
    Failure,
    Method,
    Model,
    Options,
    QueryError,
    UnknownWord,
    ask,
    ask_many,
    load_model,
)


def nearest(model: Model, text: str, number: int = 3) -> list[str]:
    """The words nearest to the target of a query, best first."""
    answer = assert_type(ask(model, text, Options(k=number)), Answer)
    return [result.word for result in answer.results]


def similarity(model: Model, first: str, second: str) -> float:
    """The cosine of two terms, -1 to 1."""
    score = assert_type(ask(model, f"{first} <> {second}").score, float | None)
    if score is None:
        raise ValueError("Only a similarity has a score of its own.")
    return score


def what_is_wrong(model: Model, text: str) -> str:
    """What a program can do about a query that fails: each error carries what it knows."""
    try:
        ask(model, text)
    except UnknownWord as error:
        return f"{error.word} is unknown; near are {', '.join(error.suggestions)}"
    except QueryError as error:
        return f"column {error.column}"
    except EmbeddingsError as error:
        return str(error)
    return "nothing"


def first_words(model: Model, texts: list[str]) -> list[str | None]:
    """The best word for each of many queries; None where there is no answer."""
    found: list[str | None] = []
    for answer in ask_many(model, texts, Options(k=1, method=Method.MULTIPLY)):
        if isinstance(answer, Failure):
            found.append(None)
        else:
            assert_type(answer, Answer)
            found.append(answer.results[0].word if answer.results else None)
    return found


def main(name: str | None) -> None:
    """Ask the model called ``name``, or the default one."""
    model = load_model(name) if name else load_model()
    print(nearest(model, "king - man + woman"))
    print(round(similarity(model, "king", "queen"), 2))
    print(what_is_wrong(model, "king (("))
    print(first_words(model, ["king - man + woman", "king (("]))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
