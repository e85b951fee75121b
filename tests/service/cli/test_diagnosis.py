"""What ``thisplusthat doctor`` finds out, on machines that lack this or that."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import KernelError
from embeddings.models.model import Card
from embeddings.models.writer import save_model
from embeddings.native import FORCED, load_library
from service.cli import diagnosis


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(FORCED, raising=False)
    rows = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    save_model(tmp_path / "home" / "models" / "mine", [f"w{number}" for number in range(20)], rows, Card("mine"))
    return tmp_path / "home"


def found() -> dict[str, diagnosis.Finding]:
    return {finding.name: finding for finding in diagnosis.findings()}


def test_what_is_installed_and_active_is_said(home: Path) -> None:
    try:
        level = load_library("embeddings.training").level
    except KernelError as error:
        pytest.skip(str(error))
    said = found()
    assert said["training"].text.startswith(f"{level}, the best of this processor, ")
    assert said["search"].state == "fine"
    assert said["thisplusthat"].text.startswith(version("thisplusthat"))
    assert f"numpy {version('numpy')}" in said["required"].text
    assert str(home) in said["home"].text
    assert said["mine"].text.startswith("20 words × 4, index exact")
    assert "[umap]" in said
    assert "[dev]" not in said


def test_a_forced_level_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        level = load_library("embeddings.training").level
    except KernelError as error:
        pytest.skip(str(error))
    forced = "neon" if level == "neon" else "baseline"
    monkeypatch.setenv(FORCED, forced)
    assert found()["training"].text.startswith(f"{forced}, THISPLUSTHAT_KERNEL asks for it")


def test_without_kernels_it_says_what_takes_their_place_and_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, "none")
    said = found()
    assert "gensim learns, five to ten times more slowly. THISPLUSTHAT_KERNEL is none" in said["training"].text
    assert "FAISS indexes and searches" in said["search"].text
    assert {said["training"].state, said["search"].state} == {"less"}


def test_damaged_models_and_impossible_levels_are_wrong(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FORCED, "sse9")
    (home / "models" / "mine" / "vectors.npy").write_bytes(b"short")
    said = found()
    assert "vectors.npy" in said["mine"].text
    assert "can be" in said["training"].text
    assert {said[name].state for name in ("mine", "training", "search")} == {"wrong"}


def test_a_home_that_is_no_folder_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "file"))
    said = found()["home"]
    assert said.state == "wrong"
    assert "cannot be written" in said.text


def test_a_missing_package_of_an_extra_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> str:
        if name in ("umap-learn", "rich"):
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(diagnosis, "version", without)
    said = found()
    text = "without umap-learn. To have it: pip install 'thisplusthat[umap]'"
    assert said["[umap]"] == diagnosis.Finding("Packages", "[umap]", text, diagnosis.State.LESS)
    assert said["missing"].state == "wrong", "a required one is more than less"


def test_values_of_settings_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_KEY", "a-secret")
    said = found()["environment"].text
    assert "THISPLUSTHAT_KEY" in said
    assert "a-secret" not in said
