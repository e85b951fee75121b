"""The work on an upload, in this process."""

from pathlib import Path

import pytest

from embeddings.catalogue import load_model
from service.uploads.job import ProgressEvents, work
from service.uploads.store import UploadKind, UploadRequest, UploadStore


@pytest.mark.parametrize(("content", "last"), [(b"a 1 0\nb 0 1\n", "built"), (b"a 1 0\nb 0\n", "failed")])
def test_what_became_of_it_is_told_and_the_file_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, last: str
) -> None:
    monkeypatch.setenv("THISPLUSTHAT_HOME", str(tmp_path))
    wanted = UploadRequest("two", UploadKind.VECTORS, len(content), "", "mine", "CC0", "auto", None, None)
    upload = UploadStore(tmp_path / "uploads").create(wanted)
    upload.append(0, content)
    work(upload)
    events = list(upload.events())
    assert events[-1]["event"] == last
    assert not upload.file.exists()
    if last == "built":
        assert load_model("two").manifest.card.corpus == "mine"
    else:
        assert str(tmp_path) not in events[-1]["data"]["detail"]


def test_progress_is_told_once_a_stage_and_then_now_and_again(tmp_path: Path) -> None:
    wanted = UploadRequest("two", UploadKind.VECTORS, 1, "", "", "", "auto", None, None)
    upload = UploadStore(tmp_path).create(wanted)
    progress = ProgressEvents(upload)
    for stage in ("reading", "writing"):
        for done in range(1000):
            progress(stage, done, 1000)
    stages = [event["data"]["stage"] for event in upload.events()]
    assert stages[0] == "reading"
    assert "writing" in stages
    assert len(stages) < 100
