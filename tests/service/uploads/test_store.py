"""Uploads as folders: parts in their order, one at a time, old ones forgotten."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from service.host.problems import UnknownUpload, UploadRefused
from service.uploads.store import KEPT_SECONDS, UploadKind, UploadRequest, UploadState, UploadStore

WANTED = UploadRequest("x", UploadKind.TEXT, 6, "a.txt", "unknown", "unknown", "auto", None, None)


def test_parts_are_taken_in_their_order(tmp_path: Path) -> None:
    upload = UploadStore(tmp_path / "uploads").create(WANTED)
    upload.append(0, b"abc")
    for offset, part in ((0, b"abc"), (4, b"e"), (3, b"defg")):
        with pytest.raises(UploadRefused):
            upload.append(offset, part)
    upload.append(3, b"def")
    assert upload.file.read_bytes() == b"abcdef"
    assert upload.wanted == WANTED
    assert upload.state is UploadState.RECEIVING


def test_one_is_taken_at_a_time_and_what_nobody_goes_on_with_is_forgotten(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads")
    first = store.create(WANTED)
    with pytest.raises(UploadRefused, match=first.id):
        store.create(replace(WANTED, size=7))
    for path in (*first.folder.iterdir(), first.folder):
        os.utime(path, (0, 0))
    assert KEPT_SECONDS > 0
    second = store.create(WANTED)
    assert [upload.id for upload in store.all()] == [second.id]
    with pytest.raises(UnknownUpload):
        store.get(first.id)
    for name in ("..", "../uploads", "0" * 16, ""):
        with pytest.raises(UnknownUpload):
            store.get(name)


def test_a_process_that_is_gone_without_a_word_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.uploads.store._SECONDS_TO_SAY_WHY", 0)
    upload = UploadStore(tmp_path / "uploads").create(WANTED)
    upload.begin(2**22 + 1)  # beyond the largest number of a process
    assert upload.state is UploadState.FAILED
    assert "without a message" in next(upload.events())["data"]["detail"]


def test_what_was_interrupted_can_be_sent_again_at_once(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads")
    first = store.create(WANTED)
    first.append(0, b"abc")
    (tmp_path / "uploads" / f"{'0' * 16}.new").mkdir()
    second = store.create(WANTED)
    assert second.received == 0
    assert sorted(path.name for path in (tmp_path / "uploads").iterdir()) == sorted([second.id, "lock"])
    second.begin(os.getpid())
    with pytest.raises(UploadRefused, match=second.id):
        store.create(WANTED)


def test_an_upload_whose_process_was_never_written_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.uploads.store._SECONDS_TO_SAY_WHY", 0)
    store = UploadStore(tmp_path / "uploads")
    upload = store.create(WANTED)
    (upload.folder / "process").touch()
    assert upload.state is UploadState.FAILED
    assert store.create(WANTED).state is UploadState.RECEIVING


def test_names_of_files_stay_in_the_folder(tmp_path: Path) -> None:
    store = UploadStore(tmp_path / "uploads")
    upload = store.create(replace(WANTED, file_name="../../x"))
    assert upload.file.parent == upload.folder
    store.remove(upload)
    assert store.create(replace(WANTED, file_name="x.txt.gz")).file.name == "file-x.txt.gz"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "uploads").touch()
    with pytest.raises(ModelError, match=r"uploads cannot be written\."):
        UploadStore(tmp_path / "uploads").create(WANTED)
