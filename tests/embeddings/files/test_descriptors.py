import os
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files.descriptors import HeldFile, row_reader


def test_rows_are_those_of_the_file_that_was_opened(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    path = tmp_path / "vectors.npy"
    np.save(path, vectors)
    read = row_reader(path, 50, 7)
    np.save(tmp_path / "other.npy", np.zeros_like(vectors))
    (tmp_path / "other.npy").replace(path)
    rows = np.array([49, 0, 3, 3])
    assert (read(rows) == vectors[rows]).all()
    assert read(np.array([], np.int64)).shape == (0, 7)


def test_a_file_that_is_cut_off_or_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    np.save(path, np.ones((50, 7), np.float32))
    read = row_reader(path, 50, 7)
    os.truncate(path, 200)
    with pytest.raises(ModelError, match=r"vectors\.npy has become shorter"):
        read(np.array([0, 49]))
    with pytest.raises(ModelError, match="nothing cannot be read: No such file"):
        HeldFile(tmp_path / "nothing")


def test_the_descriptor_is_given_back(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    file = HeldFile(tmp_path / "a")
    descriptor = file.fileno()
    assert os.pread(descriptor, 1, 0) == b"a"
    del file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
