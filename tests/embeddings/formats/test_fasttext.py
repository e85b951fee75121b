"""Vectors as bytes: fastText's models as gensim reads them, n-grams included."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from gensim.models import FastText
from gensim.models.fasttext import load_facebook_vectors, save_facebook_model

from embeddings.answers import ask
from embeddings.errors import ModelError
from embeddings.formats.conversion import ImportOptions, import_file
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
        import_file(path, tmp_path / "m", Card("m"), ImportOptions(format="fasttext-binary"))
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
    report = import_file(path, tmp_path / "m", Card("m"), ImportOptions(skip_faults=True))
    assert (report.words, report.skipped) == (9, 1)


def test_a_packed_model_is_the_same(trained: Path, model: Model, tmp_path: Path) -> None:
    path = tmp_path / "small.bin.gz"
    path.write_bytes(gzip.compress(trained.read_bytes()))
    assert import_file(path, tmp_path / "m", Card("m")).format == "fasttext-binary"
    packed = open_model(tmp_path / "m")
    assert list(packed.vocabulary) == list(model.vocabulary)
    np.testing.assert_array_equal(packed.vectors, model.vectors)
    np.testing.assert_array_equal(np.load(tmp_path / "m" / "subwords.npy"), np.load(model.folder / "subwords.npy"))
    path.write_bytes(gzip.compress(trained.read_bytes())[:-20])
    with pytest.raises(ModelError, match=r"small\.bin\.gz is cut off or damaged"):
        import_file(path, tmp_path / "n", Card("n"))


# Where fields of the header stand, and what they must not be.
FIELDS = {
    "dimension": (8, "<i", [-1, 0, 2**31 - 1], "numbers for each word|does not fit"),
    "buckets": (8 + 4 * 8, "<i", [-1, 2**31 - 1], "buckets for n-grams|does not fit its words"),
    "min_n": (8 + 4 * 9, "<i", [-1, 2**31 - 1], "its n-grams .min_n. are of"),
    "max_n": (8 + 4 * 10, "<i", [-5, 1000, 2**31 - 1], "its n-grams .max_n. are of"),
    "entries": (64, "<i", [-1, 0, 2**31 - 1], "it claims 10 words and"),
    "words": (68, "<i", [-1, 0, 11, 2**31 - 1], "it claims"),
    "labels": (72, "<i", [-1, 1], "it claims 10 words and"),
    "pruned": (84, "<q", [-2, 2**62], "pruned n-grams"),
}


@pytest.mark.parametrize("field", FIELDS)
def test_numbers_of_the_header_that_cannot_be_are_refused(field: str, trained: Path, tmp_path: Path) -> None:
    place, form, values, said = FIELDS[field]
    path = tmp_path / "crafted.bin"
    for value in values:
        content = bytearray(trained.read_bytes())
        struct.pack_into(form, content, place, value)
        path.write_bytes(content)
        with pytest.raises(ModelError, match=rf"crafted\.bin .*({said})"):
            import_file(path, tmp_path / "m", Card("m"))


def test_a_word_without_an_end_and_a_count_below_zero_are_refused(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "crafted.bin"
    content = trained.read_bytes()
    path.write_bytes(content.replace(b"quick\0", b"q" * 200_000 + b"\0"))
    with pytest.raises(ModelError, match="is longer than 16,384 bytes"):
        import_file(path, tmp_path / "m", Card("m"))
    path.write_bytes(content.replace(b"quick\0" + struct.pack("<q", 30), b"quick\0" + struct.pack("<q", -30)))
    with pytest.raises(ModelError, match="was counted -30 times"):
        import_file(path, tmp_path / "m", Card("m"))


def test_n_grams_that_are_not_finite_are_refused(trained: Path, model: Model, tmp_path: Path) -> None:
    rows = np.load(model.folder / "subwords.npy")
    content = trained.read_bytes()
    place = content.index(rows[7].astype("<f4").tobytes())
    (tmp_path / "nan.bin").write_bytes(content[:place] + struct.pack("<f", np.nan) + content[place + 4 :])
    with pytest.raises(ModelError, match=r"nan\.bin is damaged: the vector of its n-grams in bucket 7"):
        import_file(tmp_path / "nan.bin", tmp_path / "m", Card("m"))
