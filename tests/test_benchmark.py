"""The benchmark and the other scripts, run small: every part gives its figures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*arguments: str | Path) -> str:
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.usefixtures("glove")
def test_every_part_gives_its_figures(tmp_path: Path) -> None:
    output = tmp_path / "benchmark.json"
    shown = run("scripts/benchmark.py", "--rows", "4000", "--queries", "60", "--output", output)
    found = json.loads(output.read_text())
    assert found["rows"] == 4000
    assert set(found) >= {"machine", "search", "build", "open", "cli", "evaluate"}
    for name in ("gensim most_similar", "numpy, brute force", "this project"):
        assert name in shown
        assert found["search"]["whole query"][name]["p50_ms"] <= found["search"]["whole query"][name]["p99_ms"]
    assert found["search"]["recall@10"] == 1  # so few rows are searched exactly
    accuracy = found["evaluate"]["accuracy %"]
    assert accuracy["gensim"] == accuracy["this project"] == accuracy["this project, exact"] > 0
    assert found["open"]["this project"]["open_ms"] > 0
    assert found["open"]["gensim, load"]["peak_mb"] > 0


@pytest.mark.usefixtures("glove")
def test_scripts_are_the_commands() -> None:
    assert "Usage: thisplusthat evaluate" in run("scripts/evaluate.py", "--help")
    assert "Usage: thisplusthat index" in run("scripts/build_index.py", "--help")
