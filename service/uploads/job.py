"""The work on an upload, in a process of its own: python -m service.uploads.job FOLDER SECONDS."""

import signal
import sys
import time
from pathlib import Path

from embeddings import EmbeddingsError
from embeddings.catalogue import model_path
from embeddings.models import Card
from service.uploads.store import Upload, UploadKind, UploadRequest

_PAUSE = 0.5
"""Seconds between two events of progress within a stage."""


class ProgressEvents:
    """Tells how far the work is: each stage, and within it not too often."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._stage, self._told = "", 0.0

    def __call__(self, stage: str, done: float, total: float) -> None:
        now = time.monotonic()
        if stage != self._stage or now - self._told >= _PAUSE:
            self._stage, self._told = stage, now
            self._upload.tell("progress", {"stage": stage, "done": done, "total": total})


def work(upload: Upload) -> None:
    """Make the model that is wanted, and tell what became of it."""
    wanted = upload.wanted
    progress = ProgressEvents(upload)
    try:
        if wanted.kind is UploadKind.VECTORS:
            _import(upload, wanted, progress)
        else:
            _train(upload, wanted, progress)
    except EmbeddingsError as error:
        detail = str(error).replace(str(upload.folder), "").replace("/file-", "")
        upload.tell("failed", {"detail": detail})
    else:
        upload.tell("built", {"model": wanted.name})
    finally:
        upload.drop_file()


def _import(upload: Upload, wanted: UploadRequest, progress: ProgressEvents) -> None:
    from embeddings.formats import import_file

    card = Card(wanted.name, corpus=wanted.corpus, licence=wanted.licence)
    import_file(upload.file, model_path(wanted.name), card, progress=progress)


def _train(upload: Upload, wanted: UploadRequest, progress: ProgressEvents) -> None:
    from embeddings.training import Job, Note, Status, train

    given = {"vector_size": wanted.dimension, "epochs": wanted.epochs}

    def watch(event: Status | Note) -> None:
        if isinstance(event, Status):
            progress(event.stage, event.done, event.total)
        else:
            upload.tell("note", {"text": event.text})

    job = Job(
        places=(str(upload.file),),
        preset=wanted.preset,
        training={name: value for name, value in given.items() if value is not None},
        evaluate=False,
    )
    train(job, model_path(wanted.name), watcher=watch)


def main(folder: str, seconds: str) -> None:
    """Work, and be ended after so many seconds, whoever watches."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(seconds))
    work(Upload(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
