"""Vectors in safetensors: their kinds of numbers, their words beside them, model2vec's folders both ways."""

import json
from pathlib import Path

import numpy as np
import pytest
from model2vec import StaticModel
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from embeddings.errors import ModelError
from embeddings.formats.conversion import ImportOptions, export_model, import_file
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

CARD = Card("imported")


def imported(path: Path, tmp_path: Path, **options: object) -> Model:
    import_file(path, tmp_path / "imported", CARD, ImportOptions(overwrite=True, **options))  # type: ignore[arg-type]
    return open_model(tmp_path / "imported")


def lengths(model: Model) -> np.ndarray:
    return np.asarray(model.vectors * model.norms[:, None])


def test_words_of_a_tensor_may_stand_in_a_file_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"embedding.weight": np.array([[1, 2], [3, 4]], np.float16), "other": np.ones(3)}, path)
    with pytest.raises(ModelError, match="has no words: .* x.txt or vocab.txt beside it"):
        imported(path, tmp_path)
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    assert lengths(imported(path, tmp_path)).tolist() == pytest.approx(np.array([[1, 2], [3, 4]]))
    (tmp_path / "vocab.txt").write_text("a\nb\nc\n")
    with pytest.raises(ModelError, match="has 2 rows, and there are 3 words"):
        imported(path, tmp_path)


def test_model2vec_opens_what_we_export(tiny_model: Model, tmp_path: Path) -> None:
    export_model(tiny_model, tmp_path / "tiny.model2vec")
    theirs = StaticModel.from_pretrained(str(tmp_path / "tiny.model2vec"))
    for word in ("king", "café", "Queen"):
        row = tiny_model.vocabulary.row(word)
        np.testing.assert_allclose(theirs.encode(word), lengths(tiny_model)[row], rtol=1e-5)


def test_we_open_what_model2vec_saves(tmp_path: Path) -> None:
    vocabulary = {"[PAD]": 0, "[UNK]": 1, "king": 2, "queen": 3}
    content = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"}}
    content["model"] = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    content |= dict.fromkeys(["truncation", "padding", "normalizer", "post_processor", "decoder"])
    rows = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    saved = StaticModel(rows, Tokenizer.from_str(json.dumps(content)), {"normalize": False})
    saved.save_pretrained(str(tmp_path / "m2v"))
    model = imported(tmp_path / "m2v", tmp_path)
    assert list(model.vocabulary) == list(vocabulary)
    np.testing.assert_allclose(lengths(model), rows, rtol=1e-6, atol=1e-6)


def test_model2vecs_shared_rows_and_weights_are_applied(tmp_path: Path) -> None:
    folder = tmp_path / "m2v"
    folder.mkdir()
    tensors = {
        "embeddings": np.array([[1, 0], [0, 1]], np.float32),
        "mapping": np.array([0, 1, 1]),
        "weights": np.array([1, 2, 3], np.float32),
    }
    save_file(tensors, folder / "model.safetensors")
    (folder / "tokenizer.json").write_text('{"model": {"vocab": [["a", -1.0], ["b", -2.0], ["c", -3.0]]}}')
    assert lengths(imported(folder, tmp_path)).tolist() == [[1, 0], [0, 2], [0, 3]]
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"a": 0, "b": 1, "c": 3}}}')
    with pytest.raises(ModelError, match="ids of its tokens are not 0 to 2"):
        imported(folder, tmp_path)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="tokenizer.json is damaged"):
        imported(folder, tmp_path)


def test_a_word_that_a_tokenizer_needs_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["[PAD]", "a"], np.eye(2), Card("m"))
    with pytest.raises(ModelError, match=r"'\[PAD\]' has a meaning of its own"):
        export_model(open_model(tmp_path / "m"), tmp_path / "x.model2vec")
    assert not (tmp_path / "x.model2vec").exists()


