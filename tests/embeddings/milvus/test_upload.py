"""Pushing: in batches, resumed after a kill, verified, and never over other content by accident."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import ModelError, ask
from embeddings.milvus import upload as module
from embeddings.milvus.connection import Address, MilvusConnection
from embeddings.milvus.model import count_entities, open_milvus
from embeddings.milvus.upload import fingerprint, push
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """3,000 words."""
    folder = tmp_path_factory.mktemp("models") / "numbers"
    vectors = np.random.default_rng(1).normal(size=(3000, 16)).astype(np.float32)
    save_model(folder, [f"word{number}" for number in range(3000)], vectors, Card("numbers"))
    return open_model(folder)


class Stopped(Exception):
    """What ends a push in its middle."""


def test_a_push_that_was_stopped_goes_on_where_it_was(
    milvus: Any, numbers: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_ROWS", 400)
    address = milvus.address("stopped")

    def stop(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("words", 2000):
            raise Stopped

    with pytest.raises(Stopped):
        push(numbers, address, progress=stop)
    with pytest.raises(ModelError, match="There is no model at"):
        open_milvus(address)
    stages: list[tuple[str, int]] = []
    report = push(numbers, address, progress=lambda stage, done, total: stages.append((stage, done)))
    assert report.inserted == 1000 + 3000  # words, spellings
    assert [done for stage, done in stages if stage == "words"] == [2000, 2400, 2800]
    assert push(numbers, address).inserted == 0
    assert open_milvus(address).vocabulary.words([0, 1999, 2000, 2999]) == ["word0", "word1999", "word2000", "word2999"]


def test_a_process_that_is_killed_while_it_pushes_loses_nothing(milvus: Any, numbers: Model) -> None:
    address = milvus.address("killed")
    script = (
        "import sys\nfrom embeddings import load_model\nfrom embeddings.milvus import upload\n"
        "upload._BATCH_ROWS = 100\n"
        "upload.push(load_model(sys.argv[1]), sys.argv[2], progress=lambda *done: print(*done, flush=True))\n"
    )
    command = [sys.executable, "-c", script, str(numbers.folder), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("words 1500 "):
                process.kill()
                break
    report = push(numbers, address)
    assert 3000 + 1300 <= report.inserted <= 3000 + 1500
    remote = open_milvus(address)
    remote.check()
    assert remote.vectors_of(range(3000)) == pytest.approx(numbers.vectors, abs=1e-6)


def test_other_content_is_refused_and_replaced_when_asked_for(
    milvus: Any, tiny_model: Model, numbers: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = milvus.address("other")
    push(tiny_model, address)
    with pytest.raises(ModelError, match="has other content already .*Choose another collection, or add --replace"):
        push(numbers, address)
    assert open_milvus(address).name == "tiny"

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "spellings":
            raise Stopped

    with pytest.raises(Stopped):
        push(numbers, address, replace_other=True, progress=stop)
    assert ask(open_milvus(address), "king - man + woman").results[0].word == "queen"  # until the other is there
    push(numbers, address, replace_other=True)
    assert open_milvus(address).name == "numbers"
    left = MilvusConnection(Address.parse(address)).call("list_collections")
    assert not [name for name in left if name.startswith("other_") and fingerprint(numbers) not in name]


def test_a_collection_of_somebody_else_is_not_touched(milvus: Any, tiny_model: Model) -> None:
    address = milvus.address("theirs")
    connection = MilvusConnection(Address.parse(address))
    connection.call("create_collection", "theirs", dimension=3)
    with pytest.raises(ModelError, match="has other content already"):
        push(tiny_model, address)
    with pytest.raises(ModelError, match="not a model pushed by this program"):
        open_milvus(address)
    push(tiny_model, address, replace_other=True)
    assert len(open_milvus(address)) == 12


def test_what_is_there_is_looked_at(milvus: Any, tiny_model: Model) -> None:
    address = milvus.address("damaged")
    push(tiny_model, address)
    connection = MilvusConnection(Address.parse(address))
    words = open_milvus(address).collections.words
    assert count_entities(connection, words) == 12
    wrong = {"row": 11, "word": "wrong", "count": 0, "vector": np.ones(4, np.float32) / 2}
    connection.call("upsert", words, [wrong])
    with pytest.raises(ModelError, match="lacks 11, or has another content for it"):
        push(tiny_model, address)
    connection.call("delete", words, filter="row in [4]")
    with pytest.raises(ModelError, match="has 11 words where its card says 12"):
        open_milvus(address).check()
    push(tiny_model, address, replace_other=True)
    assert open_milvus(address).vocabulary.words(range(12)) == list(tiny_model.vocabulary)
