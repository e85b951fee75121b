import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.server.earlier_metrics import remove_earlier_metrics

NAME = "thisplusthat-metrics-ab_12xyz"


@pytest.fixture(scope="module")
def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def make(parent: Path, ended: int, *more: str, name: str = NAME, days: float = 2) -> Path:
    folder = parent / name
    folder.mkdir(mode=0o700)
    for file in (f"counter_{ended}.db", f"gauge_livesum_{ended}.db", f"histogram_{ended}.db", *more):
        (folder / file).write_bytes(b"")
    long_ago = time.time() - days * 24 * 3600
    for path in (*folder.iterdir(), folder):
        os.utime(path, (long_ago, long_ago))
    return folder


def test_what_a_killed_server_of_an_earlier_version_left_goes(tmp_path: Path, ended: int) -> None:
    folder, empty = make(tmp_path, ended), tmp_path / "thisplusthat-metrics-00000000"
    empty.mkdir(mode=0o700)
    os.utime(empty, (0, 0))
    (tmp_path / "other").mkdir()
    assert remove_earlier_metrics(tmp_path) == 2
    assert not folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    "given",
    [
        {"name": "thisplusthat-metrics-mine"},
        {"name": "thisplusthat-metrics-ab_12xyz.bak"},
        {"days": 0.5},
        {"more": ("notes.txt",)},
        {"more": (f"counter_{os.getpid()}.db",)},
        {"more": ("counter_1.db",)},
    ],
)
def test_whatever_else_may_be_there_stays(tmp_path: Path, ended: int, given: dict[str, object]) -> None:
    options = dict(given)
    folder = make(tmp_path, ended, *options.pop("more", ()), **options)  # type: ignore[arg-type, misc]
    there = sorted(folder.iterdir())
    assert remove_earlier_metrics(tmp_path) == 0
    assert sorted(folder.iterdir()) == there


def test_folders_open_to_others_or_behind_links_stay(tmp_path: Path, ended: int) -> None:
    (tmp_path / "elsewhere").mkdir()
    target = make(tmp_path / "elsewhere", ended)
    (tmp_path / NAME).symlink_to(target)
    assert remove_earlier_metrics(tmp_path) == 0
    (tmp_path / NAME).unlink()
    opened = make(tmp_path, ended)
    opened.chmod(0o755)
    linked = make(tmp_path, ended, name="thisplusthat-metrics-linked00")
    (linked / "summary_4000000.db").symlink_to(target / f"counter_{ended}.db")
    os.utime(linked, (0, 0))
    assert remove_earlier_metrics(tmp_path) == 0
    assert len(list(target.iterdir())) == len(list(opened.iterdir())) == 3
