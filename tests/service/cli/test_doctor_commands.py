"""``thisplusthat doctor``: what is found as a table or as JSON; exit code 1 is for what is wrong alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from embeddings.models.model import Card
from embeddings.models.writer import save_model
from embeddings.native import FORCED
from service.cli.command import cli


def doctor(*options: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *options], catch_exceptions=False)


def test_the_exit_code_is_for_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    monkeypatch.setenv(FORCED, "none")  # slower, and not wrong
    rows = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    save_model(tmp_path / "models" / "mine", [f"w{number}" for number in range(20)], rows, Card("mine"))
    done = doctor()
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "Nothing is wrong.")
    for line in ("System", "Kernels", "Packages", "Models", "  [umap]", "  mine"):
        assert f"\n{line} " in f"\n{done.stdout}"
    (tmp_path / "models" / "mine" / "vectors.npy").write_bytes(b"short")
    done = doctor()
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "1 thing wrong.")
    done = doctor("--json")
    assert done.exit_code == 1
    assert [entry["name"] for entry in json.loads(done.stdout) if entry["state"] == "wrong"] == ["mine"]
