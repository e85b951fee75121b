"""Reading on many cores gives what reading on one gives, whatever happens to the processes."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from embeddings.errors import CorpusError
from embeddings.text.corpus import CorpusParameters, find_texts
from embeddings.text.tokens import FIRST_WORD, TokenParameters
from embeddings.text.word_numbers import (
    IDS_FILE,
    TITLES_FILE,
    WORDS_FILE,
    CorpusReport,
    clean,
    count_ids,
    open_ids,
    read_lines,
    write_lines,
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine megabytes of words in sentences, above what is read in one process."""
    rng = random.Random(0)
    vocabulary = [f"w{number}" for number in range(2_000)]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    sentences = (" ".join(rng.choices(vocabulary, k=15)).capitalize() for _ in range(110_000))
    path.write_text("\n".join(f"{sentence}." for sentence in sentences))
    return path


def cleaned(paths: list[Path], folder: Path, processes: int) -> CorpusReport:
    folder.mkdir()
    reading = CorpusParameters()
    return clean(find_texts(paths, reading), reading, TokenParameters(), folder, processes, lambda *_: None)


def test_the_result_does_not_depend_on_the_number_of_processes(text: Path, tmp_path: Path) -> None:
    one, two = cleaned([text], tmp_path / "one", 1), cleaned([text], tmp_path / "two", 3)
    assert one == two == CorpusReport.read(tmp_path / "two")
    assert one.words == 110_000 * 15
    for name in (IDS_FILE, WORDS_FILE, TITLES_FILE):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    ids, words = open_ids(tmp_path / "one" / IDS_FILE), read_lines(tmp_path / "one" / WORDS_FILE)
    counts = count_ids(ids, len(words) + FIRST_WORD, block=1_000)
    counted = Counter(text.read_text().replace(".", "").lower().split())
    assert dict(zip(words, counts[FIRST_WORD:].tolist(), strict=True)) == counted


def test_numbers_stand_for_the_words_of_all_files(tmp_path: Path) -> None:
    contents = ["One two. Two three!", "Three, four"]
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, content in zip(paths, contents, strict=True):
        path.write_text(content)
    report = cleaned(paths, tmp_path / "out", 2)
    assert (report.words, report.different_words, len(report.files)) == (6, 4, 2)
    assert read_lines(tmp_path / "out" / WORDS_FILE) == ["one", "two", "three", "four"]
    assert open_ids(tmp_path / "out" / IDS_FILE).tolist() == [2, 3, 0, 3, 4, 0, 4, 1, 5, 0]


def test_a_corpus_without_words_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dots.txt"
    path.write_text("... !!! \n")
    with pytest.raises(CorpusError, match=r"not one word in .*dots\.txt"):
        cleaned([path], tmp_path / "out", 1)


def test_lines_come_back_whatever_is_in_them(tmp_path: Path) -> None:
    words = ["a", "\u2028x", "\x85", "é"]
    write_lines(tmp_path / "w", words)
    assert read_lines(tmp_path / "w") == words


SCRIPT = """
import sys
from pathlib import Path
from embeddings.text.word_numbers import clean
from embeddings.text.corpus import CorpusParameters, find_texts
from embeddings.text.tokens import TokenParameters
if __name__ == "__main__":
    reading = CorpusParameters()
    shown = lambda done, total, words: print(done, flush=True)
    clean(find_texts(["-"], reading), reading, TokenParameters(), Path(sys.argv[1]), 2, shown)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_no_process_outlives_a_parent_that_is_killed(text: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, str(script), str(tmp_path)]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(text.read_bytes() * 9)  # and then nothing: it waits for more
    parent.stdin.flush()
    parent.stdout.readline()
    listing = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(parent.pid)], capture_output=True, text=True, check=True
    )
    children = [int(pid) for pid in listing.stdout.split()]
    assert len(children) >= 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdin.close()
    parent.stdout.close()
    end = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() and _state(child) != "Z" for child in children):
        assert time.monotonic() < end, "a process is left over"
        time.sleep(0.02)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
