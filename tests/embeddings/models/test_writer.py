"""Writing a model: in one step or not at all, whatever happens meanwhile."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.models.model import VECTORS_FILE, Card, open_model, read_manifest, verify_model
from embeddings.models.writer import ModelWriter, rebuild_index, save_model
from embeddings.search import IndexParameters

WORDS = ["the", "king", "queen", "café"]
VECTORS = np.array([[3, 4], [0, 2], [-1, 0], [0, 0]], np.float32)
CARD = Card("tiny", method="by hand", parameters={"window": 5}, corpus="none", licence="CC0", metrics={"google": 0.5})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "tiny", WORDS, VECTORS, CARD, counts=[9, 5, 4, 1])
    return tmp_path / "tiny"


def overwrite(folder: Path, words: list[str], vectors: np.ndarray) -> None:
    with ModelWriter(folder, vectors.shape[1], overwrite=True) as writer:
        writer.append(words, vectors)
        writer.finish(CARD)


def test_rows_may_come_in_blocks(tmp_path: Path) -> None:
    with ModelWriter(tmp_path / "m", 2) as writer:
        writer.append(WORDS[:1], VECTORS[:1])
        assert not (tmp_path / "m").exists()
        writer.append(WORDS[1:], VECTORS[1:].astype(np.float64))
        writer.finish(CARD)
    np.testing.assert_allclose(open_model(tmp_path / "m").vectors[0], [0.6, 0.8])
    assert [file.name for file in tmp_path.iterdir() if not file.name.endswith(".lock")] == ["m"]


def test_very_long_and_very_short_vectors_become_unit_rows(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["long", "short"], np.array([[3e38, 3e38], [1e-30, 0]], np.float32), CARD)
    np.testing.assert_allclose(open_model(tmp_path / "m").vectors, [[0.5**0.5, 0.5**0.5], [1, 0]], rtol=1e-6)


def test_leaving_without_finish_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ModelWriter(tmp_path / "m", 2) as writer:
        writer.append(WORDS, VECTORS)
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir() if not file.name.endswith(".lock")] == []


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_by_word(tmp_path: Path, bad: float) -> None:
    vectors = VECTORS.copy()
    vectors[2, 1] = bad
    with pytest.raises(ModelError, match="'queen'"):
        save_model(tmp_path / "m", WORDS, vectors, CARD)
    assert not (tmp_path / "m").exists()


def test_words_and_vectors_that_do_not_match_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="4 words of 2 dimensions"), ModelWriter(tmp_path / "m", 2) as writer:
        writer.append(WORDS, VECTORS[:3])
    with pytest.raises(ModelError, match="no words to write"):
        save_model(tmp_path / "m", [], np.zeros((0, 2), np.float32), CARD)


def test_what_exists_is_only_overwritten_on_request_and_only_if_it_is_a_model(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="exists already"):
        save_model(folder, ["a"], np.ones((1, 3), np.float32), CARD)
    overwrite(folder, ["a"], np.ones((1, 3), np.float32))
    assert list(open_model(folder).vocabulary) == ["a"]
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("precious")
    with pytest.raises(ModelError, match="not a model"):
        overwrite(tmp_path / "home", ["a"], np.ones((1, 3), np.float32))
    assert (tmp_path / "home" / "letter.txt").read_text() == "precious"


def test_a_reader_sees_the_old_model_or_the_new_one(folder: Path) -> None:
    """Exchange two models of different sizes again and again while another thread opens them."""
    done = threading.Event()
    failures: list[Exception] = []
    seen: set[int] = set()

    def read() -> None:
        while not done.is_set():
            try:
                model = open_model(folder)
                assert len(list(model.vocabulary)) == len(model) == len(model.vectors)
            except (ModelError, AssertionError) as error:
                failures.append(error)
            else:
                seen.add(len(model))

    reader = threading.Thread(target=read)
    reader.start()
    while len(seen) < 2 and not failures:
        for count in (3, 500):
            words = [f"w{number}" for number in range(count)]
            overwrite(folder, words, np.ones((count, 2), np.float32))
    done.set()
    reader.join()
    assert failures == []
    assert seen <= {4, 3, 500}


def test_two_writers_of_one_model_do_not_mix(tmp_path: Path) -> None:
    with ModelWriter(tmp_path / "m", 2) as first:
        with pytest.raises(ModelError, match="Another process"), ModelWriter(tmp_path / "m", 2):
            pass
        first.append(WORDS, VECTORS)
        first.finish(CARD)
    assert len(open_model(tmp_path / "m")) == 4


def test_a_killed_writer_leaves_nothing_that_is_taken_for_a_model(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from embeddings.models.writer import ModelWriter\n"
        "with ModelWriter(Path(sys.argv[1]), 2) as writer:\n"
        "    writer.append(['a'], np.ones((1, 2), np.float32))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path / "m"], check=False).returncode == -9
    assert not (tmp_path / "m").exists()
    with pytest.raises(ModelError, match="not a model"):
        open_model(tmp_path / "m")
    save_model(tmp_path / "m", WORDS, VECTORS, CARD)
    assert {file.name for file in tmp_path.iterdir()} <= {"m", ".m.lock"}


def test_a_disk_that_fills_up_is_a_clear_error(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: every write beyond it fails in the same way."""
    count = 30_000
    for limit in (100_000, count * 16 * 4 + 60_000, count * 16 * 4 + 500_000):
        script = (
            "import resource, sys, numpy as np\n"
            "from pathlib import Path\n"
            "from embeddings.errors import ModelError\n"
            "from embeddings.models.model import Card; from embeddings.models.writer import save_model\n"
            "sys.dont_write_bytecode = True\n"  # Python 3.11 would keep compiled modules that are cut off
            f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
            f"words = [f'w{{n}}' for n in range({count})]\n"
            f"vectors = np.random.default_rng(0).normal(size=({count}, 16))\n"
            "try:\n"
            "    save_model(Path(sys.argv[1]), words, vectors, Card('m'))\n"
            "except ModelError as error:\n"
            "    print(error)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, tmp_path / "m"], check=True, capture_output=True, text=True
        )
        if limit < count * 16 * 4 + 128:
            assert "cannot be written" in done.stdout, done
            assert not (tmp_path / "m").exists()
        assert not (tmp_path / ".m.partial").exists()
        shutil.rmtree(tmp_path / "m", ignore_errors=True)


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(tmp_path / "file" / "m", WORDS, VECTORS, CARD)
    with pytest.raises(ModelError, match="cannot be written"):
        save_model(Path("/proc/m"), WORDS, VECTORS, CARD)
    huge = ModelWriter(tmp_path / "m", 300, expected_rows=10**12)
    with pytest.raises(ModelError, match="needs about"), huge:
        pass


