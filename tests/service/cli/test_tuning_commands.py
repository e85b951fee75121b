"""``thisplusthat tune`` as people run it."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from embeddings.errors import ModelError
from embeddings.models.model import Card, read_manifest
from embeddings.models.writer import save_model
from embeddings.native import missing_kernel
from service.cli.command import cli


def test_it_shows_what_it_tried_and_what_it_chose(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    rows = np.random.default_rng(0).normal(size=(1500, 8)).astype(np.float32)
    save_model(folder, [f"word{number}" for number in range(1500)], rows, Card("mine"))
    done = CliRunner().invoke(cli, ["tune", str(folder), "--recall", "0.9"], catch_exceptions=False)
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["index", "lists", "candidates", "recall@10", "ms", "build", "s"]
    assert [line.split()[0] for line in lines[:-1]] == [
        "exact",
        *(["L5/32,4+8", "L10/32,4+8", "L2/32,4+8"] if missing_kernel("embeddings.search") is None else []),
        "PQ4x4fs",
        "PQ8x4fs",
        "OPQ4_8,PQ4x4fs",
        "IVF4,PQ4x4fsr",
        "IVF16,PQ4x4fsr",
    ]
    [chosen] = [line.split()[0] for line in lines[:-1] if line.rstrip().endswith("chosen")]
    assert lines[-1].startswith(f"mine: {chosen} is the fastest with a recall@10 of 0.9: ")
    assert (read_manifest(folder).index.factory or "exact") == chosen
    assert "tuning mine: " in done.stderr


def test_a_service_cannot_be_tuned_from_afar() -> None:
    with pytest.raises(ModelError, match="on the machine that it runs on"):
        CliRunner().invoke(cli, ["tune", "http://127.0.0.1:8000"], catch_exceptions=False)


@pytest.mark.parametrize("command", ["tune", "index"])
def test_what_is_at_a_url_keeps_its_index(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    save_model(tmp_path / "mine", ["a", "b", "c"], np.eye(3), Card("mine"))
    url = f"file://{tmp_path}/mine"
    copy = tmp_path / "home" / "remote" / "mine-0123456789ab"
    save_model(copy, ["a", "b", "c"], np.eye(3), Card("mine"))
    before = (copy / "model.json").read_bytes()
    for place in (url, "s3://bucket/mine", "https://example.org/mine", str(copy)):
        with pytest.raises(ModelError, match="cannot be (tuned|built anew) here. Copy its folder to one of your own"):
            CliRunner().invoke(cli, [command, place], catch_exceptions=False)
    with pytest.raises(ModelError, match="is in Milvus"):
        CliRunner().invoke(cli, [command, "milvus://localhost:19530/mine"], catch_exceptions=False)
    assert (copy / "model.json").read_bytes() == before
    assert sorted(entry.name for entry in (tmp_path / "home" / "remote").iterdir()) == [copy.name]
