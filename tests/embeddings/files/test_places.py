from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files.places import lock_place, put_in_place


def test_what_stood_there_is_exchanged_for_the_new(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    put_in_place(tmp_path / "new", tmp_path / "old")
    assert [(path.name, (path / "file").read_text()) for path in tmp_path.iterdir()] == [("old", "new")]


def test_a_place_is_held_by_one(tmp_path: Path) -> None:
    with lock_place(tmp_path / "model"), pytest.raises(ModelError, match="Another process is writing"):
        lock_place(tmp_path / "model")
