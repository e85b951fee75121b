import hashlib
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files.checksums import FileSum, file_sum


def test_a_sum_is_the_length_and_the_sha256(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"content")
    assert file_sum(file) == FileSum(7, hashlib.sha256(b"content").hexdigest())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone cannot be read: No such file"):
        file_sum(tmp_path / "gone")