def test_resident_memory_of_writing_is_less_than_the_matrix(tmp_path: Path) -> None:
    """400,000 rows of 64 dimensions are 102 MB; written in blocks they never are in memory together."""
    script = (
        "import resource, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from embeddings.search import IndexParameters\n"
        "from embeddings.models.writer import ModelWriter\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "block = np.random.default_rng(0).normal(size=(4000, 64)).astype(np.float32)\n"
        "with ModelWriter(Path(sys.argv[1]), 64) as writer:\n"
        "    for start in range(0, 400_000, 4000):\n"
        "        writer.append([str(n) for n in range(start, start + 4000)], block)\n"
        "    rows_only = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print((rows_only - before) * 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "m"], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 0.7 * 400_000 * 64 * 4


def test_index_parameters_are_saved_with_the_model(tmp_path: Path) -> None:
    save_model(tmp_path / "m", WORDS, VECTORS, CARD, index=IndexParameters(kind="exact", seed=7))
    assert read_manifest(tmp_path / "m").index.parameters == IndexParameters(kind="exact", seed=7)


def test_a_model_gets_another_index_and_keeps_everything_else(tmp_path: Path) -> None:
    path = tmp_path / "m"
    rows = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    save_model(path, [f"w{row}" for row in range(300)], rows, CARD)
    before, inode = read_manifest(path), (path / VECTORS_FILE).stat().st_ino
    assert before.index.kind == "exact"
    after = rebuild_index(path, IndexParameters(kind="fastscan", recall=0.5))
    assert (after.index.kind, after.card) == ("fastscan", before.card)
    assert (path / VECTORS_FILE).stat().st_ino == inode
    verify_model(path)
    assert open_model(path).index.search(open_model(path).vectors[:5], 1)[1].tolist() == [[row] for row in range(5)]
    assert rebuild_index(path, IndexParameters(kind="exact")).files.keys() == before.files.keys()
    with pytest.raises(ModelError, match="is not a model"):
        rebuild_index(tmp_path / "nowhere", IndexParameters())
    assert not (tmp_path / ".m.partial").exists()


def test_codes_need_a_few_rows(folder: Path) -> None:
    with pytest.raises(ModelError, match="Fast scan needs 16 rows or more, and there are 4"):
        rebuild_index(folder, IndexParameters(kind="fastscan"))
    open_model(folder)
