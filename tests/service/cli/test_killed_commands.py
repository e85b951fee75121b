"""kill -9 at any moment of any command that writes: what was there opens, the same again succeeds, nothing is left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("kill_at_every_step.py")
CASES = [
    "import",
    "import over",
    "index",
    "tune",
    "map",
    "glosses",
    "glosses again",
    "keys add",
    "keys revoke",
    "export",
    "plot",
    "train",
    "first query",
    "fetch",
]
MOST = int(os.environ.get("THISPLUSTHAT_TEST_KILLS", "6"))
"""Moments of each command; a large number takes every step."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", CASES)
def test_a_command_that_is_killed_loses_nothing(case: str, tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), case, str(tmp_path / "case"), str(MOST)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=SCRIPT.parents[3])
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] >= min(MOST, told["total"]) // 2
    assert told["problems"] == []
