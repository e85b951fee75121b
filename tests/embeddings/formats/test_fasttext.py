"""Vectors as bytes: fastText's models as gensim reads them, n-grams included."""

import struct
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

from embeddings.answers.answer import ask
from embeddings.errors import ModelError
from embeddings.formats.conversion import import_file
from embeddings.models.model import Card, Model, open_model, verify_model

SENTENCES = [["the", "quick", "brown", "fox"], ["jumps", "over", "the", "lazy", "dog", "naïve", "東京"]] * 30


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = FastText(SENTENCES, vector_size=10, min_count=1, min_n=2, max_n=4, bucket=300, epochs=2, seed=1, workers=1)
    path = tmp_path_factory.mktemp("fasttext") / "small.bin"
    save_facebook_model(model, str(path))
    return path


@pytest.fixture(scope="module")
def model(trained: Path) -> Model:
    import_file(trained, trained.parent / "imported", Card("small"))
    return open_model(trained.parent / "imported")


def test_words_vectors_and_counts_are_those_that_gensim_reads(trained: Path, model: Model) -> None:
    theirs = load_facebook_vectors(str(trained))
    assert list(model.vocabulary) == theirs.index_to_key
    np.testing.assert_allclose(model.vectors * model.norms[:, None], theirs.vectors, atol=1e-6)
    assert model.counts.tolist() == [theirs.get_vecattr(word, "count") for word in theirs.index_to_key]
    assert model.manifest.card.method == "fasttext cbow"
    assert model.manifest.card.subwords == {"min_n": 2, "max_n": 4, "buckets": 300}
    verify_model(model.folder)


def test_an_unknown_word_gets_the_vector_of_its_n_grams(trained: Path, model: Model) -> None:
    theirs = load_facebook_vectors(str(trained))
    answer = ask(model, "foxes")
    assert answer.terms[0].resolved == "subword"
    expected = theirs.get_vector("foxes")
    best = model.vectors @ (expected / np.linalg.norm(expected))
    assert answer.results[0].word == model.vocabulary.word(int(best.argmax()))
    assert answer.results[0].score == pytest.approx(float(best.max()), abs=1e-5)


@pytest.mark.parametrize("share", [0.001, 0.02, 0.05, 0.5, 0.9])
def test_a_model_that_was_cut_off_is_refused(trained: Path, tmp_path: Path, share: float) -> None:
    content = trained.read_bytes()
    path = tmp_path / "cut.bin"
    path.write_bytes(content[: max(8, int(len(content) * share))])
    with pytest.raises(ModelError, match=r"cut.bin"):
        import_file(path, tmp_path / "m", Card("m"), format="fasttext-binary")
    assert not (tmp_path / "m").exists()


def test_other_kinds_of_fasttext_files_are_told_apart(trained: Path, tmp_path: Path) -> None:
    content = bytearray(trained.read_bytes())
    path = tmp_path / "other.bin"
    path.write_bytes(content[:4] + struct.pack("<i", 11) + content[8:])
    with pytest.raises(ModelError, match="not a fastText model of version 12"):
        import_file(path, tmp_path / "m", Card("m"))
    quantised = content.index(struct.pack("<?2q", False, 300 + 10, 10))
    content[quantised] = 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="quantised"):
        import_file(path, tmp_path / "m", Card("m"))


def test_a_fasttext_word_that_is_not_utf_8(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.bin"
    path.write_bytes(trained.read_bytes().replace(b"quick\0", b"qu\xffck\0"))
    with pytest.raises(ModelError, match="is not UTF-8"):
        import_file(path, tmp_path / "m", Card("m"))
    report = import_file(path, tmp_path / "m", Card("m"), skip_faults=True)
    assert (report.words, report.skipped) == (9, 1)
