import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from embeddings.models.model import Card, open_model
from embeddings.models.writer import save_model
from service.cli.command import cli


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    numbers = np.random.default_rng(1)
    words = [f"w{number}" for number in range(400)]
    hidden = numbers.standard_normal((400, 6))
    for name, width, count in (("one", 8, 400), ("two", 5, 300)):
        vectors = hidden[:count] @ numbers.standard_normal((6, width))
        save_model(tmp_path / name, words[:count], vectors, Card(name, corpus="news", licence="MIT"))
    return str(tmp_path / "one"), str(tmp_path / "two")


def test_models_become_one(two: tuple[str, str], tmp_path: Path) -> None:
    arguments = ["merge", *two, "--out", str(tmp_path / "both"), "--dimension", "6", "--weights", "1,0.5"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == 0, done.output
    assert "both: 400 words × 6 of one, two" in done.output
    card = json.loads((tmp_path / "both" / "model.json").read_text())
    assert (card["method"], card["corpus"], card["licence"]) == ("meta-embedding", "news", "MIT")
    assert card["parameters"]["weights"] == [1.0, 0.5]
    assert len(open_model(tmp_path / "both")) == 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--weights", "1"], "2 models and 1 weights"),
        (["--weights", "1,x"], "numbers separated by commas"),
        (["--dimension", "0"], "0 dimensions are too many or too few"),
        (["--weights", "1,-1"], "above 0"),
    ],
)
def test_wrong_parameters_are_said_and_nothing_is_written(
    two: tuple[str, str], tmp_path: Path, options: list[str], said: str
) -> None:
    done = CliRunner().invoke(cli, ["merge", *two, "--out", str(tmp_path / "both"), *options])
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == ["one", "two"]
