"""A home folder that version 0.1 wrote, before the code lay in rooms, goes on working: version_0_1 is such a one."""

import shutil
from pathlib import Path

import pytest

from embeddings import ask, load_model
from embeddings.catalogue import list_models
from embeddings.errors import CorpusError
from embeddings.formats import export_model, import_file
from embeddings.models.model import Card, verify_model
from embeddings.models.writer import rebuild_index
from embeddings.search import IndexParameters
from embeddings.training.meta_embedding import MergeParameters, merged_vectors
from embeddings.training.parameters import Job
from embeddings.training.workspace import Workspace

NEAREST_TO_KING = ["paris", "river", "york"]
"""As version 0.1 answered."""


@pytest.fixture
def old_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    shutil.copytree(Path(__file__).parent / "version_0_1", home)
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(home))
    return home


@pytest.mark.usefixtures("old_home")
def test_models_are_there_and_a_training_is_none() -> None:
    [listing] = list_models()
    assert (listing.name, listing.problem) == ("tiny", None)
    assert listing.manifest is not None
    assert (listing.manifest.count, listing.manifest.dimension) == (26, 4)


def test_a_model_is_whole_and_answers_as_before(old_home: Path) -> None:
    verify_model(old_home / "models" / "tiny")
    model = load_model("tiny")
    assert [result.word for result in ask(model, "King").results[:3]] == NEAREST_TO_KING
    assert "king" not in [result.word for result in ask(model, "king - man + woman").results]
    assert model.manifest.card.training is not None
    assert model.manifest.card.training["versions"]["thisplusthat"] == "0.1.0"


def test_an_old_model_is_indexed_anew(old_home: Path) -> None:
    before = [(result.word, result.score) for result in ask(load_model("tiny"), "king").results]
    rebuild_index(old_home / "models" / "tiny", IndexParameters(kind="exact"))
    assert [(result.word, result.score) for result in ask(load_model("tiny"), "king").results] == before
    verify_model(old_home / "models" / "tiny")


def test_an_old_model_is_written_in_other_formats_and_read_again(old_home: Path) -> None:
    export_model(load_model("tiny"), old_home / "tiny.bin")
    import_file(old_home / "tiny.bin", old_home / "models" / "again", Card("again"))
    old, again = load_model("tiny"), load_model("again")
    assert list(again.vocabulary) == list(old.vocabulary)
    assert again.vectors == pytest.approx(old.vectors, abs=1e-6)


def test_old_models_are_merged(old_home: Path) -> None:
    tiny = load_model("tiny")
    vectors = merged_vectors([tiny, tiny], list(tiny.vocabulary), MergeParameters(dimension=4))
    assert vectors @ vectors.T == pytest.approx(tiny.vectors @ tiny.vectors.T, abs=1e-4)


def test_an_old_training_is_refused_with_what_to_do_and_stays(old_home: Path) -> None:
    folder = old_home / "models" / "half.training"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    space = Workspace(old_home / "models" / "half")
    said = r"half\.training was begun by version 0\.1.*without --resume"
    with pytest.raises(CorpusError, match=said), space.opened(None, resume=True):
        pass
    with space.opened(Job(("a.txt",)), resume=False):
        assert space.folder.name == "half.training-2"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
