"""A model in Milvus answers as the same model in a folder does, and says when Milvus is away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import EmbeddingsError, Method, ModelError, Options, QueryError, ask, load_word_vectors
from embeddings.milvus.model import MilvusModel, open_milvus
from embeddings.milvus.upload import push
from embeddings.models.model import Card, Model, open_model
from embeddings.models.word_vectors import WordVectors
from embeddings.models.writer import save_model
from embeddings.search import IndexParameters, analogy_targets, nearest_but_inputs

QUERIES = [
    "king - man + woman",
    "KING - man + 0.5*woman",
    "New York",
    "cafe",
    "united states",
    "throne : king :: Queen : ?",
    "king:queen, man:woman :: throne : ?",
    "king, queen, man, bread",
    "king <> queen",
    "kingg",
    "qeen : king :: man : ?",
    "king (",
]


def answered(model: WordVectors, query: str, options: Options) -> dict[str, Any]:
    try:
        content = ask(model, query, options).as_dict()
    except EmbeddingsError as error:
        return error.as_dict()
    del content["took_ms"]
    return content


def same(one: Any, other: Any) -> bool:
    """Equal but for the last digits of numbers."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == pytest.approx(other, abs=3e-6)) if isinstance(one, float) else one == other


@pytest.fixture(scope="module")
def frequent(glove: Model, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """GloVe's 20,000 most frequent words: as many as Milvus divides into cells."""
    folder = tmp_path_factory.mktemp("models") / "frequent"
    words = glove.vocabulary.words(range(20_000))
    vectors = glove.vectors[:20_000] * glove.norms[:20_000, None]
    save_model(folder, words, vectors, Card("frequent"), index=IndexParameters(targets=200))
    return open_model(folder)


@pytest.fixture(scope="module")
def frequent_in_milvus(milvus: Any, frequent: Model) -> Iterator[MilvusModel]:
    push(frequent, milvus.address("frequent"))
    model = open_milvus(milvus.address("frequent"))
    yield model
    model.close()


@pytest.mark.parametrize(
    "options",
    [
        Options(k=4, explain=True),
        Options(k=20, all_forms=True),
        Options(k=4, method=Method.MULTIPLY),
        Options(k=3, restrict=6),
        Options(k=3, exact=True),
    ],
)
def test_every_kind_of_query_has_the_same_answer(tiny_model: Model, tiny_in_milvus: str, options: Options) -> None:
    remote = open_milvus(tiny_in_milvus)
    for query in QUERIES:
        assert same(answered(remote, query, options), answered(tiny_model, query, options)), query


def test_recall_is_measured_as_for_a_folder_and_answers_are_the_same(
    frequent: Model, frequent_in_milvus: MilvusModel
) -> None:
    targets, inputs = analogy_targets(frequent.vectors, 200, seed=5)
    truth = nearest_but_inputs(frequent.vectors, targets, inputs)
    scores, found = frequent_in_milvus.index.search(targets, 13)
    assert np.mean([np.isin(true, near).mean() for true, near in zip(truth, found, strict=True)]) > 0.99
    best = frequent.vectors[found[:, 0]]
    assert scores[:, 0] == pytest.approx(np.einsum("ij,ij->i", best, targets), abs=1e-5)
    report = frequent_in_milvus.manifest.index
    assert (report.kind, report.factory) == ("milvus", "IVF141,Flat")
    assert 0.999 <= report.recall <= 1
    for query in ("united states : dollar :: mexico : ?", "paris - france + italy", "breakfast, cereal, dinner, lunch"):
        for method in Method:
            options = Options(k=5, method=method, exact=True)
            assert same(answered(frequent_in_milvus, query, options), answered(frequent, query, options)), query
        multiplied = Options(k=5, method=Method.MULTIPLY)
        assert same(answered(frequent_in_milvus, query, multiplied), answered(frequent, query, multiplied)), query


def test_the_card_with_its_metrics_is_in_milvus(tiny_model: Model, tiny_in_milvus: str) -> None:
    remote = load_word_vectors(tiny_in_milvus)
    assert remote.place == tiny_in_milvus
    there, here = remote.manifest.as_dict(), tiny_model.manifest.as_dict()
    assert there.pop("index")["kind"] == "milvus"
    del here["index"]
    assert json.dumps(there) == json.dumps(here)
    assert (len(remote), remote.dimension) == (12, 4)
    remote.check()


def test_words_too_short_for_a_vector_of_their_own_get_one_of_ngrams(milvus: Any, tmp_path: Path) -> None:
    from embeddings.models.model import SUBWORDS_FILE
    from embeddings.models.writer import ModelWriter

    with ModelWriter(tmp_path / "grams", 3) as writer:
        writer.append(["king", "queen"], np.eye(2, 3, dtype=np.float32), None)
        np.save(writer.folder / SUBWORDS_FILE, np.random.default_rng(1).random((50, 3), np.float32))
        writer.finish(Card("grams", subwords={"min_n": 3, "max_n": 4, "buckets": 50}))
    local = open_model(tmp_path / "grams")
    push(local, milvus.address("grams"))
    remote = open_milvus(milvus.address("grams"))
    for query in ("kingdom - king", "kingdom queenly"):
        assert same(answered(remote, query, Options()), answered(local, query, Options()))
    assert answered(remote, "kingdom", Options())["terms"][0]["resolved"] == "subword"


def test_too_many_vectors_are_not_fetched(tiny_in_milvus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remote = open_milvus(tiny_in_milvus)
    monkeypatch.setattr("embeddings.milvus.model._ALL_VECTORS", 5)
    with pytest.raises(QueryError, match="12 vectors from Milvus. Ask without --exact"):
        ask(remote, "king - man", Options(method=Method.MULTIPLY, exact=True))


def test_a_milvus_that_was_killed_is_said_and_found_again_when_it_is_back(tiny_in_milvus: str, milvus: Any) -> None:
    remote = open_milvus(tiny_in_milvus)
    assert ask(remote, "king - man + woman").results[0].word == "queen"
    milvus.kill()
    try:
        for _ in range(2):
            with pytest.raises(ModelError, match=f"127.0.0.1:{milvus.port} does not answer"):
                ask(remote, "bread - the")
        with pytest.raises(ModelError, match="does not answer"):
            open_milvus(tiny_in_milvus)
    finally:
        milvus.start()
    assert ask(remote, "bread - the", Options(k=1)).results


def test_what_is_not_there_or_was_replaced_is_said(milvus: Any, tiny_model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model at .*/nothing. Bring one there by: thisplusthat push"):
        open_milvus(milvus.address("nothing"))
    address = milvus.address("changing")
    push(tiny_model, address)
    before = open_milvus(address)
    save_model(tmp_path / "two", ["king", "queen"], np.eye(2, dtype=np.float32), Card("two"))
    push(open_model(tmp_path / "two"), address, replace_other=True)
    with pytest.raises(ModelError, match="was replaced since it was opened"):
        ask(before, "king")
    assert ask(open_milvus(address), "king").results[0].word == "queen"
