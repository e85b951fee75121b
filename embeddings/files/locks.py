"""One lock for each place that is written: taken before looking at it, held until the new content is there.

The lock of ``news`` is ``.news.lock`` beside it. Its holder removes it; one that a killed process left behind is taken
over. A file of that name that this program did not write is used, and left as it is.
"""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from embeddings.errors import ModelError
from embeddings.files.failures import writing

_MARK = b"A lock of thisplusthat: a process is writing what stands beside it.\n"
_LONGEST_STEM = 160
"""Bytes of a name that go into the names of its lock and its work folders: a file system allows 255 in all."""


class Lock:
    """A place that is locked until `release`."""

    def __init__(self, path: Path, descriptor: int, file: Path) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._file = file

    def release(self) -> None:
        if self._descriptor is None:
            return
        with suppress(OSError):  # where it cannot be removed, it is the next one's
            if os.pread(self._descriptor, len(_MARK) + 1, 0) == _MARK:
                self._file.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lock_place(
    path: Path,
    taken: str = "Another process is writing {path}. Wait for it, or stop it.",
    *,
    waiting: Callable[[], None] | None = None,
    make_parents: bool = True,
) -> Lock:
    """Hold ``path``. If another process does, call ``waiting`` and wait for it; without ``waiting``, raise `ModelError`
    with ``taken``. Raises `ModelError` as well where nothing can be written.
    """
    if make_parents:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    held = try_lock(path)
    if held is None:
        if waiting is None:
            raise ModelError(taken.format(path=path))
        waiting()
        held = _lock(path, fcntl.LOCK_EX)
        assert held is not None
    return held


def try_lock(path: Path) -> Lock | None:
    """Lock ``path``; None if another process holds it. Raises `ModelError` where nothing can be written."""
    return _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)


def stem_of(path: Path) -> str:
    """The beginning of the names of locks and work folders of ``path``, after a dot."""
    name = os.fsencode(path.name)
    if len(name) <= _LONGEST_STEM:
        return path.name
    import hashlib

    return f"{os.fsdecode(name[: _LONGEST_STEM - 17])}-{hashlib.sha256(name).hexdigest()[:16]}"


def _lock(path: Path, how: int) -> Lock | None:
    file = path.with_name(f".{stem_of(path)}.lock")
    while True:
        with writing(path):
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
        try:
            try:
                fcntl.flock(descriptor, how)
            except OSError as error:
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    os.close(descriptor)
                    return None
                raise ModelError(
                    f"{path} cannot be written: {error.strerror}. Its file system has no locks; choose another folder."
                ) from error
            if _still_there(descriptor, file):
                _sign(descriptor, file, path)
                return Lock(path, descriptor, file)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder has removed it meanwhile


def _sign(descriptor: int, file: Path, path: Path) -> None:
    """Write the owner into a lock file, unless somebody else made it. If that fails, there is no lock."""
    begun = os.pread(descriptor, len(_MARK) + 1, 0)
    if len(begun) == len(_MARK) or not _MARK.startswith(begun):
        return
    try:
        with writing(path):
            done = os.pwrite(descriptor, _MARK, 0)
            if done < len(_MARK):
                os.pwrite(descriptor, _MARK[done:], done)  # raises what the matter is
    except ModelError:
        with suppress(OSError):
            file.unlink()
        raise


def _still_there(descriptor: int, file: Path) -> bool:
    try:
        now = os.stat(file, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), now)
