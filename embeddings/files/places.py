"""Files and folders are written beside their place and renamed: a reader sees the old or the new, never half.

What is being written is in a work folder, ``.news.writing-`` and sixteen random digits, with a marker in it that says
whose it is. Without the marker nothing is ever removed or used again, whatever its name. A process that is killed
leaves its work folder behind; the next one that writes into the same folder sees by the lock that nobody works in it,
and removes it.
"""

import ctypes
import errno
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embeddings.errors import ModelError
from embeddings.files.failures import writing
from embeddings.files.locks import stem_of, try_lock

MARKER = ".thisplusthat-work"
_MARK = "A work folder of thisplusthat: the program made it, and removes it with all that is in it."
_WRITING, _FETCHING = "writing", "fetching"
_LEFT_BEHIND = re.compile(rf"\.(?P<stem>.+)\.{_WRITING}-[0-9a-f]{{16}}", re.DOTALL)
_REPLACED = "replaced"
_MODEL = re.compile(rb'\s*\{\s*"format_version"\s*:\s*\d')
_AT_CWD, _NO_REPLACE, _EXCHANGE = -100, 1, 2


def place_of(path: Path) -> Path:
    """The real place of ``path``: absolute, and with a final link followed."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path.absolute()


# ---- Work folders


def mark(folder: Path, purpose: str = _WRITING) -> None:
    """Make ``folder``, which must not exist, as a work folder."""
    folder.mkdir()
    try:
        (folder / MARKER).write_text(f"{_MARK}\n{purpose}\n", encoding="utf-8")
    except OSError:
        _remove_unmarked(folder)
        raise


def is_work_folder(folder: Path) -> bool:
    """Whether ``folder`` is a work folder of this program."""
    marker = folder / MARKER
    try:
        if folder.is_symlink() or marker.is_symlink() or not marker.is_file():
            return False
        with marker.open("rb") as file:
            return file.read(len(_MARK)) == _MARK.encode()
    except OSError:
        return False


def is_old_training(folder: Path) -> bool:
    """Whether ``folder`` is a training that was stopped in version 0.1, whose work folders had no marker."""
    return folder.suffix == ".training" and (folder / "job.json").is_file() and not is_work_folder(folder)


def made_by_program(folder: Path) -> bool:
    """Whether ``folder`` is a work folder or a model, not something that a user wrote."""
    manifest = folder / "model.json"
    try:
        if manifest.is_file():
            with manifest.open("rb") as file:
                return _MODEL.match(file.read(200)) is not None
    except OSError:
        return False
    return is_work_folder(folder)


def output_folder_of(path: Path, made: Callable[[Path], bool] = made_by_program) -> Path | None:
    """The folder that ``path`` is, or is in, which the program made: an output is never an input. None if there is
    none. ``made`` may be `made_by_program` with a memory, where many files are asked for.
    """
    path = path.absolute()
    return next((folder for folder in (path, *path.parents) if made(folder)), None)


def remove_work_folder(folder: Path) -> None:
    """Remove a work folder and all that is in it, its marker last; nothing happens to any other folder."""
    if not is_work_folder(folder):
        return
    with suppress(OSError):  # what cannot be removed now stays marked
        for entry in list(os.scandir(folder)):
            if entry.name == MARKER:
                continue
            if entry.is_dir(follow_symlinks=False):
                from shutil import rmtree

                rmtree(entry.path)
            else:
                os.unlink(entry.path)
        (folder / MARKER).unlink()
        folder.rmdir()


@contextmanager
def work_folder(path: Path) -> Iterator[Path]:
    """A new folder beside ``path`` to write the new content in. It is removed at the end, whatever happens.

    Hold the lock of ``path``. Remains of killed processes in the same folder are removed first.
    """
    _sweep(path)
    folder = path.with_name(f".{stem_of(path)}.{_WRITING}-{os.urandom(8).hex()}")
    with writing(path):
        mark(folder)
    try:
        yield folder
    finally:
        remove_work_folder(folder)


def fetching_folder(path: Path) -> Path:
    """The work folder of ``path`` that outlives its process, so that another one can go on with it; made if there is
    none. `end_fetching` is for its end.
    """
    _sweep(path)
    begun = _fetching(path)
    if begun:
        return begun[0]
    with writing(path):
        folder = path.with_name(f".{stem_of(path)}.{_FETCHING}-{os.urandom(8).hex()}")
        mark(folder, _FETCHING)
    return folder


def end_fetching(path: Path) -> None:
    """Remove the `fetching_folder` of ``path``, if there is one. Hold the lock."""
    for folder in _fetching(path):
        remove_work_folder(folder)


def _fetching(path: Path) -> list[Path]:
    pattern = re.compile(rf"\.{re.escape(stem_of(path))}\.{_FETCHING}-[0-9a-f]{{16}}")
    with writing(path):
        folders = [path.with_name(entry) for entry in sorted(os.listdir(path.parent)) if pattern.fullmatch(entry)]
    for folder in folders:
        _remove_unmarked(folder)
    return [folder for folder in folders if is_work_folder(folder)]


def _sweep(path: Path) -> None:
    """Remove the remains of killed processes from the folder of ``path``, whose lock is held, for all places that
    nobody is writing.
    """
    with writing(path):
        found = [match for entry in os.listdir(path.parent) if (match := _LEFT_BEHIND.fullmatch(entry))]
    for entry, stem in ((match[0], match["stem"]) for match in found):
        if stem == stem_of(path):
            _remove_left_behind(path.with_name(entry), path)
            continue
        with suppress(ModelError):  # its lock is not to be had
            lock = try_lock(path.with_name(stem))
            if lock is not None:
                with lock:
                    _remove_left_behind(path.with_name(entry), None)


def _remove_left_behind(folder: Path, path: Path | None) -> None:
    replaced = folder / _REPLACED
    if path is None and replaced.exists():
        return  # the next writer of that place puts it back
    if path is not None and replaced.exists() and is_work_folder(folder) and not os.path.lexists(path):
        with writing(path):
            replaced.rename(path)
    remove_work_folder(folder)
    _remove_unmarked(folder)


def _remove_unmarked(folder: Path) -> None:
    """Remove a folder whose maker was killed before its marker was whole: it is empty otherwise."""
    with suppress(OSError):
        marker = folder / MARKER
        if os.listdir(folder) == [MARKER] and marker.is_file() and not marker.is_symlink():
            begun = marker.read_bytes() if os.lstat(marker).st_size < len(_MARK) else b"?"
            if _MARK.encode().startswith(begun):
                marker.unlink()
        folder.rmdir()


# ---- Putting in place


@contextmanager
def file_in_place(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Where to write the file that is to be at ``path``, whose lock is held; it is put there when the block ends
    without an error. Raises `ModelError`.
    """
    with work_folder(path) as folder, writing(path):
        new = folder / path.name
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield new
        sync(new)
        put_in_place(new, path)


