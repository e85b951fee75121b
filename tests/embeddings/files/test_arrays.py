"""A .npy file is just what is expected, or refused by name; nothing that its header says is taken on trust."""

import os
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files.arrays import open_array, open_regular, save_array


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_array(tmp_path / "a.npy", np.arange(6, dtype=np.float32).reshape(2, 3))
    return tmp_path / "a.npy"


def test_numpy_reads_what_is_saved_and_the_other_way_round(path: Path) -> None:
    assert np.load(path).tolist() == open_array(path, np.float32, (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
    for array in (np.arange(5, dtype=np.uint64), np.zeros((0, 4), np.float32), np.asfortranarray(np.ones((2, 3)))):
        np.save(path, np.ascontiguousarray(array))
        assert open_array(path, array.dtype.type, array.shape).tolist() == array.tolist()
        save_array(path, array)
        assert np.load(path).tolist() == array.tolist()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"(2, 3)", b"(3, 2)", r"holds <f4 \[3, 2\] where <f4 \[2, 3\] is expected"),
        (b"(2, 3)", b"(-2, 3)", "does not begin as a .npy file"),
        (b"(2, 3), }  ", b"(2, 99), } ", r"holds <f4 \[2, 99\]"),
        (b"(2, 3)", b"(2, 3,)", "does not begin|is expected|has .* bytes"),
        (b"<f4", b"|O8", "holds |O8"),
        (b"<f4", b">f4", "holds >f4"),
        (b"False, 'shape': (2, 3), }  ", b"True, 'shape': (2, 3), }   ", "by columns"),
        (b"NUMPY", b"NUMPX", "does not begin"),
        (b"\x01\x00v\x00", b"\x01\x00w\x00", "does not begin"),
        (b"{'descr'", b"{[descr'", "does not begin"),
    ],
)
def test_a_header_that_says_something_else_is_refused(path: Path, old: bytes, new: bytes, told: str) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(ModelError, match=rf"a\.npy .*({told})"):
        open_array(path, np.float32, (2, 3))


def test_a_header_of_absurd_length_or_depth_is_refused(path: Path) -> None:
    for header in (b"(" * 60_000, b"9" * 60_000, b"{'descr': '<f4', 'shape': (" + b"9" * 5000 + b",)}"):
        path.write_bytes(b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header)
        with pytest.raises(ModelError, match="does not begin"):
            open_array(path, np.float32, (2, 3))


def test_a_file_that_is_short_or_long_is_refused(path: Path) -> None:
    for size in (0, 5, 100, 128, 151, 153):
        os.truncate(path, size)
        with pytest.raises(ModelError, match=r"a\.npy"):
            open_array(path, np.float32, (2, 3))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(ModelError, match="no file"):
            open_regular(path)
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        open_regular(tmp_path / "gone")
