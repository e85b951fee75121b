"""Both engines on the same text: the same counts, the same sentences, the same model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from pyarrow import parquet

from embeddings.training.engine import sentences_of
from embeddings.training.job import train
from embeddings.training.parameters import Job
from embeddings.training.preparation import SENTENCES, check, prepare
from embeddings.training.workspace import Workspace, unwatched


def test_both_engines_give_the_same_counts_sentences_and_model(prepared: Any, tmp_path: Path) -> None:
    assert "cleaning" not in prepared.stages, "it went on where it was stopped"
    assert {"phrases, pass 1", "sentences", "epoch 1 of 1"} <= set(prepared.stages)

    job = Job(**prepared.asked)
    kept, model = prepared.folder, prepared.model
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
    again = train(Job((str(kept),), training=job.training, evaluate=False), tmp_path / "again")
    for other in (own, again):
        assert list(other.vocabulary) == list(model.vocabulary)
        assert np.array_equal(other.vectors, model.vectors)
    training = model.manifest.card.training
    assert training is not None
    assert training["engine"]["vectors"] == "local"
    assert "pyspark" in training["versions"]