def put_in_place(new: Path, path: Path) -> None:
    """Rename ``new``, a file or a folder of a work folder, to ``path``; what stood there is exchanged for it in one
    step and goes with the work folder.
    """
    if not os.path.lexists(path):
        if not _renamed(new, path, _NO_REPLACE):
            new.rename(path)
    elif not new.is_dir():
        new.replace(path)
    elif not _renamed(new, path, _EXCHANGE):
        # A system that cannot exchange: if this process is killed in between, the next writer puts the old one back.
        path.rename(new.with_name(_REPLACED))
        new.rename(path)
    sync(path.parent)


def _renamed(one: Path, other: Path, flags: int) -> bool:
    """Rename with ``flags`` if the system supports them (Linux: renameat2). Raises OSError if it does but fails."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL):
        return False
    raise OSError(number, os.strerror(number), str(other))


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it if the file system has no links."""
    try:
        target.hardlink_to(source)
    except OSError:
        from shutil import copyfile

        copyfile(source, target)


def carry_over(old: Path, new: Path, own: Collection[str]) -> None:
    """Give ``new`` all that is in the folder ``old`` but for the program's ``own`` files: a user has put it there."""
    if not old.is_dir():
        return
    from shutil import copy2, copytree

    for entry in sorted(os.scandir(old), key=lambda entry: entry.name):
        target = new / entry.name
        if entry.name in own or os.path.lexists(target):
            continue
        if entry.is_dir(follow_symlinks=False):
            copytree(entry.path, target, symlinks=True)
        elif entry.is_symlink() or entry.is_file():
            copy2(entry.path, target, follow_symlinks=False)


def sync_folder(folder: Path) -> None:
    """Make sure that the files of ``folder`` are on disk."""
    for file in folder.iterdir():
        if file.is_symlink():
            continue
        if file.is_dir():
            sync_folder(file)
        else:
            sync(file)
    sync(folder)


def sync(path: Path) -> None:
    """Make sure that a file, or the list of names in a folder, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
