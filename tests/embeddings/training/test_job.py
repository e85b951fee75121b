"""Whole trainings in real processes: repeated bit for bit, killed, stopped, continued, out of disk."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from embeddings import CorpusError, Model, ModelError, ask
from embeddings.errors import EngineError, KernelError
from embeddings.models.model import open_model, verify_model
from embeddings.native import FORCED, LEVELS
from embeddings.parameters import typed
from embeddings.text.phrases import PhraseParameters
from embeddings.training.job import describe_scores, memory_mb, train
from embeddings.training.parameters import Engine, EngineParameters, Job, Keep
from embeddings.training.workspace import Note, Status

ROOT = Path(__file__).parents[3]
DUMP = str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
NEWS = str(files("gensim") / "test/test_data/lee_background.cor")
EPOCHS, KILLS = 5, 12
SMALL = ["--vector-size", "20", "--negative", "2", "--epochs", str(EPOCHS), "--min-count", "10", "--workers", "1"]
QUICK = {"vector_size": 20, "negative": 2, "epochs": 2, "min_count": 10, "workers": 1}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "service.cli", "train", *map(str, arguments)]


def run(*arguments: str | Path, **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True, check=False, **more)


def job(text: str = DUMP, **more: Any) -> Job:
    return Job((text,), **{"training": QUICK, **more})


def trained_without_a_break(text: str, folder: Path) -> Model:
    """Trained by the first of pytest-xdist's workers that needs it, for all."""
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "model").exists():
            done = run(text, "--out", folder / "model", *SMALL)
            assert done.returncode == 0, done.stderr
    return open_model(folder / "model")


@pytest.fixture(scope="module")
def uninterrupted(home: Path) -> Model:
    """What the runs that are killed have to come to."""
    return trained_without_a_break(DUMP, home.parent / "uninterrupted")


@pytest.fixture(scope="module")
def uninterrupted_news(home: Path) -> Model:
    """The same of less text, for what does not depend on how much it is."""
    return trained_without_a_break(NEWS, home.parent / "uninterrupted-news")


def same(one: Model, other: Model) -> bool:
    return (
        list(one.vocabulary) == list(other.vocabulary)
        and np.array_equal(one.vectors, other.vectors)
        and np.array_equal(one.norms, other.norms)
        and np.array_equal(one.counts, other.counts)
    )


def test_a_run_killed_at_any_moment_goes_on_and_comes_to_the_same(uninterrupted: Model, tmp_path: Path) -> None:
    out = tmp_path / "model"
    rng = random.Random(3)
    arguments: list[str | Path] = [DUMP, "--out", out, *SMALL]
    wanted, stages = {"cleaning", "phrases, pass 1"}, set[str]()
    kills = 0
    while kills < KILLS or not wanted <= stages:
        process = subprocess.Popen(command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, text=True)
        # A slow machine that has not come far enough after so many kills is given longer and longer.
        killer = threading.Timer(rng.uniform(0.3, 1.4) * 1.5 ** max(0, kills + 1 - KILLS), process.kill)
        killer.start()
        assert process.stderr is not None
        stages |= {
            json.loads(line).get("stage", "")
            for line in process.stderr
            if line.startswith("{") and line.endswith("}\n")
        }
        process.wait()
        process.stderr.close()
        killer.cancel()
        if process.returncode == 0:
            break  # it was done before it could be killed so often
        assert process.returncode == -signal.SIGKILL
        kills += 1
        begun = (tmp_path / "model.training" / "job.json").exists()
        arguments = ["--resume", "--out", out] if begun else arguments
    if not out.exists():
        done = run(*arguments)
        assert done.returncode == 0, done.stderr
    elif (tmp_path / "model.training").exists():  # killed while it cleared up, which the next command does
        assert "exists already" in run(*arguments).stderr
    assert kills >= KILLS // 2
    assert wanted <= stages
    verify_model(out)
    assert same(open_model(out), uninterrupted), "with one thread, not one bit differs"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["model"]


