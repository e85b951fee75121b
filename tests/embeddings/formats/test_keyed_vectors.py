"""gensim's pickles: read as data and never unpickled, with the files beside them, n-grams included."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec

from embeddings.answers import ask
from embeddings.errors import ModelError
from embeddings.formats.conversion import ImportOptions, import_file
from embeddings.models.model import Card, Model, open_model

CARD = Card("imported")
SENTENCES = [["the", "quick", "brown", "fox"], ["jumps", "over", "the", "lazy", "dog"]] * 30


def imported(path: Path, tmp_path: Path, **options: object) -> Model:
    import_file(path, tmp_path / "imported", CARD, ImportOptions(overwrite=True, **options))  # type: ignore[arg-type]
    return open_model(tmp_path / "imported")


def lengths(model: Model) -> np.ndarray:
    return np.asarray(model.vectors * model.norms[:, None])


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("harm was done",))


def test_a_pickle_is_never_run_trusted_or_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "harm.kv"
    path.write_bytes(pickle.dumps(Harm()))
    for name in (None, "gensim"):
        with pytest.raises(ModelError, match="is a Python pickle, and opening one can run .* --trust-pickle"):
            imported(path, tmp_path, format=name)
    with pytest.raises(ModelError, match="harm.kv"):
        imported(path, tmp_path, trust_pickle=True)
    assert capsys.readouterr().out == ""


def test_whole_gensim_models_are_imported_by_their_vectors(tmp_path: Path) -> None:
    word2vec = Word2Vec(SENTENCES, vector_size=8, min_count=1, seed=1, workers=1)
    word2vec.save(str(tmp_path / "w2v.model"))
    model = imported(tmp_path / "w2v.model", tmp_path)
    assert list(model.vocabulary) == word2vec.wv.index_to_key
    np.testing.assert_allclose(lengths(model), word2vec.wv.vectors, atol=1e-7)
    assert model.counts[0] == 60


def test_gensims_fasttext_brings_its_n_grams(tmp_path: Path) -> None:
    trained = FastText(SENTENCES, vector_size=8, min_count=1, bucket=200, seed=1, workers=1).wv
    trained.save(str(tmp_path / "ft.kv"))
    model = imported(tmp_path / "ft.kv", tmp_path)
    assert ask(model, "foxy").terms[0].resolved == "subword"


def test_a_pickle_without_the_files_beside_it_says_so(tmp_path: Path) -> None:
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a"], np.ones((1, 2), np.float32))
    vectors.save(str(tmp_path / "x.kv"), separately=["vectors"])
    (tmp_path / "x.kv.vectors.npy").unlink()
    with pytest.raises(ModelError, match=r"x\.kv\.vectors\.npy"):
        imported(tmp_path / "x.kv", tmp_path, trust_pickle=True)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00\x10\x00{'descr': '<f4'}", b"\x80\x04."])
def test_files_beside_that_are_damaged_are_named(content: bytes, tmp_path: Path) -> None:
    vectors = KeyedVectors(2)
    vectors.add_vectors(["a"], np.ones((1, 2), np.float32))
    vectors.save(str(tmp_path / "x.kv"), separately=["vectors"])
    beside = tmp_path / "x.kv.vectors.npy"
    whole = beside.read_bytes()
    for damaged in (content, whole[:-1], whole.replace(b"(1, 2)", b"(9, 2)"), whole.replace(b"(1, 2)", b"(-1,2)")):
        beside.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"x\.kv"):
            imported(tmp_path / "x.kv", tmp_path)
