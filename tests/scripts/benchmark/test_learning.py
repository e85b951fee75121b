"""The part ``train`` of the benchmark, run small: gensim and the kernel learn of the same sentences, and are scored."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from embeddings.errors import KernelError
from embeddings.native import load_library
from scripts.benchmark.gensim_way import TRAINING
from scripts.benchmark.learning_benchmark import METHODS, Trials, spent
from scripts.benchmark.training_benchmark import measure_training

DUMP = (
    Path(str(files("gensim"))) / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)


def test_learning_is_measured_by_processor_time_and_by_the_clock(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    try:
        load_library("embeddings.training")
    except KernelError as error:
        pytest.skip(str(error))
    for name, value in {"vector_size": 16, "negative": 2, "epochs": 1}.items():
        monkeypatch.setitem(TRAINING, name, value)
    runs = Trials(1, threads=1, keep=tmp_path / "kept")
    found = measure_training(DUMP, DUMP, 60_000, runs, ["learning"])
    assert found["words"] >= 60_000
    for method in METHODS:
        theirs, ours = found[method]["gensim"], found[method]["this project"]
        for what in ("CPU-second", "second"):
            ratio = ours[f"words a {what}"] / theirs[f"words a {what}"]
            assert found[f"ratio, {method}, words a {what}"] == round(ratio, 2) > 0
        assert "wordsim353" in ours
    assert "ratio, whole job" not in found
    again = measure_training(DUMP, DUMP, 60_000, runs, ["learning"])
    assert all(again[method]["gensim"] == found[method]["gensim"] for method in METHODS), "gensim's runs were kept"
    assert len(list((tmp_path / "kept").iterdir())) == len(METHODS)


def test_what_a_work_spends_has_the_time_of_its_processes() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    clock, processors = spent(lambda: subprocess.run([sys.executable, "-c", burn], check=True))
    assert clock >= 0.3
    assert 0.3 <= processors < clock + 0.2
