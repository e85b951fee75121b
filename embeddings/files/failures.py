"""Failed reads and writes as errors that name the file and say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from embeddings.errors import ModelError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_CLOSED = {
    errno.EROFS: "The disk is read-only.",
    errno.EACCES: "You have no permission to write there.",
    errno.EPERM: "You have no permission to write there.",
}
_ELSEWHERE = "Choose another folder (what is kept between runs goes to THISPLUSTHAT_HOME)."


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's error of a failed write into a `ModelError` that names ``path`` and says what to do."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be written. {_remedy(path, error)}") from error


def _remedy(path: Path, error: OSError) -> str:
    number = error.errno or 0
    if number in _FULL:
        share = "Your share of the disk" if number == errno.EDQUOT else "The disk"
        return f"{share} is full{_left(path)}. Free some space, or choose a folder on another disk."
    if number in _CLOSED:
        return f"{_CLOSED[number]} {_ELSEWHERE}"
    if number in (errno.ENOENT, errno.ENOTDIR):
        return f"There is no folder {path.parent}, and it cannot be made. {_ELSEWHERE}"
    if number == errno.EFBIG:
        return "The file grew larger than this system allows."
    if number == errno.ENAMETOOLONG:
        return "Its name is too long. Choose a shorter one."
    return f"{error.strerror or error}."


def _left(path: Path) -> str:
    for folder in path.absolute().parents:
        with suppress(OSError):
            import shutil

            return f": {shutil.disk_usage(folder).free / 1e6:,.1f} MB are left in {folder}"
    return ""


@contextmanager
def reading_file(path: Path) -> Iterator[None]:
    """Turn the system's error of a failed read into a `ModelError` that names the file."""
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
