"""Files of vectors: in and out again unchanged, as gensim reads and writes them, and what happens to bad ones."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.formats.conversion import (
    FORMATS,
    ImportOptions,
    ImportReport,
    detect_format,
    export_model,
    format_of_suffix,
    import_file,
)
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

CARD = Card("imported")
ROUND_TRIPS = [name for name, entry in FORMATS.items() if entry.read and entry.write]
WORDS = ["the", "of", "Zürich", "naïve", "東京", "don't", "1,000", "🙂", "a_b", '"', "\\", "zero"]


@pytest.fixture
def model(tmp_path: Path) -> Model:
    vectors = np.random.default_rng(0).normal(size=(len(WORDS), 7)).astype(np.float32) * 3
    vectors[-1] = 0
    counts = list(range(len(WORDS), 0, -1))
    save_model(tmp_path / "model", WORDS, vectors, Card("model"), counts=counts)
    return open_model(tmp_path / "model")


def lengths(model: Model) -> np.ndarray:
    return np.asarray(model.vectors * model.norms[:, None])


def imported(path: Path, tmp_path: Path, **options: object) -> tuple[Model, ImportReport]:
    report = import_file(path, tmp_path / "imported", CARD, ImportOptions(overwrite=True, **options))  # type: ignore[arg-type]
    return open_model(tmp_path / "imported"), report


def refused(path: Path, tmp_path: Path, **options: object) -> str:
    """The message of the error, after a look that nothing was left behind."""
    with pytest.raises(ModelError) as raised:
        import_file(path, tmp_path / "models" / "bad", CARD, ImportOptions(**options))  # type: ignore[arg-type]
    left = {entry.name for entry in (tmp_path / "models").iterdir()} if (tmp_path / "models").exists() else set()
    assert left <= {".bad.lock"}
    assert str(path) in str(raised.value)
    return str(raised.value)


# ---- Every format


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_what_was_exported_is_recognised_and_comes_back(name: str, model: Model, tmp_path: Path) -> None:
    path = tmp_path / f"file{FORMATS[name].suffixes[0]}"
    assert export_model(model, path).name == name
    assert not path.with_name(f".{path.name}.partial").exists()
    back, report = imported(path, tmp_path, trust_pickle=True)
    special = ["[PAD]", "[UNK]"] if name == "model2vec" else []
    assert list(back.vocabulary) == special + WORDS
    np.testing.assert_allclose(lengths(back)[len(special) :], lengths(model), rtol=3e-7, atol=1e-7)
    assert report.format in (name, "word2vec")
    assert (report.words, report.dimension, report.zero_rows) == (len(back), 7, 1 + len(special))
    assert (report.duplicates, report.skipped, report.faults) == (0, 0, ())
    if name in ("gensim", "parquet"):
        assert back.counts.tolist() == model.counts.tolist()


@pytest.mark.parametrize("name", ["word2vec", "word2vec-binary", "glove", "fasttext"])
def test_packed_files_are_the_same(name: str, model: Model, tmp_path: Path) -> None:
    path = tmp_path / f"file{FORMATS[name].suffixes[0]}.gz"
    export_model(model, path, format=name)
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    back, _ = imported(path, tmp_path)
    assert list(back.vocabulary) == WORDS


@pytest.mark.parametrize(("name", "binary"), [("word2vec", False), ("word2vec-binary", True), ("fasttext", False)])
def test_gensim_reads_what_we_write_and_we_read_what_it_writes(
    name: str, binary: bool, model: Model, tmp_path: Path
) -> None:
    export_model(model, tmp_path / "ours", format=name)
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "ours"), binary=binary)
    assert theirs.index_to_key == WORDS
    np.testing.assert_allclose(theirs.vectors, lengths(model), rtol=3e-7, atol=1e-7)
    theirs.save_word2vec_format(str(tmp_path / "theirs"), binary=binary)
    back, _ = imported(tmp_path / "theirs", tmp_path)
    assert list(back.vocabulary) == WORDS
    np.testing.assert_allclose(lengths(back), theirs.vectors, rtol=3e-7, atol=1e-7)


def test_part_of_a_model_can_be_exported(model: Model, tmp_path: Path) -> None:
    export_model(model, tmp_path / "few.vec", restrict=3)
    assert (tmp_path / "few.vec").read_text().splitlines()[0] == "3 7"
    assert list(imported(tmp_path / "few.vec", tmp_path)[0].vocabulary) == WORDS[:3]


def test_an_export_never_overwrites_unasked_and_leaves_nothing_half_written(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "file.vec"
    path.write_text("precious")
    with pytest.raises(ModelError, match="exists already"):
        export_model(model, path)
    assert path.read_text() == "precious"
    export_model(model, path, overwrite=True)
    assert path.read_text().startswith("12 7")
    save_model(tmp_path / "spaced", ["a b"], np.ones((1, 2)), Card("spaced"))
    with pytest.raises(ModelError, match="'a b' holds white space, which this format cannot. Choose among glove"):
        export_model(open_model(tmp_path / "spaced"), path, overwrite=True)
    assert path.read_text().startswith("12 7")
    with pytest.raises(ModelError, match="cannot be written. There is no folder"):
        export_model(model, tmp_path / "nowhere" / "file.vec")
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")) == []


def test_an_export_leaves_a_user_s_files_and_folders_alone(model: Model, tmp_path: Path) -> None:
    (tmp_path / "file.metadata.tsv").write_text("precious")
    with pytest.raises(ModelError, match=r"file.metadata\.tsv exists already"):
        export_model(model, tmp_path / "file.tsv")
    assert not (tmp_path / "file.tsv").exists()
    theirs = tmp_path / "home.model2vec"
    theirs.mkdir()
    (theirs / "letter.txt").write_text("precious")
    with pytest.raises(ModelError, match="not model2vec's, so it is not overwritten"):
        export_model(model, theirs, overwrite=True)
    (theirs / "letter.txt").rename(tmp_path / "letter.txt")
    for _ in range(2):
        export_model(model, theirs, overwrite=True)
        (theirs / "letter.txt").write_text("precious")
    assert sorted(entry.name for entry in theirs.iterdir()) == [
        "config.json",
        "letter.txt",
        "model.safetensors",
        "tokenizer.json",
    ]


def test_the_suffix_chooses_the_format_of_an_export(tmp_path: Path) -> None:
    assert format_of_suffix(Path("a.vec.gz")).name == "fasttext"
    assert format_of_suffix(Path("a.glove.txt")).name == "glove"
    assert format_of_suffix(Path("a.b.txt")).name == "word2vec"
    with pytest.raises(ModelError, match=r"'a.xyz' does not say in which format. End it in one of: .txt"):
        format_of_suffix(Path("a.xyz"))


def test_formats_that_go_one_way_say_so(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can be imported, but not exported"):
        export_model(model, tmp_path / "x", format="fasttext-binary")
    (tmp_path / "x.tsv").write_text("1\t2\n")
    with pytest.raises(ModelError, match="can be exported to, but not imported"):
        import_file(tmp_path / "x.tsv", tmp_path / "m", CARD, ImportOptions(format="projector"))
    with pytest.raises(ModelError, match="There is no format 'x'. There are: word2vec, word2vec-binary, glove"):
        import_file(tmp_path / "x.tsv", tmp_path / "m", CARD, ImportOptions(format="x"))


def test_what_is_no_file_of_vectors_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert "none of the formats that can be imported: word2vec text, word2vec binary, GloVe" in refused(path, tmp_path)
    path.write_bytes(b"")
    assert "none of the formats" in refused(path, tmp_path)
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    assert "Unpack it" in refused(path, tmp_path)
    assert "does not exist" in refused(tmp_path / "missing", tmp_path)
    assert "is a folder, but not model2vec's" in refused(tmp_path, tmp_path)


# ---- Rows that are not right

BAD_ROWS = {
    "a short line": (b"a 1 2\nb 1\nc 3 4\n", "line 2: 1 numbers follow the word where 2 are expected"),
    "a word alone": (b"a 1 2\nb\nc 3 4\n", "line 2: 0 numbers follow"),
    "no number": (b"a 1 2\nb 1 x\nc 3 4\n", "line 2: what follows 'b' is not 2 numbers"),
    "no UTF-8": (b"a 1 2\n\xff\xfe 1 2\nc 3 4\n", "line 2: b'\\xff\\xfe' is not UTF-8"),
    "not a number": (b"a 1 2\nb nan 2\nc 3 4\n", "line 2: the vector of 'b' holds a value that is not a finite"),
    "infinite": (b"a 1 2\nb 1 -inf\nc 3 4\n", "line 2: the vector of 'b' holds"),
    "too large": (b"a 1 2\nb 1 1e39\nc 3 4\n", "line 2: the vector of 'b' holds"),
    "no word": (b"a 1 2\n 1 2\nc 3 4\n", "line 2: 1 numbers follow"),
    "a NUL": (b"a 1 2\nb\0b 1 2\nc 3 4\n", "line 2: 'b\\x00b' cannot be a word"),
    "a carriage return": (
        b"a 1 2\nb 1 2\rb 1 2\nc 3 4\n",
        r"line 2: 'b 1 2\rb' cannot be a word: it holds the end of a line",
    ),
}


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_stops_the_import_or_is_left_out_and_counted(what: str, tmp_path: Path) -> None:
    content, said = BAD_ROWS[what]
    path = tmp_path / "file.txt"
    path.write_bytes(content)
    message = refused(path, tmp_path, format="glove")
    assert said in message
    assert "--on-error skip" in message
    model, report = imported(path, tmp_path, format="glove", skip_faults=True)
    assert list(model.vocabulary) == ["a", "c"]
    np.testing.assert_allclose(lengths(model), [[1, 2], [3, 4]], rtol=1e-6)
    assert (report.words, report.skipped) == (2, 1)
    assert said in report.faults[0]


def test_of_words_that_stand_twice_the_first_is_kept_and_zeros_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"a 1 2\nb 0 0\na 3 4\nb 5 6\n")
    model, report = imported(path, tmp_path)
    assert list(model.vocabulary) == ["a", "b"]
    np.testing.assert_allclose(lengths(model), [[1, 2], [0, 0]], rtol=1e-6)
    assert (report.duplicates, report.zero_rows, report.skipped) == (2, 1, 0)


@pytest.mark.parametrize(("announced", "found"), [(3, 2), (1, 2)])
def test_a_wrong_count_is_refused_or_reported(announced: int, found: int, tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text(f"{announced} 2\na 1 2\nb 3 4\n")
    said = f"the header announces {announced} words, and {found} follow"
    assert said in refused(path, tmp_path)
    model, report = imported(path, tmp_path, skip_faults=True)
    assert list(model.vocabulary) == ["a", "b"]
    assert (report.skipped, len(report.faults)) == (0, 1)
    assert said in report.faults[0]


@pytest.mark.parametrize("name", ["word2vec.gz", "word2vec-binary", "word2vec-binary.gz", "safetensors", "parquet"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_file_that_was_cut_off_is_refused_by_name(name: str, share: float, model: Model, tmp_path: Path) -> None:
    path = tmp_path / f"file.{name}"
    export_model(model, path, format=name.removesuffix(".gz"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    for skip in (False, True):
        refused(path, tmp_path, format=name.removesuffix(".gz"), skip_faults=skip)


def test_a_text_that_was_cut_off_is_refused(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "file.vec"
    export_model(model, path)
    path.write_bytes(path.read_bytes()[:-70])
    assert "line 12" in refused(path, tmp_path) or "announces" in refused(path, tmp_path)


def test_a_file_without_one_good_word_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"a nan 1\nb nan 1\n")
    assert "holds not one word that can be used" in refused(path, tmp_path, skip_faults=True, format="glove")


@given(
    content=st.binary(max_size=300),
    name=st.sampled_from([name for name, entry in FORMATS.items() if entry.read]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_imported_or_refused(content: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        import_file(path, tmp_path / "any", CARD, ImportOptions(format=name, overwrite=True, skip_faults=True))
    except ModelError as error:
        assert str(path) in str(error)
    try:
        detect_format(path)
    except ModelError as error:
        assert str(path) in str(error)


# ---- Memory


def test_a_large_file_is_streamed(tmp_path: Path) -> None:
    """The matrix is 120 MB; beyond what an import of ten rows takes, half of that must do on top of it."""
    count, dimension = 100_000, 300
    script = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from embeddings.formats import ImportOptions, import_file\n"
        "from embeddings.models.model import Card\n"
        "import_file(Path(sys.argv[1]), Path(sys.argv[2]), Card('large'))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"
    )

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.bin"
        rng = np.random.default_rng(0)
        spread = np.arange(1, dimension + 1, dtype=np.float32) ** -0.5  # as word vectors have it, more or less
        with path.open("wb") as file:
            file.write(f"{rows} {dimension}\n".encode())
            for row in range(rows):
                vector = spread * rng.standard_normal(dimension, np.float32)
                file.write(f"w{row} ".encode() + vector.tobytes() + b"\n")
        done = subprocess.run(
            [sys.executable, "-c", script, path, tmp_path / f"m{rows}"], check=True, capture_output=True, text=True
        )
        return int(done.stdout)

    assert peak(count) - peak(10) < 1.5 * count * dimension * 4


def test_the_card_says_where_a_model_came_from(model: Model, tmp_path: Path) -> None:
    export_model(model, tmp_path / "file.vec")
    imported(tmp_path / "file.vec", tmp_path)
    content = json.loads((tmp_path / "imported" / "model.json").read_text())
    assert content["parameters"] == {"imported_from": "file.vec", "format": "word2vec"}


def test_the_same_words_again_and_again_are_no_list(tmp_path: Path) -> None:
    path = tmp_path / "flood.txt.gz"
    path.write_bytes(gzip.compress(b"a 1 2\nb 3 4\n" * 600_000))
    assert "the same words come again and again" in refused(path, tmp_path)


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe or a device" in refused(tmp_path / "pipe", tmp_path)
    assert "is a pipe or a device" in refused(tmp_path / "pipe", tmp_path, format="glove")


def test_what_follows_packed_vectors_is_refused_and_several_members_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.txt.gz"
    path.write_bytes(gzip.compress(b"a 1 2\n") + gzip.compress(b"b 3 4\n"))
    assert list(imported(path, tmp_path)[0].vocabulary) == ["a", "b"]
    path.write_bytes(gzip.compress(b"a 1 2\n") + b"b 3 4\n")
    for skip in (False, True):
        assert "what follows the end of its gzip data" in refused(path, tmp_path, skip_faults=skip)
