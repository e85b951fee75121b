"""Training on a real cluster: a master and two workers on the loopback address, against the engine of one machine."""

import bz2
import gzip
import importlib.util
import json
import lzma
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from embeddings import ask
from embeddings.errors import CorpusError
from embeddings.model import open_model
from embeddings.preparation import check, prepare
from embeddings.spark import check_spark
from embeddings.training import train
from embeddings.training_parameters import Engine, EngineParameters, Job, Keep, typed
from embeddings.workspace import Note, Status, Workspace, unwatched

ROOT = Path(__file__).parent.parent
DUMP = Path(
    str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
)
SMALL = ("--vector-size", "20", "--epochs", "2", "--no-evaluate", "--workers", "1")
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def demo() -> Any:
    spec = importlib.util.spec_from_file_location("demo_spark", ROOT / "scripts" / "demo_spark.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", QUICK_JAVA)
        with demo().standalone(tmp_path_factory.mktemp("cluster")) as started:
            yield started


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same articles and stranger things, in every form and packing that both engines read."""
    folder = tmp_path_factory.mktemp("corpora") / "ä corpus [1]"
    (folder / "sub").mkdir(parents=True)
    lines = [f"The vice-president of New York met {name} in Rio de Janeiro, don't you know?" for name in "abcdefgh" * 9]
    text = "\n".join(lines) + "\nA one-off\rline. Bad \xff byte\n".encode("latin-1").decode("latin-1")
    packed = text.encode("latin-1")
    (folder / "a.txt").write_bytes(packed)
    (folder / "b.txt.gz").write_bytes(gzip.compress(packed + b"Zebra zebra zebra. Last word without an end"))
    (folder / "c.txt.bz2").write_bytes(bz2.compress(b"one-off New York, Rio de Janeiro.\n" * 20))
    (folder / "d.txt.xz").write_bytes(lzma.compress(packed))
    (folder / "sub" / "e.jsonl").write_text("\n".join(json.dumps({"text": line}) for line in lines[:30]))
    rows = pyarrow.table({"text": ["Two\nlines of New York.", None, "", *lines[:20]]})
    parquet.write_table(rows, folder / "f.parquet")
    (folder / "wiki.xml.bz2").write_bytes(DUMP.read_bytes())
    (folder / ".hidden").write_text("not read")
    return folder


def command(*arguments: str | Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "JAVA_TOOL_OPTIONS": QUICK_JAVA}
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "train", *map(str, arguments)],
        cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def locally(corpus: Path, space: Workspace) -> Any:
    """What the local engine prepares."""
    job = Job((str(corpus),), titles=True, training={"workers": 1})
    with space.opened(job, resume=False):
        return prepare(job, check(job), (), space, unwatched)


def test_both_engines_give_the_same_counts_sentences_and_model(cluster: Any, corpus: Path, tmp_path: Path) -> None:
    kept = tmp_path / "prepared corpus"
    on_spark = ("--engine", "spark", "--master", cluster.master, "--vectors", "local", "--prepared", kept.as_uri())
    process = command(corpus, "--titles", *on_spark, *SMALL, "--out", tmp_path / "spark")
    said = process.communicate()[1]
    assert process.returncode == 0, said
    stages = {json.loads(line).get("stage") for line in said.splitlines() if '"status"' in line}
    assert {"cleaning", "known phrases", "phrases, pass 1", "phrases, pass 2", "sentences", "epoch 2 of 2"} <= stages

    local = locally(corpus, Workspace(tmp_path / "local"))
    table = parquet.read_table(kept / "vocabulary.parquet")
    assert dict(zip(*(column.to_pylist() for column in table.columns), strict=True)) == dict(
        zip(local.words, local.counts.tolist(), strict=True)
    )
    assert table["word"].to_pylist() == list(local.words), "words met equally often stand in the order of the text"
    parts = sorted((kept / "sentences").glob("*.parquet"))
    sentences = [sentence for part in parts for sentence in parquet.read_table(part)["text"].to_pylist()]
    assert sentences == local.sentences.read_text().splitlines()
    assert sorted(path.name for path in kept.iterdir() if not path.name.startswith(".")) == [
        "prepared.json", "sentences", "vocabulary.parquet"
    ]  # fmt: skip
    info = json.loads((kept / "prepared.json").read_text())["corpus"]
    assert {name: info[name] for name in ("words", "different_words", "articles", "undecodable")} == {
        name: getattr(local.corpus, name) for name in ("words", "different_words", "articles", "undecodable")
    }

    # The local engine trains from what the cluster prepared, and it is the model that it would have made itself.
    again = command(kept, *SMALL, "--out", tmp_path / "again")
    said = again.communicate()[1]
    assert again.returncode == 0, said
    models = [open_model(tmp_path / name) for name in ("spark", "again")]
    assert np.array_equal(models[0].vectors, models[1].vectors)
    assert list(models[0].vocabulary) == list(models[1].vocabulary)
    training = models[0].manifest.card.training
    assert training is not None
    assert training["engine"]["master"] == cluster.master
    assert "pyspark" in training["versions"]


def test_a_worker_killed_amid_the_iterations_does_not_end_the_job(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", QUICK_JAVA)
    engine = EngineParameters(Engine.SPARK, cluster.master)
    job = Job((DUMP.as_uri(),), engine=engine, training={"vector_size": 20, "epochs": 4}, evaluate=False)
    events: list[Status | Note] = []

    def watch(event: Status | Note) -> None:
        events.append(event)
        amid = isinstance(event, Status) and event.stage == "vectors" and event.done > 1.5
        if amid and cluster.workers[0].poll() is None:
            cluster.kill_worker(0)

    model = train(job, tmp_path / "model", watcher=watch)
    assert cluster.workers[0].returncode == -signal.SIGKILL
    notes = [event.text for event in events if isinstance(event, Note)]
    assert any("1 executor of the cluster went away: 1 of 2 executors" in text for text in notes), notes
    assert len(model) > 3_000
    assert np.isfinite(np.asarray(model.vectors)).all()
    assert len(ask(model, "united states").results) == 10
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
    engine = typed(EngineParameters, {"engine": "spark"})
    with pytest.raises(CorpusError, match=message):
        check_spark(Job(("x.txt",), engine=engine, training=training, **more))
    check_spark(Job(("x.txt",), engine=typed(EngineParameters, {"engine": "spark", "vectors": "local"}), **more))
