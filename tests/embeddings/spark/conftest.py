"""One cluster and one session of Spark's for all tests here: starting them takes longer than all that they train."""

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from embeddings.models.model import Model
from embeddings.spark import engine as spark_engine
from embeddings.spark.cluster import LOG_FILE, Cluster, open_cluster
from embeddings.text.corpus import CorpusParameters
from embeddings.text.phrases import PhraseParameters, Scoring
from embeddings.training.job import TrainingStopped, train
from embeddings.training.parameters import Engine, EngineParameters, Job, VectorsBy
from embeddings.training.workspace import Note, Status, Watcher, unwatched
from scripts.demo_spark import QUICK_JAVA, StandaloneCluster, standalone

DUMP = Path(
    str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
)
ARTICLES = 20


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneCluster]:
    """A master and two workers on the loopback address, and a session there that every training takes."""
    folder = tmp_path_factory.mktemp("cluster")
    with standalone(folder) as started, ExitStack() as stack:
        with pytest.MonkeyPatch.context() as variables:
            for name, value in {**QUICK_JAVA, "SPARK_LOCAL_IP": "127.0.0.1"}.items():
                variables.setenv(name, os.environ.get(name, value))
            opening = open_cluster(started.master, f"file://{folder}/shared", folder / "driver", unwatched)
            session = stack.enter_context(opening).session

        @contextmanager
        def opened(master: str, shared: str, log_folder: Path, watcher: Watcher) -> Iterator[Cluster]:
            assert master == started.master
            yield Cluster(session, watcher, log_folder / LOG_FILE)

        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(spark_engine, "open_cluster", opened)
        yield started


@dataclass(frozen=True)
class Prepared:
    """A corpus that Spark prepared, and the model that was trained on it here."""

    asked: dict[str, Any]
    """Of the job, but for its engine."""
    folder: Path
    model: Model
    stages: list[str]
    """What was done after it had been stopped amid the first pass over the phrases."""


@pytest.fixture(scope="session")
def prepared(cluster: StandaloneCluster, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    top = tmp_path_factory.mktemp("prepared")
    (top / "list.txt").write_text("Rio de Janeiro\nvice-president of New York\n")
    asked: dict[str, Any] = {
        "places": (str(_corpus(top)),),
        "phrase_lists": (str(top / "list.txt"),),
        "titles": True,
        "phrases": PhraseParameters(phrases=1, phrase_scoring=Scoring.DEFAULT, phrase_min_count=5),
        "corpus": CorpusParameters(),
        "training": {"vector_size": 20, "epochs": 1, "workers": 1},
        "evaluate": False,
    }
    kept = top / "prepared corpus"
    engine = EngineParameters(Engine.SPARK, cluster.master, VectorsBy.LOCAL, prepared=f"file://{kept}")
    stages: list[str] = []

    def stop_at_phrases(event: Status | Note) -> None:
        if isinstance(event, Status) and event.stage == "phrases, pass 1":
            raise TrainingStopped("stop here")

    def watch(event: Status | Note) -> None:
        stages.append(event.stage if isinstance(event, Status) else event.text)

    out = top / "model"
    with pytest.raises(TrainingStopped):
        train(Job(**asked, engine=engine), out, watcher=stop_at_phrases, cluster=spark_engine.SparkEngine())
    model = train(None, out, resume=True, watcher=watch, cluster=spark_engine.SparkEngine())
    return Prepared(asked, kept, model, stages)


def _corpus(top: Path) -> Path:
    """The same articles and stranger things, in every form and packing that both engines read."""
    folder = top / "ä corpus [1]"
    (folder / "sub").mkdir(parents=True)
    lines = [f"The vice-president of New York met {name} in Rio de Janeiro, don't you know?" for name in "abcdefgh" * 9]
    text = ("\ufeff" + "\n".join(lines)).encode() + b"\nA one-off\rline. Bad \xff byte\n\n"
    (folder / "a.txt").write_bytes(text)
    (folder / "b.txt.gz").write_bytes(gzip.compress(text + b"Zebra zebra zebra. Last word without an end"))
    (folder / "c.txt.bz2").write_bytes(bz2.compress(b"one-off New York, Rio de Janeiro.\n" * 20))
    (folder / "d.txt.xz").write_bytes(lzma.compress(text))
    (folder / "sub" / "e.jsonl").write_text("\n".join(json.dumps({"text": line}) for line in lines[:30]))
    rows = pyarrow.table({"text": ["Two\nlines of New York.", None, "", *lines[:20]]})
    parquet.write_table(rows, folder / "f.parquet")
    *articles, _ = bz2.decompress(DUMP.read_bytes()).split(b"</page>", ARTICLES)
    (folder / "wiki.xml.bz2").write_bytes(bz2.compress(b"</page>".join([*articles, b"\n</mediawiki>\n"])))
    (folder / ".hidden").write_text("not read")
    return folder
