"""Tuning: what is tried, what is chosen, and that the model is whole before and after."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files import lock_place
from embeddings.models.model import Card, open_model, read_manifest, verify_model
from embeddings.models.tuning import tune
from embeddings.models.writer import save_model
from embeddings.search import settings_to_try


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(100, 12))[rng.integers(0, 100, 6000)] + 0.5 * rng.normal(size=(6000, 12))
    save_model(tmp_path / "m", [f"w{row}" for row in range(6000)], rows.astype(np.float32), Card("m"))
    return tmp_path / "m"


def test_the_fastest_that_reaches_the_recall_is_put_in_place(folder: Path) -> None:
    before = read_manifest(folder)
    seen: list[str] = []
    tuning = tune(folder, 0.95, lambda stage, _done, _all: seen.append(stage))
    assert [(trial.kind, trial.factory) for trial in tuning.trials] == settings_to_try(open_model(folder).vectors)
    reaching = [trial for trial in tuning.trials if trial.reaches]
    assert tuning.chosen.milliseconds == min(trial.milliseconds for trial in reaching)
    assert tuning.trials[0].recall == 1
    assert all(trial.recall >= 0.94 for trial in reaching)
    after = read_manifest(folder)
    assert after == tuning.manifest
    assert (after.index.kind, after.index.factory) == (tuning.chosen.kind, tuning.chosen.factory)
    assert after.index.parameters.recall == 0.95
    assert after.card == before.card
    verify_model(folder)
    model = open_model(folder)
    assert model.index.search(model.vectors[:5], 1)[1].ravel().tolist() == list(range(5))
    assert seen[-1] == "done"


def test_what_codes_cannot_reach_is_searched_exactly(folder: Path) -> None:
    tuning = tune(folder, 1.0)
    assert tuning.chosen.recall == 1


def test_a_model_that_is_being_written_or_cannot_be_is_refused_before_anything_is_tried(folder: Path) -> None:
    lock = lock_place(folder)
    try:
        with pytest.raises(ModelError, match="Another process is writing"):
            tune(folder, progress=lambda *_: pytest.fail("it went on"))
    finally:
        lock.release()
    with pytest.raises(ModelError, match="cannot be written"):
        tune(Path("/proc/m"))
