import errno
import os
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files.failures import reading_file, writing


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, r"disk is full: [\d,.]+ MB are left in .*\. Free some space"),
        (errno.EDQUOT, "share of the disk is full"),
        (errno.EROFS, "read-only.*THISPLUSTHAT_HOME"),
        (errno.EACCES, "no permission.*THISPLUSTHAT_HOME"),
        (errno.EFBIG, "larger than this system allows"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_failed_write_says_what_is_missing(tmp_path: Path, number: int, told: str) -> None:
    with pytest.raises(ModelError, match=rf"news cannot be written\. .*{told}"), writing(tmp_path / "news"):
        raise OSError(number, os.strerror(number))


def test_a_failed_read_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gone cannot be read: No such file"), reading_file(tmp_path / "gone"):
        (tmp_path / "gone").read_bytes()