@pytest.mark.parametrize("stage", ["known phrases", "phrases-2", "sentences", "epoch 3", "writing"])
def test_a_run_killed_in_a_stage_goes_on_in_that_stage(uninterrupted_news: Model, tmp_path: Path, stage: str) -> None:
    out = tmp_path / "model"
    process = subprocess.Popen(command(NEWS, "--out", out, *SMALL), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line).get("stage", "").startswith(stage):
            process.kill()
            break
    process.wait()
    process.stderr.close()
    assert process.returncode == -signal.SIGKILL
    done = run("--resume", "--out", out)
    assert done.returncode == 0, done.stderr
    seen = [json.loads(line)["stage"] for line in done.stderr.splitlines() if '"event": "status"' in line]
    assert "cleaning" not in seen
    if stage.startswith("epoch"):
        assert not any(other.startswith(("phrases", "epoch 1 ", "epoch 2 ")) for other in seen)
    assert same(open_model(out), uninterrupted_news)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_with_a_checkpoint(uninterrupted_news: Model, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "model"
    process = subprocess.Popen(command(NEWS, "--out", out, *SMALL), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if '"epoch 2' in line:
            process.send_signal(number)
    process.wait()
    process.stderr.close()
    assert process.returncode == 130
    assert lines[-1] == f"Stopped, with a checkpoint. Go on with: thisplusthat train --resume --out {out}\n"
    assert (tmp_path / "model.training" / "checkpoint" / "vectors.npy").exists()
    assert run("--resume", "--out", out).returncode == 0
    assert same(open_model(out), uninterrupted_news)


def test_a_model_says_how_it_was_made(uninterrupted: Model) -> None:
    card = uninterrupted.manifest.card
    assert card.training is not None
    [file] = card.training["corpus"]["files"]
    assert file["bytes"] == Path(DUMP).stat().st_size
    assert file["sha256"] == "a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d"
    assert card.training["corpus"]["articles"] == 96
    assert card.parameters["seed"] == 1
    assert card.parameters["vector_size"] == 20
    assert set(card.training["versions"]) == {"python", "thisplusthat", "numpy"}
    assert card.training["engine"]["name"] == "kernel"
    assert card.training["engine"]["instructions"] in LEVELS
    assert card.training["seconds"] > 0
    assert [epoch["epoch"] for epoch in card.training["epochs"]] == list(range(1, EPOCHS + 1))
    assert all(epoch["loss"] > 0 for epoch in card.training["epochs"])
    assert card.metrics["google"]["questions"] > 1_000
    assert {"wordsim353", "simlex999"} <= set(card.metrics)
    assert (uninterrupted.folder / "model.json").read_text().count("united_states") == 0
    assert ask(uninterrupted, "United States").terms[0].resolved == "phrase"


def test_more_threads_come_to_as_good_a_model(uninterrupted: Model, tmp_path: Path) -> None:
    more = train(job(training={**QUICK, "epochs": EPOCHS, "workers": 2}), tmp_path / "model")
    one, two = (model.manifest.card.training["epochs"][-1] for model in (uninterrupted, more))  # type: ignore[index]
    assert two["wordsim353"]["spearman"] == pytest.approx(one["wordsim353"]["spearman"], abs=0.08)


def test_the_best_epoch_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = iter([0.1, 0.3, 0.2])
    fake = {"wordsim353": {"pairs": 9, "pearson": 0.0}}
    monkeypatch.setattr(
        "embeddings.training.job._scores", lambda _: {"wordsim353": {**fake["wordsim353"], "spearman": next(scores)}}
    )
    notes: list[Note] = []
    kept = train(
        job(NEWS, keep=Keep.BEST, training={**QUICK, "epochs": 3}),
        tmp_path / "kept",
        watcher=lambda event: notes.append(event) if isinstance(event, Note) else None,
    )
    assert any(note.values.get("kept_epoch") == 2 for note in notes)
    assert kept.manifest.card.metrics["wordsim353"]["spearman"] == 0.3
    monkeypatch.undo()
    # The third epoch is not in it:
    last = train(job(NEWS, training={**QUICK, "epochs": 3}, evaluate=False), tmp_path / "last")
    assert not np.array_equal(kept.vectors, last.vectors)
    assert list(kept.vocabulary) == list(last.vocabulary)


def test_fasttext_knows_words_that_it_never_saw(tmp_path: Path) -> None:
    training = {**QUICK, "algorithm": "fasttext", "bucket": 2_000, "epochs": 1}
    model = train(job(training=training), tmp_path / "model")
    verify_model(tmp_path / "model")
    answer = ask(model, "anarchistically")
    assert answer.terms[0].resolved == "subword"
    assert model.manifest.card.metrics["wordsim353"]["pairs"] > 100
    card = model.manifest.card
    assert card.training is not None
    assert card.training["epochs"][0]["loss"] > 0


def test_training_goes_on_with_new_text(tmp_path: Path) -> None:
    old = train(job(evaluate=False), tmp_path / "old")
    text = tmp_path / "new.txt"
    text.write_text("The zorblat is an animal of the United States. Of what it eats we know.\n" * 40)
    training = {**QUICK, "epochs": 3}
    new = train(Job((str(text),), init=str(tmp_path / "old"), training=training, evaluate=False), tmp_path / "new")
    assert set(new.vocabulary) == {*old.vocabulary, "zorblat", "eats"}
    row = new.vocabulary.row("zorblat")
    assert row is not None
    assert new.counts[row] == 40
    untouched = old.vocabulary.row("anarchism")
    again = new.vocabulary.row("anarchism")
    assert untouched is not None
    assert again is not None
    assert np.allclose(new.vectors[again], old.vectors[untouched], atol=1e-6)
    assert new.counts[new.vocabulary.row("united_states")] == old.counts[old.vocabulary.row("united_states")] + 40
    card = new.manifest.card
    assert card.training is not None
    moved = {word["word"]: word["moved"] for word in card.training["moved_most"]}
    assert {"united_states", "animal", "grass"} & set(moved)
    assert 0 <= min(moved.values()) <= max(moved.values()) < 0.5, "old words move little"


def limit_files(size: int) -> Callable[[], None]:
    """A disk on which no file can grow beyond ``size`` bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("size", [100_000, 600_000])
def test_a_disk_that_fills_up_is_reported_and_nothing_is_lost(uninterrupted: Model, tmp_path: Path, size: int) -> None:
    out = tmp_path / "model"
    # Python 3.11 would keep compiled modules that are cut off.
    whole = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    failed = run(DUMP, "--out", out, *SMALL, preexec_fn=limit_files(size), env=whole)
    assert failed.returncode == 1
    assert "cannot be written" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert f"thisplusthat train --resume --out {out}" in failed.stderr
    assert not out.exists()
    done = run("--resume", "--out", out)
    assert done.returncode == 0, done.stderr
    assert same(open_model(out), uninterrupted)


def test_the_same_seed_repeats_bit_for_bit(tmp_path: Path) -> None:
    one, two = (train(job(NEWS, evaluate=False), tmp_path / name) for name in ("one", "two"))
    assert same(one, two)
    other = train(job(NEWS, training={**QUICK, "seed": 2}, evaluate=False), tmp_path / "other")
    assert not np.allclose(one.vectors, other.vectors)


def test_it_can_be_called_from_a_thread_and_says_how_far_it_is(tmp_path: Path) -> None:
    seen: list[Status | Note] = []
    thread = threading.Thread(target=train, args=(job(NEWS), tmp_path / "model"), kwargs={"watcher": seen.append})
    thread.start()
    thread.join()
    assert (tmp_path / "model" / "model.json").exists()
    statuses = [event for event in seen if isinstance(event, Status)]
    assert all(status.done >= 0 and (not status.total or status.done <= status.total) for status in statuses)
    assert any(status.total and status.done == status.total for status in statuses)
    assert {"cleaning", "epoch 1 of 2", "writing, index"} <= {status.stage for status in statuses}
    assert memory_mb() > 10


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"init": "nowhere"}, ModelError, "no model 'nowhere'"),
        ({"init": "glove-6b-50d"}, CorpusError, "with --vector-size 20: its own is 50"),
        ({"training": {"vector_size": 0}}, CorpusError, "--vector-size 0 is too small: it is 1 at least"),
        ({"training": {"window": 0}}, CorpusError, "--window 0 is too small: it is 1 at least"),
        ({"training": {"window": 10**6}}, CorpusError, "--window 1000000 is too large: it is 10,000 at most"),
        ({"training": {"min_n": 5, "max_n": 3}}, CorpusError, "--min-n 5 is above --max-n 3"),
        ({"training": {"workers": 10**4}}, CorpusError, "--workers 10000 is more than"),
        ({"training": {"alpha": float("nan")}}, CorpusError, "--alpha nan is no number"),
        ({"training": {"alpha": 0.0}}, CorpusError, "--alpha 0.0 is too small: it is more than 0"),
        ({"training": {"hs": True}, "engine": EngineParameters(Engine.KERNEL)}, CorpusError, "--engine gensim"),
        ({"engine": EngineParameters(Engine.SPARK)}, EngineError, "cluster=embeddings.spark.SparkEngine"),
        ({"training": {"min_count": 10**6}}, CorpusError, "No word is met 1000000 times"),
        ({"phrases": typed(PhraseParameters, {"phrases": 0}), "phrase_lists": ("no.txt",)}, CorpusError, "no.txt"),
    ],
)
@pytest.mark.usefixtures("glove")
def test_what_cannot_be_is_refused(tmp_path: Path, change: dict[str, Any], kind: Any, message: str) -> None:
    with pytest.raises(kind, match=message):
        train(job(NEWS, **change), tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "model.training").exists(), "there would be nothing to resume"


def test_scores_are_described() -> None:
    assert describe_scores({}) == "no words of the evaluation sets"
    scores = {"google": {"accuracy": 0.5, "questions": 1000}, "simlex999": {"spearman": 0.25}}
    assert describe_scores(scores) == "google 50.0% of 1,000 questions, simlex999 0.250"


# ---- Engines


def test_what_the_kernel_cannot_do_goes_to_gensim_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(name: str, training: dict[str, Any], **more: Any) -> tuple[list[str], dict[str, Any]]:
        notes: list[str] = []
        out = tmp_path / name
        asked = job(NEWS, training={**QUICK, "epochs": 1, **training}, evaluate=False, **more)
        model = train(asked, out, watcher=lambda event: notes.append(event.text) if isinstance(event, Note) else None)
        assert model.manifest.card.training is not None
        return notes, model.manifest.card.training["engine"]

    notes, engine = trained("hs", {"hs": True})
    assert engine["name"] == "gensim"
    assert any("1 thread: the kernel has no hierarchical softmax (--hs)." in note for note in notes)
    notes, engine = trained("asked", {}, engine=EngineParameters(Engine.GENSIM))
    assert (engine["name"], engine["engine"]) == ("gensim", "gensim")
    monkeypatch.setenv(FORCED, "none")
    notes, engine = trained("missing", {})
    assert engine["name"] == "gensim"
    assert any("the kernel cannot be used, THISPLUSTHAT_KERNEL is none" in note for note in notes)
    with pytest.raises(KernelError, match="switches the kernels off"):
        trained("kernel", {}, engine=EngineParameters(Engine.KERNEL))
    monkeypatch.setenv(FORCED, LEVELS[0])
    notes, engine = trained("portable", {}, engine=EngineParameters(Engine.KERNEL))
    assert engine["instructions"] == LEVELS[0]
    assert any(f"Learning with the kernel ({LEVELS[0]}), 1 thread." in note for note in notes)
