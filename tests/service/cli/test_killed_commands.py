"""kill -9 at any moment of any command that writes: what was there opens, the same again succeeds, nothing is left.

An upload is the server's part of it. A push is killed by the tests of ``push``.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

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
    "export again",
    "plot",
    "train",
    "merge",
    "merge over",
    "first query",
    "pull",
    "upload",
    "fetch",
]
MOST = int(os.environ.get("THISPLUSTHAT_TEST_KILLS", "4"))
"""Moments of each command; a large number takes every step."""


@pytest.fixture(scope="module")
def examined(home: Path) -> dict[str, Any]:
    """What the script says of each case: of all in one process, so that what they need is imported once.

    The first of pytest-xdist's workers that needs it runs it, for all.
    """
    folder = home.parent / "killed"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "said").exists():
            command = [sys.executable, str(SCRIPT), str(folder / "case"), str(MOST), *CASES]
            done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=SCRIPT.parents[3])
            assert done.returncode == 0, done.stderr[-3000:]
            (folder / "said").write_text(done.stdout)
    return {told["case"]: told for told in map(json.loads, (folder / "said").read_text().splitlines())}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES)
def test_a_command_that_is_killed_or_has_no_room_loses_nothing(case: str, examined: dict[str, Any]) -> None:
    told = examined[case]
    assert told["killed"] >= min(MOST, told["total"]) // 2
    assert told["problems"] == []
