"""A model at a service has the methods of one that is here, and gives the same."""

from collections.abc import Iterator

import numpy as np
import pytest

from embeddings import EmbeddingsError, Options, QueryError, UnknownWord, ask, ask_many, connect, load_model
from embeddings.answers.methods import QueryMethods
from embeddings.client.model import RemoteModel
from embeddings.models.model import Model


@pytest.fixture(scope="module")
def remote(service_url: str) -> Iterator[RemoteModel]:
    with connect(service_url) as model:
        yield model


@pytest.fixture(scope="module")
def local(tiny_model: Model) -> QueryMethods:
    return load_model(tiny_model.folder)


def test_it_has_every_method_of_a_local_model_and_gives_the_same(remote: RemoteModel, local: QueryMethods) -> None:
    for model in (remote, local):
        assert [result.word for result in model.neighbours("king", 3)] == [
            result.word
            for result in ask(load_model(local.folder), "king", Options(k=3)).results  # type: ignore[attr-defined]
        ]
        assert model.similarity("king", "queen") == pytest.approx(0.5, abs=1e-6)
        assert model.analogy("man", "king", "woman", 1)[0].word == "queen"
        assert model.odd_one_out(["king", "queen", "bread"]) == "bread"
        assert model.complete("qu") == ["queen", "Queen"]
        assert model.complete("", 4, 10) == ["café", "throne"]
        assert model.complete("new y") == ["new_york"]
    assert np.allclose(remote.embed(["king", "united states"]), local.embed(["king", "united states"]), atol=1e-6)
    assert remote.embed([]).shape == local.embed([]).shape == (0, 4)
    for query in ("king - man + woman", "king <> queen", "king, queen, bread"):
        here, there = local.ask(query), remote.ask(query)
        assert [result.word for result in there.results] == [result.word for result in here.results]
        assert ask(remote, query).read_as == here.read_as
    assert [type(answer) for answer in ask_many(remote, ["king", "king ("])] == [
        type(answer) for answer in local.ask_many(["king", "king ("])
    ]


def test_it_says_what_it_is(remote: RemoteModel, service_url: str) -> None:
    assert (remote.name, remote.dimension, len(remote), remote.place) == ("tiny", 4, 12, service_url)
    assert remote.card["method"]
    assert service_url in repr(remote)


def test_words_and_queries_that_fail_raise_the_same_errors(remote: RemoteModel, local: QueryMethods) -> None:
    for model in (remote, local):
        with pytest.raises(UnknownWord) as caught:
            model.embed(["king", "kinng"])
        assert caught.value.suggestions == ["king"]
        with pytest.raises(QueryError):
            model.ask("king (")
        with pytest.raises(QueryError):
            model.embed([" "])


def test_a_service_that_is_not_there_or_lacks_the_model_is_told_at_once(service_url: str) -> None:
    with pytest.raises(EmbeddingsError, match="There are: tiny"):
        connect(service_url, "nosuch")
    with pytest.raises(EmbeddingsError, match="no address of a service"):
        connect("words")
