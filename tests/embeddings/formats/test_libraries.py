"""Vectors of other libraries: gensim's pickles only when trusted, model2vec's folders both ways, Parquet."""

import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from model2vec import StaticModel
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from embeddings.answers.answer import ask
from embeddings.errors import ModelError
from embeddings.formats.conversion import export_model, import_file
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

CARD = Card("imported")
SENTENCES = [["the", "quick", "brown", "fox"], ["jumps", "over", "the", "lazy", "dog"]] * 30


def imported(path: Path, tmp_path: Path, **options: object) -> Model:
    import_file(path, tmp_path / "imported", CARD, overwrite=True, **options)  # type: ignore[arg-type]
    return open_model(tmp_path / "imported")


def lengths(model: Model) -> np.ndarray:
    return np.asarray(model.vectors * model.norms[:, None])


# ---- gensim


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("harm was done",))


def test_a_pickle_is_never_opened_unless_trusted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "harm.kv"
    path.write_bytes(pickle.dumps(Harm()))
    for name in (None, "gensim"):
        with pytest.raises(ModelError, match="is a Python pickle, and opening one can run .* --trust-pickle"):
            imported(path, tmp_path, format=name)
    assert capsys.readouterr().out == ""
    with pytest.raises(ModelError, match="harm.kv"):
        imported(path, tmp_path, trust_pickle=True)


def test_whole_gensim_models_are_imported_by_their_vectors(tmp_path: Path) -> None:
    word2vec = Word2Vec(SENTENCES, vector_size=8, min_count=1, seed=1, workers=1)
    word2vec.save(str(tmp_path / "w2v.model"))
    model = imported(tmp_path / "w2v.model", tmp_path, trust_pickle=True)
    assert list(model.vocabulary) == word2vec.wv.index_to_key
    np.testing.assert_allclose(lengths(model), word2vec.wv.vectors, atol=1e-7)
    assert model.counts[0] == 60


def test_gensims_fasttext_brings_its_n_grams(tmp_path: Path) -> None:
    trained = FastText(SENTENCES, vector_size=8, min_count=1, bucket=200, seed=1, workers=1).wv
    trained.save(str(tmp_path / "ft.kv"))
    model = imported(tmp_path / "ft.kv", tmp_path, trust_pickle=True)
    assert ask(model, "foxy").terms[0].resolved == "subword"


def test_a_pickle_without_the_files_beside_it_says_so(tmp_path: Path) -> None:
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a"], np.ones((1, 2), np.float32))
    vectors.save(str(tmp_path / "x.kv"), separately=["vectors"])
    (tmp_path / "x.kv.vectors.npy").unlink()
    with pytest.raises(ModelError, match=r"x\.kv\.vectors\.npy"):
        imported(tmp_path / "x.kv", tmp_path, trust_pickle=True)


# ---- safetensors and model2vec


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


# ---- Parquet


def test_parquet_may_have_lists_or_a_column_a_dimension(tmp_path: Path) -> None:
    lists = pyarrow.table({"id": [1, 2], "token": ["a", "b"], "embedding": [[1.0, 2.0], [3.0, 4.0]]})
    columns = pyarrow.table({"x": [1.0, 3.0], "y": [2.0, 4.0], "word": ["a", "b"], "count": [9, 8]})
    for table in (lists, columns):
        pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
        model = imported(tmp_path / "x.parquet", tmp_path)
        assert list(model.vocabulary) == ["a", "b"]
        np.testing.assert_allclose(lengths(model), [[1, 2], [3, 4]], rtol=1e-6)
    assert model.counts.tolist() == [9, 8]


def test_rows_of_parquet_that_are_not_right(tmp_path: Path) -> None:
    table = pyarrow.table({"w": ["a", None, "c", "d"], "v": [[1.0, 2.0], [1.0, 2.0], [1.0], None]})
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(ModelError, match="row 2: there is no word"):
        imported(tmp_path / "x.parquet", tmp_path)
    report = import_file(tmp_path / "x.parquet", tmp_path / "m", CARD, skip_faults=True)
    assert (report.words, report.skipped) == (1, 3)
    assert "row 3: 'c' has 1 numbers, not 2" in report.faults[1]


def test_parquet_without_vectors_lists_what_it_has(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"w": ["a"], "n": [1]}), tmp_path / "x.parquet")
    with pytest.raises(ModelError, match=r"needs a column of words .* it has w \(string\), n \(int64\)"):
        imported(tmp_path / "x.parquet", tmp_path)


def test_a_word_that_a_tokenizer_needs_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["[PAD]", "a"], np.eye(2), Card("m"))
    with pytest.raises(ModelError, match=r"'\[PAD\]' has a meaning of its own"):
        export_model(open_model(tmp_path / "m"), tmp_path / "x.model2vec")
    assert not (tmp_path / "x.model2vec").exists()
