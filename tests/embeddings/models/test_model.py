"""Opening a model: mapped, checked, and refused by the name of the file that is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import (
    COUNTS_FILE,
    MANIFEST_FILE,
    NORMS_FILE,
    VECTORS_FILE,
    Card,
    open_model,
    read_manifest,
    verify_model,
)
from embeddings.models.vocabulary import WORDS_FILE
from embeddings.models.writer import save_model

WORDS = ["the", "king", "queen", "café"]
VECTORS = np.array([[3, 4], [0, 2], [-1, 0], [0, 0]], np.float32)
CARD = Card("tiny", method="by hand", parameters={"window": 5}, corpus="none", licence="CC0", metrics={"google": 0.5})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "tiny", WORDS, VECTORS, CARD, counts=[9, 5, 4, 1])
    return tmp_path / "tiny"


def test_what_was_saved_is_opened(folder: Path) -> None:
    model = open_model(folder)
    assert (model.name, len(model), model.dimension) == ("tiny", 4, 2)
    np.testing.assert_allclose(model.vectors, [[0.6, 0.8], [0, 1], [-1, 0], [0, 0]])
    assert model.norms.tolist() == [5, 2, 1, 0]
    assert model.counts.tolist() == [9, 5, 4, 1]
    assert list(model.vocabulary) == WORDS
    assert model.manifest.card == CARD
    assert model.index.search(np.array([[0, 1]], np.float32), 2)[1].tolist() == [[1, 0]]
    assert {model.vectors.dtype, model.norms.dtype, model.counts.dtype} == {
        np.dtype(np.float32),
        np.dtype(np.uint64),
    }


def test_a_model_of_an_earlier_version_has_its_words_in_the_trie_alone(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST_FILE).read_text())
    del manifest["files"][WORDS_FILE]
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest))
    (folder / WORDS_FILE).unlink()
    assert list(open_model(folder).vocabulary) == WORDS


def test_files_are_mapped_and_cannot_be_written_to(folder: Path) -> None:
    model = open_model(folder)
    with pytest.raises(ValueError, match="read-only"):
        model.vectors[0, 0] = 1


def test_the_manifest_says_what_the_design_says(folder: Path) -> None:
    content = json.loads((folder / MANIFEST_FILE).read_text())
    assert content["format_version"] == 1
    assert (content["name"], content["dimension"], content["count"]) == ("tiny", 2, 4)
    assert content["licence"] == "CC0"
    assert content["metrics"] == {"google": 0.5}
    assert content["index"]["kind"] == "exact"
    assert set(content["files"]) == {file.name for file in folder.iterdir()} - {MANIFEST_FILE}


@pytest.mark.parametrize(
    "name", [VECTORS_FILE, NORMS_FILE, COUNTS_FILE, "vocabulary.marisa", "folded.marisa", "vocabulary.npy"]
)
def test_a_short_missing_or_changed_file_is_refused_by_name(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    changed = bytearray(content)
    changed[-1] ^= 1
    path.write_bytes(changed)
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        verify_model(folder)
    path.write_bytes(content[:-1])
    with pytest.raises(ModelError, match=name):
        open_model(folder)
    path.unlink()
    with pytest.raises(ModelError, match=name):
        open_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "Update"),
        ({"format_version": "one"}, "damaged"),
        ({"count": 5}, "expected"),
        ({"dimension": 3}, "expected"),
        ({"files": {}}, "does not list"),
        ({"files": []}, "damaged"),
        ({"index": {}}, "damaged"),
        ({"count": 1e400}, "damaged"),
        ({"dimension": True}, "dimension is True"),
        ({"dimension": 0}, "has words and dimensions"),
        ({"name": "\ud800"}, "name is"),
        ({"joiner": None}, "joiner is None"),
        ({"files": {"../vectors.npy": {"bytes": 1, "sha256": ""}}}, "no model has a file '../vectors.npy'"),
        ({"files": {"vectors.npy": {"bytes": "1", "sha256": ""}}}, "bytes is '1'"),
        ({"subwords": {"min_n": 3, "max_n": 1 << 31, "buckets": 10}}, "n-grams of 3 to 2147483648"),
        ({"subwords": {"min_n": 3, "max_n": 6, "buckets": 0}}, "in 0 buckets"),
        ({"subwords": {"min_n": 3, "max_n": 6, "buckets": 10}}, "subwords"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, change: dict[str, object], message: str) -> None:
    path = folder / MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ModelError, match=message):
        open_model(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '"model"', "\udcff"])
def test_a_manifest_that_is_no_manifest_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST_FILE).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ModelError, match=MANIFEST_FILE):
        open_model(folder)


def test_verify_passes_what_is_whole_and_names_the_stage(folder: Path) -> None:
    stages: list[str] = []
    assert verify_model(folder, lambda stage, _done, _total: stages.append(stage)) == read_manifest(folder)
    assert VECTORS_FILE in stages
