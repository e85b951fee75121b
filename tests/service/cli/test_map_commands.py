"""``thisplusthat map`` as people run it."""

from pathlib import Path

import numpy as np
from click.testing import CliRunner

from embeddings.models.model import Card, open_model
from embeddings.models.writer import save_model
from embeddings.plotting.vocabulary_map import MapMethod, open_map
from service.cli.command import cli


def test_a_map_is_made_in_the_models_folder_and_progress_is_told_on_standard_error(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    vectors = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    save_model(folder, [f"word{number}" for number in range(50)], vectors, Card("mine"))
    arguments = ["map", str(folder), "--words", "30", "--method", "tsne"]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.stdout.startswith("30 words of mine by tsne, around word")
    assert "mapping mine: writing" in done.stderr
    made = open_map(open_model(folder))
    assert made is not None
    assert len(made.words) == 30
    assert made.parameters.method is MapMethod.TSNE
