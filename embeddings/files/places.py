"""Places on the disk: held by one process at a time, written beside, and put there in one step."""

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings.errors import ModelError
from embeddings.progress import Progress, no_progress

if TYPE_CHECKING:
    from filelock import BaseFileLock

TRAINING_SUFFIX = ".training"
"""Of the folder beside a model that is being trained: no model, though it stands among them."""


def lock_place(
    path: Path, taken: str = "Another process is writing {path}. Wait for it, or stop it."
) -> "BaseFileLock":
    """Hold a place against other processes. Raises `ModelError` if one is there (``taken``), or it is read-only."""
    from filelock import FileLock, Timeout

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file = path.with_name(f".{path.name}.lock")
        lock_file.touch()  # FileLock would wait for a place that cannot be written to
        lock = FileLock(lock_file)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ModelError(taken.format(path=path)) from error
    return lock


@contextmanager
def alone(path: Path, progress: Progress = no_progress) -> Iterator[None]:
    """Prepare what is to be at ``path`` while no other process does; others wait. Raises `ModelError`."""
    from filelock import FileLock, Timeout

    lock_file = path.with_name(f".{path.name}.preparing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file.touch()  # FileLock would wait for ever for a place that cannot be written to
    except OSError as error:
        raise ModelError(
            f"{path} cannot be prepared: {error.strerror}. Set THISPLUSTHAT_HOME to a folder that can be written to."
        ) from error
    lock = FileLock(lock_file)
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another process", 0, 1)
        held = lock.acquire()
    with held:
        yield


def partial_of(path: Path) -> Path:
    """Where the model that is to be at ``path`` is written."""
    return path.with_name(f".{path.name}.partial")


def make_empty(folder: Path) -> None:
    """Make ``folder`` anew. The lock is held, so what stands here was left by a process that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system has no links."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def sync_folder(folder: Path) -> None:
    """See to it that the files of ``folder`` are on the disk."""
    for file in folder.iterdir():
        _sync(file)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(folder: Path, path: Path) -> None:
    """Rename ``folder`` to ``path``; what stood there is exchanged for it in one step and then removed."""
    if not path.exists():
        folder.rename(path)
    elif _exchange(folder, path):
        shutil.rmtree(folder)
    else:
        old = path.with_name(f".{path.name}.old")
        path.rename(old)
        folder.rename(path)
        shutil.rmtree(old)
    _sync(path.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders atomically where the system can (Linux: renameat2 with RENAME_EXCHANGE)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    at_cwd, exchange = -100, 2
    return bool(rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into a `ModelError` that tells what to do."""
    remedies = {
        errno.ENOSPC: "The disk is full. Free some space, or choose a folder on another disk.",
        errno.EDQUOT: "Your share of the disk is used up. Free some space, or choose a folder on another disk.",
        errno.EFBIG: "The file grew larger than this system allows.",
        errno.EROFS: "The disk is read-only. Choose another folder.",
        errno.EACCES: "You have no permission to write there. Choose another folder.",
        errno.EPERM: "You have no permission to write there. Choose another folder.",
    }
    try:
        yield
    except OSError as error:
        remedy = remedies.get(error.errno or 0, f"{error.strerror or error}.")
        raise ModelError(f"{path} cannot be written. {remedy}") from error
