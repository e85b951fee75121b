"""``train`` and ``plot`` as people call them: options, help, errors, exit codes."""

import dataclasses
import gzip
import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from embeddings import Model
from embeddings.text.corpus import CorpusParameters
from embeddings.text.phrases import PhraseParameters
from embeddings.text.tokens import TokenParameters
from embeddings.training.parameters import EngineParameters, TrainingParameters

ROOT = Path(__file__).parents[3]
DUMP = str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
QUICK = ["--vector-size", "10", "--negative", "2", "--epochs", "1"]
PARAMETERS = (CorpusParameters, TokenParameters, PhraseParameters, TrainingParameters, EngineParameters)


def run(*arguments: str | Path, command: tuple[str, ...] = ("-m", "service.cli"), **more: Any) -> Any:
    done = subprocess.run(
        [sys.executable, *command, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        **{"stdin": subprocess.DEVNULL, **more},
    )
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def test_help_has_every_parameter_with_a_line_and_a_default() -> None:
    text = " ".join(run("train", "--help").stdout.split())
    for kind in PARAMETERS:
        for field in dataclasses.fields(kind):
            assert f"--{field.name.replace('_', '-')}" in text
            assert " ".join(field.metadata["help"].split()) in text
    assert "[small 100, medium 200, large 300]" in text
    for heading in ("Reading:", "Words:", "Phrases:", "Vectors:", "Engine:", "The run:"):
        assert heading in text


def test_a_script_is_the_same_command() -> None:
    assert run("--help", command=("scripts/train.py",)).stdout == run("train", "--help").stdout


def test_a_name_trains_into_the_models_that_are_there(tmp_path: Path, home: Path) -> None:
    text = tmp_path / "text.txt.gz"
    text.write_bytes(gzip.compress(b"the cat sat on the mat. the dog sat on the cat. " * 50))
    done = run("train", text, "--out", "cats", *QUICK, "--phrases", "0", "--case", "keep", "--no-shrink-windows")
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith('Ask it: thisplusthat --model cats "..."\n')
    manifest = json.loads((home / "models" / "cats" / "model.json").read_text())
    assert manifest["parameters"]["shrink_windows"] is False
    assert manifest["training"]["reading"]["tokens"]["case"] == "keep"
    assert manifest["count"] == 6
    assert run("--model", "cats", "cat <> dog").returncode == 0
    again = run("train", text, "--out", "cats")
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_standard_input_json_and_folders_together(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"body": "one two three"}\n' * 5)
    done = run(
        "train", folder, "-", "--field", "body", "--out", tmp_path / "model", *QUICK, "--min-count", "5",
        stdin=None, input=b"three four\n" * 5,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "model" / "model.json").read_text())
    assert manifest["count"] == 4
    assert [file["name"] for file in manifest["training"]["corpus"]["files"]][1] == "standard input"
    assert manifest["training"]["corpus"]["words"] == 25


def test_bad_bytes_are_reported(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes(b"good b\xffd words here \n" * 9)
    strict = run("train", text, "--out", tmp_path / "strict", *QUICK, "--strict")
    assert strict.returncode == 1
    assert "is not UTF-8 at byte 6" in strict.stderr
    done = run("train", text, "--out", tmp_path / "model", *QUICK)
    assert done.returncode == 0
    assert "9 places were not of the encoding" in done.stderr


MLLIB = ["--engine", "spark", "--vectors", "spark"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--out", "x"], 2, "Name the text to train on"),
        (["text.txt"], 2, "Missing option '-o' / '--out'"),
        (["--resume", "text.txt", "--out", "x"], 2, "give only --out with it"),
        (["--resume", "--out", "x"], 1, "There is no training of"),
        (["nowhere.txt", "--out", "x", "--engine", "kernel"], 1, "nowhere.txt cannot be read: No such file"),
        (["nowhere.txt", "--out", "x", "--engine", "gensim"], 1, "nowhere.txt cannot be read: No such file"),
        (["nowhere.txt", "--out", "x"], 1, "nowhere.txt cannot be read: No such file"),
        ([DUMP, "--out", "bad name"], 1, "cannot be the name of a model"),
        ([DUMP, "--out", "x", "--negative", "0"], 1, "Neither --hs nor --negative"),
        ([DUMP, "--out", "x", "--window", "0"], 2, "Invalid value for '--window'"),
        ([DUMP, "--out", "x", "--algorithm", "glove"], 2, "'glove' is not one of"),
        ([DUMP, "--out", "x", "--master", "spark://x:1"], 1, "--master needs --engine spark"),
        ([DUMP, "--out", "x", *MLLIB, "--negative", "5"], 1, "MLlib's Word2Vec has no --negative"),
        ([DUMP, "--out", "x", *MLLIB, "--algorithm", "fasttext"], 1, "MLlib's Word2Vec has no --algorithm"),
        ([DUMP, "--out", "x", *MLLIB, "--keep", "best"], 1, "MLlib gives vectors at its end only"),
        ([DUMP, "--out", "x", "--engine", "spark", "--partitions", "2"], 1, "--partitions needs --vectors spark"),
        ([DUMP, "--out", "x", "--phrase-list", "none.txt"], 1, "none.txt cannot be read"),
        ([sys.executable, "--out", "x"], 1, "is a binary file"),
    ],
)
def test_wrong_calls_are_refused_at_once(arguments: list[str], code: int, message: str) -> None:
    done = run("train", *arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_corpus_without_frequent_words_says_so(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("only once")
    done = run("train", text, "--out", tmp_path / "model", *QUICK)
    assert done.returncode == 1
    assert "No word is met 3 times: the most frequent of 2 words is met 1 times" in done.stderr
    assert "--resume" not in done.stderr, "the same job would come to the same end"
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["text.txt"]


def test_a_dump_that_breaks_off(tmp_path: Path) -> None:
    broken = tmp_path / "dump.xml.bz2"
    broken.write_bytes(Path(DUMP).read_bytes()[:1_000_000])
    done = run("train", broken, "--out", tmp_path / "model", *QUICK)
    assert done.returncode == 1
    assert "dump.xml.bz2 is cut off or damaged" in done.stderr
    broken.write_bytes(Path(DUMP).read_bytes())
    done = run("train", "--resume", "--out", tmp_path / "model")
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("glove")
def test_plot(tmp_path: Path, glove: Model) -> None:
    done = run("plot", "glove-6b-50d", "France:Paris", "Italy:Rome", "--out", tmp_path / "p.svg")
    assert (done.returncode, done.stdout) == (0, f"4 words in {tmp_path / 'p.svg'}\n")
    again = run("plot", "glove-6b-50d", "France:Paris", "Italy:Rome", "--out", tmp_path / "p.svg")
    assert again.returncode == 1
    assert "exists already" in again.stderr
    unknown = run("plot", "glove-6b-50d", "France:Prais", "Italy:Rome", "--out", tmp_path / "q.svg")
    assert unknown.returncode == 1
    assert "'Prais' is not in glove-6b-50d. Did you mean" in unknown.stderr
    assert not (tmp_path / "q.svg").exists()
