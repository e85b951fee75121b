"""The models that are served: cache, exchange of all or none, and what other processes see."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings import Failure, ModelError, Options, QueryError, UnknownWord
from embeddings.models.model import Card, Model
from embeddings.models.writer import save_model
from service.host import served_models as module
from service.host.served_models import Cache, ServedModels, UnknownModel
from service.host.settings import Settings


@pytest.fixture
def folder(tiny_model: Model, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model.folder, tmp_path / "tiny"))


@pytest.fixture
def serving(folder: Path) -> Iterator[ServedModels]:
    yield ServedModels(Settings(models=(str(folder),)))


def exchange(folder: Path) -> None:
    """Another model under the same name."""
    shutil.rmtree(folder)
    save_model(folder, ["king", "queen", "new"], np.eye(3, dtype=np.float32), Card("tiny"))


def test_an_answer_that_was_computed_is_not_computed_again(
    serving: ServedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not serving.ready
    first = serving.ask("king - man + woman", Options(k=2))
    failure = serving.ask_many(["nowhere"])
    assert serving.ready
    monkeypatch.setattr(module, "ask_model", None)
    monkeypatch.setattr(module, "ask_in_blocks", None)
    assert serving.ask("king - man + woman", Options(k=2)) is first
    assert serving.ask_many(["nowhere"]) == failure
    with pytest.raises(UnknownWord):
        serving.ask("nowhere")


def test_equal_queries_of_a_batch_are_answered_once_and_all_in_their_places(serving: ServedModels) -> None:
    answers = serving.ask_many(["king", "king (", "king"])
    assert answers[0] is answers[2]
    assert isinstance(answers[1], Failure)


def test_a_large_batch_leaves_the_cache_to_others(serving: ServedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CACHED", 3)
    few, many = ["king", "queen", "king + queen"], ["king", "queen", "man", "king (", "king"]
    kept = serving.ask_many(few)
    cache = serving.opened.cache
    answers = serving.ask_many(many)
    assert len(cache) == 3
    assert answers[0] is answers[4]
    assert isinstance(answers[3], Failure)
    assert [answer.results for answer in answers[:2] if not isinstance(answer, Failure)] == [
        answer.results for answer in kept[:2] if not isinstance(answer, Failure)
    ]
    assert all(again is answer for again, answer in zip(serving.ask_many(few), kept, strict=True))


def test_the_cache_is_bounded_and_drops_what_was_not_asked_for_longest(serving: ServedModels) -> None:
    cache, keys = Cache(2), [("tiny", text, Options()) for text in "abc"]
    answer = serving.ask("king")
    cache.put(keys[0], answer)
    cache.put(keys[1], answer)
    assert cache.get(keys[0]) is answer
    cache.put(keys[2], answer)
    assert len(cache) == 2
    assert cache.get(keys[1]) is None
    nothing = Cache(0)
    nothing.put(keys[0], answer)
    assert len(nothing) == 0


def test_failures_in_the_cache_hold_nothing_of_the_requests_that_met_them(serving: ServedModels) -> None:
    raised = []
    for query in ("king (", "nosuchword") * 3:
        with pytest.raises((QueryError, UnknownWord)) as found:
            serving.ask(query)
        raised.append(found.value)
    assert raised[0] is not raised[2]
    assert raised[0].as_dict() == raised[2].as_dict()
    for failure in serving.ask_many(["king (", "nosuchword"]):
        assert isinstance(failure, Failure)
        assert failure.error.__traceback__ is failure.error.__context__ is failure.error.__cause__ is None


def test_long_answers_take_the_place_of_many_in_the_cache(serving: ServedModels) -> None:
    answer = serving.ask("king", Options(k=8))
    long = replace(answer, results=answer.results * 125)
    assert len(long.results) == 1000
    cache = Cache(200)
    for number in range(300):
        cache.put(f"long {number}", long)
    assert len(cache) == 2
    for number in range(300):
        cache.put(f"short {number}", answer)
    assert len(cache) == 200
    for number in range(300):
        cache.put(f"asked at length {number}", replace(answer, query="x" * 1999))
    assert 0 < len(cache) <= 50


def test_a_name_that_is_not_served_is_refused(serving: ServedModels, folder: Path) -> None:
    assert serving.names == ["tiny"]
    assert serving.model().name == serving.model("tiny").name == "tiny"
    for name in ("other", "", str(folder)):
        with pytest.raises(UnknownModel, match="There are: tiny"):
            serving.ask("king", model=name)
    with pytest.raises(ModelError, match="Two models"):
        ServedModels(Settings(models=(str(folder), str(folder))))


def test_a_reload_gives_new_models_and_new_fingerprints(serving: ServedModels, folder: Path) -> None:
    before = serving.fingerprint()
    assert serving.reload() == []
    assert serving.fingerprint() == before
    exchange(folder)
    assert serving.ask("throne").results  # the old model goes on until the reload
    assert serving.reload() == ["tiny"]
    assert serving.fingerprint() != before
    with pytest.raises(UnknownWord):
        serving.ask("throne")


def test_a_model_that_fails_its_check_is_refused_and_the_old_one_goes_on(serving: ServedModels, folder: Path) -> None:
    before, whole = serving.fingerprint(), (folder / "counts.npy").read_bytes()
    beside = folder / "damaged"
    beside.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    beside.replace(folder / "counts.npy")
    with pytest.raises(ModelError, match="counts.npy is damaged"):
        serving.reload()
    assert serving.fingerprint() == before
    assert serving.ask("king").results


def test_processes_follow_a_reload_before_their_next_answer(serving: ServedModels, folder: Path) -> None:
    """A child of a fork reloads, and this process has the new model."""
    exchange(folder)
    if (child := os.fork()) == 0:
        try:
            serving.reload()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert serving.ask("new").results
    with pytest.raises(UnknownWord):
        serving.ask("throne")
