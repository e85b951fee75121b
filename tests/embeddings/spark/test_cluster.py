"""What is wrong with a cluster is said before it is begun, and what went wrong there afterwards."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import CorpusError, EngineError
from embeddings.spark.cluster import Cluster, check_engine, java_version, literal

ROOT = Path(__file__).parents[3]


def test_java_is_there_and_new_enough() -> None:
    found = java_version()
    assert found is not None
    assert found >= 17
    check_engine("local[*]")


def test_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="needs Java 17 or newer, and there is no java.*apt install openjdk-17"):
        check_engine("local[*]")


def test_an_old_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert java_version() == 8
    with pytest.raises(EngineError, match="and this is Java 8. Set JAVA_HOME"):
        check_engine("local[*]")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineError, match=r'pip install "thisplusthat\[spark\]"'):
        check_engine("local[*]")


def test_nobody_at_the_address_of_the_master() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"No master of Spark's answers at {master}.*refused"):
            check_engine(master)
    with pytest.raises(EngineError, match="'10.0.0.1:7077' is no address of a cluster. Try --master spark://"):
        check_engine("10.0.0.1:7077")


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        (
            "...\nembeddings.errors.CorpusError: a.jsonl, line 3 is not JSON: no.\n\tat org...",
            CorpusError,
            "^a.jsonl, l",
        ),
        (
            "Job aborted\n\tat x\nCaused by: java.io.IOException: No space left on device\n\tat y",
            EngineError,
            "^Spark gave up: No space left on device. Mend that, and resume. .*spark.log",
        ),
        ("Job 3 cancelled because SparkContext was shut down", EngineError, "is its master gone"),
        ("[SOMETHING] is wrong.\nmore", EngineError, "^Spark gave up: .SOMETHING. is wrong"),
    ],
)
def test_what_spark_says_becomes_an_error_of_ours(said: str, kind: type[Exception], message: str) -> None:
    cluster: Any = object.__new__(Cluster)
    cluster.log = Path("spark.log")
    with pytest.raises(kind, match=message):
        raise cluster.explained(RuntimeError(said))


def test_names_are_no_patterns() -> None:
    assert literal("hdfs://node:8020/a*b/c [1]") == "hdfs://node:8020/a\\*b/c \\[1\\]"


def test_the_command_says_so_at_once(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("words to train on")
    arguments = ["train", str(text), "--out", str(tmp_path / "m"), "--engine", "spark", "--master"]
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments, "spark://127.0.0.1:1"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No master of Spark's answers at spark://127.0.0.1:1"), done.stderr
    assert not (tmp_path / "m.training").exists()
