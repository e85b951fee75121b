"""Stages are there as a whole or not at all, and one process trains a model at a time."""

from pathlib import Path

import pytest

from embeddings.errors import CorpusError, ModelError
from embeddings.files import MARKER, lock_place
from embeddings.training.parameters import Job, Keep
from embeddings.training.workspace import JOB_FILE, Workspace

JOB = Job(("a.txt",))


def test_a_stage_that_fails_leaves_nothing(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "model")

    def half() -> None:
        with space.stage("one") as folder:
            (folder / "x").write_text("half")
            raise ValueError

    with space.opened(JOB, resume=False):
        with pytest.raises(ValueError):
            half()
        assert not space.has("one")
        with space.stage("one") as folder:
            assert [path.name for path in folder.iterdir()] == [MARKER]
            (folder / "x").write_text("whole")
        assert (space.folder / "one" / "x").read_text() == "whole"
        with space.stage("one") as folder:
            (folder / "y").write_text("other")
        assert sorted(path.name for path in (space.folder / "one").iterdir()) == [MARKER, "y"]
        space.remove("one")
        assert not space.has("one")
    space.clear()
    assert not space.folder.exists()


def test_what_is_there_is_not_begun_again(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "model")
    with pytest.raises(CorpusError, match="no training of .*model to resume"), space.opened(None, resume=True):
        pass
    with pytest.raises(CorpusError, match="nothing to train on"), space.opened(None, resume=False):
        pass
    with space.opened(JOB, resume=False) as job:
        assert job == JOB
    assert not space.goes_on
    with space.opened(JOB, resume=False) as job:
        assert (job, space.goes_on) == (JOB, True), "the same command again goes on"
    other = Job(("b.txt",))
    with pytest.raises(CorpusError, match="was stopped before its end.*--resume"), space.opened(other, resume=False):
        pass
    with space.opened(None, resume=True) as job:
        assert job == JOB
    with space.opened(JOB, resume=True) as job:
        assert job == JOB
    other = Job(("a.txt",), keep=Keep.BEST)
    with pytest.raises(CorpusError, match="keep was last and is best"), space.opened(other, resume=True):
        pass
    (space.folder / JOB_FILE).write_text("{")
    with pytest.raises(ModelError, match=r"job\.json is damaged"), space.opened(None, resume=True):
        pass


def test_a_model_that_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelError, match="exists already"), Workspace(tmp_path / "model").opened(JOB, resume=False):
        pass


def test_two_cannot_train_the_same_model(tmp_path: Path) -> None:
    first, second = Workspace(tmp_path / "model"), Workspace(tmp_path / "model")
    with (
        first.opened(JOB, resume=False),
        pytest.raises(ModelError, match="Another process is writing"),
        second.opened(None, resume=True),
    ):
        pass


def test_a_user_s_folder_of_that_name_is_never_touched(tmp_path: Path) -> None:
    theirs = tmp_path / "model.training"
    theirs.mkdir()
    (theirs / "a.txt").write_text("precious")
    (theirs / JOB_FILE).write_text("{}")
    with Workspace(tmp_path / "model").opened(JOB, resume=False):
        pass
    space = Workspace(tmp_path / "model")
    assert (space.folder.name, space.begun) == ("model.training-2", True)
    with space.opened(None, resume=True) as job:
        assert job == JOB
        with space.stage("one"):
            pass
    space.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["model.training"]
    assert (theirs / "a.txt").read_text() == "precious"


def test_what_a_user_puts_into_the_folder_stays(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "model")
    with space.opened(JOB, resume=False):
        with space.stage("one"):
            pass
        (space.own_folder("prepared") / "x").write_text("x")
        (space.folder / "notes").mkdir()
        (space.folder / "notes" / "a.txt").write_text("precious")
    space.clear()
    assert [path.name for path in space.folder.iterdir()] == ["notes"]
    assert not space.begun
    with space.opened(JOB, resume=False):
        assert space.folder.name == "model.training-2", "it is the user's now"


def test_the_place_of_the_model_is_held_meanwhile(tmp_path: Path) -> None:
    with (
        Workspace(tmp_path / "model").opened(JOB, resume=False),
        pytest.raises(ModelError, match="Another process is writing"),
    ):
        lock_place(tmp_path / "model")


def test_damaged_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "stage" / "report.json"
    path.parent.mkdir()
    with pytest.raises(ModelError, match=r"report\.json is missing or damaged"):
        Workspace.read_json(path)
    Workspace.write_json(path, {"ä": 1})
    assert Workspace.read_json(path) == {"ä": 1}
