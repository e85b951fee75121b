import pytest

from embeddings import errors
from embeddings.errors import (
    CorpusError,
    EmbeddingsError,
    EngineError,
    KernelError,
    MissingExtra,
    ModelError,
    QueryError,
    UnknownWord,
    error_from_dict,
)


def test_unknown_word_offers_the_remedy_in_its_message() -> None:
    assert str(UnknownWord("Brlin", ["berlin"], model="glove-6b-50d")) == (
        "'Brlin' is not in glove-6b-50d. Did you mean 'berlin'?"
    )
    assert str(UnknownWord("x", ["a", "b", "c"], model="m")) == "'x' is not in m. Did you mean 'a', 'b' or 'c'?"
    assert str(UnknownWord("x", model="m")) == "'x' is not in m."


def test_query_error_says_where_and_what_would_be_right() -> None:
    error = QueryError("A word is missing after the minus.", column=7, example="king - man")
    assert str(error) == "Column 7: A word is missing after the minus. Try: king - man"
    assert error.as_dict() == {
        "type": "QueryError",
        "detail": str(error),
        "column": 7,
        "example": "king - man",
    }
    assert QueryError("Too long.").as_dict() == {"type": "QueryError", "detail": "Too long."}


@pytest.mark.parametrize(
    "error",
    [
        ModelError("m"),
        CorpusError("c"),
        EngineError("n"),
        KernelError("k"),
        MissingExtra("x"),
        QueryError("q"),
        UnknownWord("w"),
    ],
)
def test_every_error_is_of_one_hierarchy_and_shows_itself(error: EmbeddingsError) -> None:
    body = error.as_dict()
    assert body["type"] == type(error).__name__
    assert body["detail"] == str(error)
    assert isinstance(error, EmbeddingsError)


def test_no_error_class_is_left_out_above() -> None:
    classes = {
        value for value in vars(errors).values() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    assert classes == {
        EmbeddingsError,
        ModelError,
        CorpusError,
        EngineError,
        KernelError,
        MissingExtra,
        QueryError,
        UnknownWord,
    }


@pytest.mark.parametrize(
    "error",
    [
        ModelError("m"),
        EmbeddingsError("e"),
        QueryError("Wrong.", column=3, example="a - b"),
        QueryError("Column 3: is no column.", example="Try: a"),
        UnknownWord("it's. Did you mean", ["a", "b"], model="v1.2"),
        UnknownWord("x", model="m."),
    ],
)
def test_an_error_is_made_again_from_what_json_says_of_it(error: EmbeddingsError) -> None:
    again = error_from_dict(error.as_dict())
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
