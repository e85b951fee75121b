"""One process at a time, whatever else has the name of the lock's file."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files.locks import lock_place, stem_of, try_lock


def test_a_place_is_held_by_one_and_nothing_is_left(tmp_path: Path) -> None:
    with lock_place(tmp_path / "a" / "model") as lock:
        assert (lock.path, try_lock(tmp_path / "a" / "model")) == (tmp_path / "a" / "model", None)
        with pytest.raises(ModelError, match="Another process is writing .*model"):
            lock_place(tmp_path / "a" / "model")
        with lock_place(tmp_path / "a" / "other"):
            pass
    lock.release()
    assert list((tmp_path / "a").iterdir()) == []


def test_many_that_wait_have_it_one_after_the_other(tmp_path: Path) -> None:
    waited, inside, most = [], [], []

    def work() -> None:
        for _ in range(50):
            with lock_place(tmp_path / "model", waiting=lambda: waited.append(1)):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_that_name_stays_as_it_is(tmp_path: Path) -> None:
    theirs = tmp_path / ".model.lock"
    theirs.write_text("precious")
    with lock_place(tmp_path / "model"):
        assert try_lock(tmp_path / "model") is None
    assert theirs.read_text() == "precious"
    theirs.unlink()
    (tmp_path / "file").write_text("precious")
    theirs.symlink_to(tmp_path / "file")
    with pytest.raises(ModelError, match="cannot be written"):
        lock_place(tmp_path / "model")
    assert (tmp_path / "file").read_text() == "precious"


def test_one_that_a_killed_process_held_is_free(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from embeddings.files.locks import lock_place\n"
        "lock = lock_place(Path(sys.argv[1]))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, tmp_path / "model"], check=False).returncode == -9
    assert [file.name for file in tmp_path.iterdir()] == [".model.lock"]
    with lock_place(tmp_path / "model"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "model", Path("/proc/model")):
        with pytest.raises(ModelError, match="model cannot be written"):
            lock_place(path)


def test_stems_of_long_names_are_short_and_differ() -> None:
    long, other = Path("é" * 120 + "a"), Path("é" * 120 + "b")
    assert stem_of(Path("news")) == "news"
    assert len(os.fsencode(stem_of(long))) <= 160
    assert stem_of(long) != stem_of(other)
