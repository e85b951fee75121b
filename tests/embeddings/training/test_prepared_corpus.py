"""A prepared corpus: what is in its folder, what is refused, what of it the local engine uses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from embeddings.errors import CorpusError
from embeddings.text.phrases import PhraseParameters
from embeddings.text.tokens import Case, TokenParameters
from embeddings.text.word_numbers import CorpusReport, FileReport
from embeddings.training.engine import sentences_of
from embeddings.training.parameters import EngineParameters, Job
from embeddings.training.preparation import TrainingInput, check, prepare
from embeddings.training.prepared_corpus import as_info, as_vocabulary, open_prepared, prepared_folder, write_rows
from embeddings.training.workspace import Workspace, unwatched
from tests.embeddings.text.spelled_text import corpus

REPORT = CorpusReport((FileReport("hdfs://there/text", 60, None),), 9, 4)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "prepared"
    (place / "sentences").mkdir(parents=True)
    for number, sentences in enumerate((["the cat", "sat the"], ["cat the"])):
        parquet.write_table(pyarrow.table({"text": sentences}), place / "sentences" / f"part-0000{number}-x.parquet")
    (place / "vocabulary.parquet").write_bytes(as_vocabulary(["the", "cat", "sat"], np.array([3, 2, 1])))
    about = {"sentences": 3, "words": 6, "vocabulary": 3, "stages": []}
    (place / "prepared.json").write_bytes(as_info(REPORT, about, min_count=1))
    return place


def test_what_was_written_is_read(folder: Path, tmp_path: Path) -> None:
    corpus = open_prepared(folder)
    assert (list(corpus.words), corpus.counts.tolist(), corpus.min_count) == (["the", "cat", "sat"], [3, 2, 1], 1)
    assert corpus.corpus == REPORT
    write_rows(folder, corpus.words, tmp_path / "rows")
    assert np.fromfile(tmp_path / "rows", np.int32).tolist() == [0, 1, -1, 2, 0, -1, 1, 0, -1]
    with pytest.raises(CorpusError, match="has words that vocabulary.parquet has not"):
        write_rows(folder, ["the", "cat"], tmp_path / "rows")


def test_the_local_engine_begins_where_the_cluster_ended(folder: Path, tmp_path: Path) -> None:
    job = Job((str(folder),))
    assert check(job) == []
    space = Workspace(tmp_path / "model")
    with space.opened(job, resume=False):
        found = prepare(job, [], (), space, unwatched)
    assert list(found.words) == ["the", "cat", "sat"]
    assert found.parameters.min_count == 1, "not the preset's 3: the vocabulary is decided"
    assert list(sentences_of(found.sentences, found.words)) == [["the", "cat"], ["sat", "the"], ["cat", "the"]]
    assert found.corpus == REPORT


def test_what_this_machine_prepares_is_kept_and_trained_from_again(tmp_path: Path) -> None:
    (tmp_path / "text").write_text(corpus("He read the New York Times while eating at McDonald's."), encoding="utf-8")
    kept = tmp_path / "kept"
    job = Job((str(tmp_path / "text"),), engine=EngineParameters(prepared=str(kept)), training={"min_count": 4})

    def found(job: Job, name: str) -> TrainingInput:
        space = Workspace(tmp_path / name)
        with space.opened(job, resume=False):
            return prepare(job, check(job), (), space, unwatched)

    first, again = found(job, "first"), found(Job((str(kept),)), "again")
    assert "new_york_times" in first.words
    assert first.sentences.read_bytes() == again.sentences.read_bytes()
    assert (first.words, first.counts.tolist(), first.display) == (again.words, again.counts.tolist(), again.display)
    assert (first.corpus, first.about, first.parameters) == (again.corpus, again.about, again.parameters)
    with pytest.raises(CorpusError, match="exists already"):
        check(job)
    with pytest.raises(CorpusError, match="needs --engine spark"):
        check(replace(job, engine=EngineParameters(prepared="s3a://bucket/kept")))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"phrases": PhraseParameters(phrases=1)}, "leave out the options of reading, words and phrases"),
        ({"tokens": TokenParameters(case=Case.KEEP)}, "leave out the options of reading, words and phrases"),
        ({"training": {"min_count": 9}}, "leave out --min-count"),
        ({"titles": True}, "leave out --titles"),
    ],
)
def test_what_is_decided_cannot_be_asked_for_again(folder: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        check(Job((str(folder),), **asked))


def test_it_is_trained_on_alone(folder: Path, tmp_path: Path) -> None:
    assert prepared_folder([str(folder)]) == folder
    assert prepared_folder([str(tmp_path), "s3a://bucket/text"]) is None
    with pytest.raises(CorpusError, match="which is trained on alone"):
        prepared_folder([str(folder), str(tmp_path)])


def test_what_is_damaged_or_newer_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "sentences" / "part-00001-x.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(CorpusError, match="part-00001-x.parquet is damaged"):
        write_rows(folder, ["the", "cat", "sat"], tmp_path / "rows")
    info = json.loads((folder / "prepared.json").read_text())
    (folder / "prepared.json").write_text(json.dumps({**info, "format": 2}))
    with pytest.raises(CorpusError, match="newer version"):
        open_prepared(folder)
    (folder / "prepared.json").write_text(json.dumps({"format": 1}))
    with pytest.raises(CorpusError, match="is damaged"):
        open_prepared(folder)
