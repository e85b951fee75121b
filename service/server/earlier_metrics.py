"""Folders of metrics in the temporary folder: versions before shared memory left one whenever they were killed."""

import os
import re
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_FOLDER = re.compile(r"thisplusthat-metrics-[a-z0-9_]{8}")
_FILE = re.compile(r"(?:counter|histogram|summary|gauge_[a-z]+)_([0-9]{1,10})\.db")
"""What prometheus_client wrote there, with the process that wrote it."""
_OLD_SECONDS = 24 * 3600


def remove_earlier_metrics(parent: Path | None = None) -> int:
    """Remove what servers of earlier versions left in the temporary folder (``parent`` in tests); gives how many.

    Only a folder that such a server alone can have made goes: of this user and closed to others, a day old, with
    nothing in it but its files, whose processes have ended. A link is never followed.
    """
    top = parent or Path(tempfile.gettempdir())
    removed = 0
    for path in sorted(top.glob("thisplusthat-metrics-*")):
        with suppress(OSError):  # it is another user's, no folder, or gone by now
            if _FOLDER.fullmatch(path.name) and _remove(path):
                removed += 1
    return removed


def _remove(path: Path) -> bool:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        about = os.fstat(folder)
        if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) != 0o700:
            return False
        names = os.listdir(folder)
        files = [os.stat(name, dir_fd=folder, follow_symlinks=False) for name in names]
        newest = max(entry.st_mtime for entry in (about, *files))
        processes = [_FILE.fullmatch(name) for name in names]
        if not all(processes) or not all(stat.S_ISREG(file.st_mode) for file in files):
            return False
        if time.time() - newest < _OLD_SECONDS or any(_runs(int(found[1])) for found in processes if found):
            return False
        for name in names:
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(folder)
    path.rmdir()
    return True


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
