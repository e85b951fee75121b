"""Vectors by MLlib: a worker is killed amid the iterations; what MLlib has not is said."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings import ask
from embeddings.errors import CorpusError
from embeddings.parameters import typed
from embeddings.spark.engine import SparkEngine, check_spark
from embeddings.training.job import train
from embeddings.training.parameters import Engine, EngineParameters, Job, Keep, VectorsBy
from embeddings.training.workspace import Note, Status


def test_a_worker_killed_amid_the_iterations_does_not_end_the_job(cluster: Any, prepared: Any, tmp_path: Path) -> None:
    engine = EngineParameters(Engine.SPARK, cluster.master, VectorsBy.SPARK)
    training = {"vector_size": 20, "epochs": 4}
    job = Job((f"file://{prepared.folder}",), engine=engine, training=training, evaluate=False)
    events: list[Status | Note] = []

    def watch(event: Status | Note) -> None:
        events.append(event)
        amid = isinstance(event, Status) and event.stage == "vectors" and event.done > 1.5
        if amid and cluster.workers[0].poll() is None:
            cluster.kill_worker(0)

    model = train(job, tmp_path / "model", watcher=watch, cluster=SparkEngine())
    assert cluster.workers[0].returncode == -signal.SIGKILL
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any("1 executor of the cluster went away: 1 of 2 executors" in text for text in notes), notes
    assert list(model.vocabulary) == list(prepared.model.vocabulary)
    assert np.isfinite(np.asarray(model.vectors)).all()
    assert len(ask(model, "his - her + she").results) == 10
    card = model.manifest.card
    assert card.method == "word2vec skipgram, MLlib"
    assert (card.parameters["hs"], card.parameters["negative"], card.parameters["partitions"]) == (True, 0, 2)
    assert not (tmp_path / "model.training").exists()


@pytest.mark.parametrize(
    ("training", "more", "message"),
    [
        ({"negative": 5}, {}, "MLlib's Word2Vec has no --negative"),
        ({}, {"keep": Keep.BEST}, "leave out --keep best"),
        ({}, {"init": "news"}, "cannot train a model on"),
    ],
)
def test_what_mllib_cannot_do_is_said_at_once(training: dict[str, Any], more: dict[str, Any], message: str) -> None:
    engine = typed(EngineParameters, {"engine": "spark", "vectors": "spark"})
    with pytest.raises(CorpusError, match=message):
        check_spark(Job(("x.txt",), engine=engine, training=training, **more))
    check_spark(Job(("x.txt",), engine=typed(EngineParameters, {"engine": "spark"}), **more))
