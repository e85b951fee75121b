"""Uploads as folders that all processes of a service see: what is wanted, what has come, how far the work is."""

import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from embeddings.files import writing
from service.host import UnknownUpload, UploadRefused

KEPT_SECONDS = 3600
"""How long an upload is kept that nobody goes on with, and what became of one that has ended."""
_SERVING_SECONDS = 60
_SECONDS_TO_SAY_WHY = 5
_WANTED, _EVENTS, _PROCESS, _ENDED = "upload.json", "events.jsonl", "process", "ended"
_ID = re.compile(r"[0-9a-f]{16}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class UploadKind(StrEnum):
    """What a file is: vectors to import, or text to train on."""

    VECTORS = "vectors"
    TEXT = "text"


class UploadState(StrEnum):
    """How far an upload is."""

    RECEIVING = "receiving"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What is wanted: a model called ``name`` from a file of ``size`` bytes."""

    name: str
    kind: UploadKind
    size: int
    file_name: str
    corpus: str
    licence: str
    preset: str
    dimension: int | None
    epochs: int | None


class Upload:
    """One upload, in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def wanted(self) -> UploadRequest:
        content = json.loads((self.folder / _WANTED).read_text(encoding="utf-8"))
        return UploadRequest(**content | {"kind": UploadKind(content["kind"])})

    @property
    def file(self) -> Path:
        """What has been received."""
        name = self.wanted.file_name
        return self.folder / f"file-{name if _FILE_NAME.fullmatch(name) else 'unnamed'}"

    @property
    def received(self) -> int:
        """Bytes that have come."""
        try:
            return self.file.stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def state(self) -> UploadState:
        last = self.last_event
        if last in ("done", "failed"):
            return UploadState(last)
        if last == "built":
            return UploadState.WORKING
        if not (self.folder / _PROCESS).exists():
            return UploadState.RECEIVING
        if not self._is_alive():
            if self._ended_just_now():
                return UploadState.WORKING  # who waits for the process says why it ended
            self.tell("failed", {"detail": "The work ended without a message. It may have run out of memory."})
            return UploadState.FAILED
        return UploadState.WORKING

    def append(self, offset: int, part: bytes) -> None:
        """Put the next part to the file. Raises `UploadRefused` if it is not the next, or too much."""
        size = self.wanted.size
        with writing(self.file), self.file.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UploadRefused("Another part of this upload is being received.") from error
            received = file.seek(0, os.SEEK_END)
            if offset != received:
                raise UploadRefused(f"The next part begins at byte {received:,}, and this one at {offset:,}.")
            if received + len(part) > size:
                raise UploadRefused(f"The file should have {size:,} bytes, and this part goes beyond its end.")
            file.write(part)

    def begin(self, process: int) -> None:
        """Remember which process works on it."""
        with writing(self.folder / _PROCESS):
            (self.folder / _PROCESS).write_text(str(process), encoding="ascii")

    @property
    def process(self) -> int | None:
        """The process that works on it, if one began."""
        with suppress(FileNotFoundError, ValueError):  # empty where the server was killed as it wrote it
            return int((self.folder / _PROCESS).read_text(encoding="ascii"))
        return None

    def tell(self, event: str, data: dict[str, Any]) -> None:
        """Add an event for those who watch."""
        line = json.dumps({"event": event, "data": data}, ensure_ascii=False)
        with (self.folder / _EVENTS).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def events(self) -> Iterator[dict[str, Any]]:
        """All events, in their order."""
        try:
            lines = (self.folder / _EVENTS).read_text(encoding="utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            return
        yield from (json.loads(line) for line in lines if line.endswith("\n"))

    @property
    def last_event(self) -> str | None:
        """The name of the last event."""
        names = [str(event["event"]) for event in self.events()]
        return names[-1] if names else None

    @property
    def is_left(self) -> bool:
        """Whether the model was made some time ago, and who was to serve it has not."""
        return self.last_event == "built" and time.time() - (self.folder / _EVENTS).stat().st_mtime > _SERVING_SECONDS

    def drop_file(self) -> None:
        """Remove what was received: it is a model now, or of no use."""
        self.file.unlink(missing_ok=True)

    def _ended_just_now(self) -> bool:
        """Whether the process was seen to be gone for the first time less than some seconds ago."""
        seen = self.folder / _ENDED
        with suppress(FileExistsError):
            seen.touch(exist_ok=False)
        return time.time() - seen.stat().st_mtime < _SECONDS_TO_SAY_WHY

    def _is_alive(self) -> bool:
        process = self.process
        if process is None:
            return False
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return False
        return state.rpartition(")")[2].split()[0] != "Z"


class UploadStore:
    """The uploads of a service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, wanted: UploadRequest) -> Upload:
        """A new upload. Raises `UploadRefused` while another one is under way; but what is wanted again, word for word,
        takes the place of what was being received: whoever sent that was interrupted.
        """
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("w")
        with writing(self.folder), lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._forget_old()
            for other in self.all():
                if other.state is UploadState.RECEIVING and other.wanted == wanted:
                    self.remove(other)
                elif other.state in (UploadState.RECEIVING, UploadState.WORKING):
                    raise UploadRefused(
                        f"The upload {other.id} of '{other.wanted.name}' is under way, and one is taken at a time. "
                        "Wait until it has ended, or DELETE it."
                    )
            upload = Upload(self.folder / secrets.token_hex(8))
            work = upload.folder.with_suffix(".new")
            work.mkdir(mode=0o700)
            (work / _WANTED).write_text(json.dumps(asdict(wanted)), encoding="utf-8")
            work.rename(upload.folder)
        return upload

    def all(self) -> list[Upload]:
        """The uploads that are there."""
        return [Upload(path) for path in sorted(self.folder.glob("*")) if _ID.fullmatch(path.name)]

    def get(self, upload_id: str) -> Upload:
        """One upload. Raises `UnknownUpload`."""
        if not _ID.fullmatch(upload_id) or not (self.folder / upload_id / _WANTED).exists():
            raise UnknownUpload(f"There is no upload '{upload_id[:40]}'.")
        return Upload(self.folder / upload_id)

    def remove(self, upload: Upload) -> None:
        """Forget an upload and all that came with it."""
        shutil.rmtree(upload.folder, ignore_errors=True)

    def _forget_old(self) -> None:
        for path in self.folder.glob("*.new"):
            if _ID.fullmatch(path.stem):  # a server was killed as it made it
                shutil.rmtree(path, ignore_errors=True)
        for upload in self.all():
            latest = max(path.stat().st_mtime for path in (upload.folder, *upload.folder.iterdir()))
            if time.time() - latest > KEPT_SECONDS and upload.state is not UploadState.WORKING:
                self.remove(upload)
