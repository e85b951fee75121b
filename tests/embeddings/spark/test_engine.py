"""Training on a real cluster: a master and two workers on the loopback address, one of them killed amid the job."""

import importlib.util
import signal
import sys
from collections.abc import Iterator
from importlib.resources import files
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

ROOT = Path(__file__).parents[3]
NEWS = Path(str(files("gensim") / "test/test_data/lee_background.cor"))


def demo() -> Any:
    spec = importlib.util.spec_from_file_location("demo_spark", ROOT / "scripts" / "demo_spark.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with demo().standalone(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def test_a_worker_killed_amid_the_iterations_does_not_end_the_job(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    for name, value in demo().QUICK_JAVA.items():
        monkeypatch.setenv(name, value)
    engine = EngineParameters(Engine.SPARK, cluster.master, VectorsBy.SPARK)
    job = Job((f"file://{NEWS}",), engine=engine, training={"vector_size": 20, "epochs": 6}, evaluate=False)
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
    assert 2_000 < len(model) < 6_000
    assert np.isfinite(np.asarray(model.vectors)).all()
    assert len(ask(model, "australia - sydney + israel").results) == 10
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
