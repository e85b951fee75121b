"""Both engines on the same text: the same counts, the same sentences, the same model."""

import bz2
import gzip
import json
import lzma
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from embeddings.models.model import open_model
from embeddings.spark.engine import SparkEngine
from embeddings.text.corpus import CorpusParameters
from embeddings.text.phrases import PhraseParameters, Scoring
from embeddings.training.engine import sentences_of
from embeddings.training.job import TrainingStopped, train
from embeddings.training.parameters import Engine, EngineParameters, Job, VectorsBy
from embeddings.training.preparation import SENTENCES, check, prepare
from embeddings.training.workspace import Note, Status, Workspace, unwatched

DUMP = Path(
    str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
)
TRAINING = {"vector_size": 20, "epochs": 1, "workers": 1}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """The same articles and stranger things, in every form and packing that both engines read."""
    folder = tmp_path / "ä corpus [1]"
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
    (folder / "wiki.xml.bz2").write_bytes(DUMP.read_bytes())
    (folder / ".hidden").write_text("not read")
    return folder


def test_both_engines_give_the_same_counts_sentences_and_model(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    kept = tmp_path / "prepared corpus"
    (tmp_path / "list.txt").write_text("Rio de Janeiro\nvice-president of New York\n")
    asked: dict[str, Any] = {
        "places": (str(corpus),),
        "phrase_lists": (str(tmp_path / "list.txt"),),
        "titles": True,
        "phrases": PhraseParameters(phrases=1, phrase_scoring=Scoring.DEFAULT, phrase_min_count=5),
        "corpus": CorpusParameters(),
        "training": TRAINING,
        "evaluate": False,
    }
    engine = EngineParameters(Engine.SPARK, "local[2]", VectorsBy.LOCAL, prepared=f"file://{kept}")
    stages: list[str] = []

    def stop_at_phrases(event: Status | Note) -> None:
        if isinstance(event, Status) and event.stage == "phrases, pass 1":
            raise TrainingStopped("stop here")

    def watch(event: Status | Note) -> None:
        stages.append(event.stage if isinstance(event, Status) else event.text)

    with pytest.raises(TrainingStopped):
        train(Job(**asked, engine=engine), tmp_path / "spark", watcher=stop_at_phrases, cluster=SparkEngine())
    model = train(None, tmp_path / "spark", resume=True, watcher=watch, cluster=SparkEngine())
    assert "cleaning" not in stages, "it went on where it was stopped"
    assert {"phrases, pass 1", "sentences", "epoch 1 of 1"} <= set(stages)

    job = Job(**asked)
    space = Workspace(tmp_path / "local")
    with space.opened(job, resume=False):
        local = prepare(job, check(job), (), space, unwatched)
        table = parquet.read_table(kept / "vocabulary.parquet")
        assert dict(zip(*(column.to_pylist() for column in table.columns), strict=True)) == dict(
            zip(local.words, local.counts.tolist(), strict=True)
        )
        assert table["word"].to_pylist() == list(local.words), "words met equally often stand in the order of the text"
        parts = sorted((kept / "sentences").glob("*.parquet"))
        sentences = [sentence for part in parts for sentence in parquet.read_table(part)["text"].to_pylist()]
        assert sentences == [" ".join(words) for words in sentences_of(local.sentences, local.words)]
    assert any(word.startswith("vice-president_of_new_york") for word in local.words)
    names = sorted(path.name for path in kept.iterdir() if not path.name.startswith("."))
    assert names == ["prepared.json", "sentences", "vocabulary.parquet"]
    info = json.loads((kept / "prepared.json").read_text())["corpus"]
    for name in ("words", "different_words", "articles", "undecodable"):
        assert info[name] == getattr(local.corpus, name)

    # The local engine goes on to the same model: from its own sentences, and from those that the cluster prepared.
    own = train(job, tmp_path / "local", resume=True)
    assert space.has(SENTENCES) is False
    again = train(Job((str(kept),), training=TRAINING, evaluate=False), tmp_path / "again")
    for other in (own, again):
        assert list(other.vocabulary) == list(model.vocabulary)
        assert np.array_equal(other.vectors, model.vectors)
    training = open_model(tmp_path / "spark").manifest.card.training
    assert training is not None
    assert training["engine"]["vectors"] == "local"
    assert "pyspark" in training["versions"]