@pytest.mark.parametrize("kind", ["BF16", "F16", "F64", "I8"])
def test_kinds_of_numbers_are_imported(kind: str, tmp_path: Path) -> None:
    rows = np.array([[1, -2], [0.5 if kind[0] != "I" else 5, 4]], np.float32)
    packed = {
        "BF16": (rows.view(np.uint32) >> 16).astype("<u2"),
        "F16": rows.astype("<f2"),
        "F64": rows.astype("<f8"),
        "I8": rows.astype("<i1"),
    }[kind].tobytes()
    header = {
        "embedding.weight": {"dtype": kind, "shape": [2, 2], "data_offsets": [0, len(packed)]},
        "__metadata__": {"format": "pt"},
    }
    text = json.dumps(header).encode()
    (tmp_path / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + packed)
    (tmp_path / "tokens.txt").write_text("a\nb\n")
    model = imported(tmp_path / "x.safetensors", tmp_path)
    assert list(model.vocabulary) == ["a", "b"]
    np.testing.assert_allclose(lengths(model), rows, rtol=1e-6)


@pytest.mark.parametrize("beside", ["vocab.json", "tokenizer.json"])
def test_ids_with_gaps_choose_their_rows(beside: str, tmp_path: Path) -> None:
    rows = np.arange(1, 11, dtype=np.float32).reshape(5, 2)
    save_file({"embeddings": rows}, tmp_path / "x.safetensors")
    ids = {"c": 4, "a": 0, "b": 2}
    content = ids if beside == "vocab.json" else {"model": {"vocab": ids}, "added_tokens": []}
    (tmp_path / beside).write_text(json.dumps(content))
    model = imported(tmp_path / "x.safetensors", tmp_path)
    assert list(model.vocabulary) == ["a", "b", "c"]
    np.testing.assert_allclose(lengths(model), rows[[0, 2, 4]], rtol=1e-6)


def test_model2vecs_added_tokens_and_gaps(tmp_path: Path) -> None:
    rows = np.arange(1, 9, dtype=np.float32).reshape(4, 2)
    save_file({"embeddings": rows}, tmp_path / "model.safetensors")
    added = [{"id": 0, "content": "[PAD]"}, {"id": 3, "content": "<new>"}, {"id": 9, "content": "<beyond>"}]
    content = {"model": {"vocab": {"[PAD]": 0, "a": 1}}, "added_tokens": added}
    (tmp_path / "tokenizer.json").write_text(json.dumps(content))
    model = imported(tmp_path, tmp_path)
    assert list(model.vocabulary) == ["[PAD]", "a", "<new>"]
    np.testing.assert_allclose(lengths(model), rows[[0, 1, 3]], rtol=1e-6)


MISFITS = {
    "a mapping out of range": ({"mapping": np.array([0, 9])}, "its mapping points beyond its 2 rows"),
    "a negative mapping": ({"mapping": np.array([0, -1])}, "its mapping points beyond its 2 rows"),
    "a mapping of two axes": ({"mapping": np.array([[0, 1]])}, "'mapping' has 2 axes"),
    "a mapping of floats": ({"mapping": np.array([0.0, 1.0])}, "'mapping' is of F64"),
    "short weights": ({"weights": np.array([1.0])}, "it has 1 weights for 2 rows"),
    "no dimension": ({"embeddings": np.zeros((2, 0), np.float32)}, "claims 0 numbers for each word"),
    "no rows": ({"embeddings": np.zeros((0, 2), np.float32)}, "has 0 rows, and there are 2 words"),
}


@pytest.mark.parametrize("what", MISFITS)
def test_tensors_that_do_not_fit_are_refused_by_name(what: str, tmp_path: Path) -> None:
    tensors, said = MISFITS[what]
    save_file({"embeddings": np.eye(2, dtype=np.float32), **tensors}, tmp_path / "x.safetensors")
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    with pytest.raises(ModelError, match=rf"x\.safetensors.*{said}"):
        imported(tmp_path / "x.safetensors", tmp_path)
