"""The example file of the public API gives what it says; the type checker reads it in `make check`."""

import runpy
import tomllib
from pathlib import Path

import pytest

from embeddings import Model

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "public_api.py"


def test_the_example_of_the_public_api_runs(tiny_model: Model, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLE))["main"](str(tiny_model.folder))
    nearest, cosine, wrong, words = capsys.readouterr().out.splitlines()
    assert nearest.startswith("['queen'")
    assert cosine == "0.5"
    assert wrong.startswith("column ")
    assert words == "['queen', None]"


def test_the_type_checker_reads_the_example() -> None:
    files = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
    assert "docs/examples" in files
