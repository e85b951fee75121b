"""``import``, ``export`` and ``pull`` as commands (as processes: test_command.py)."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli.command import cli


def test_options_of_an_import_are_those_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path / "home"))
    file = tmp_path / "x.txt"
    file.write_text("a 1 2\nb 3 4\nc nan 1\n")
    command = ["import", str(file), "--name", "x", "--format", "glove"]
    run = CliRunner()
    assert "the vector of 'c' holds a value that is not a finite number" in str(run.invoke(cli, command).exception)
    done = run.invoke(cli, [*command, "--on-error", "skip"])
    assert "2 words × 2" in done.stdout
    assert "1 rows left out: something was wrong" in done.stdout
    assert "exists already" in str(run.invoke(cli, [*command, "--on-error", "skip"]).exception)
    done = run.invoke(cli, [*command, "--on-error", "skip", "--overwrite"])
    assert done.exit_code == 0
    out = tmp_path / "out.glove.txt"
    assert run.invoke(cli, ["export", "x", str(out), "--restrict", "1"]).exit_code == 0
    assert out.read_text() == "a 1 2\n"
    assert "There is a model 'x' already" in str(run.invoke(cli, ["pull", "x"]).exception)
