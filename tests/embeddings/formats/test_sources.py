"""Opening files: packed ones by what is inside, damaged ones refused by name."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files.compression import open_unpacked
from embeddings.formats.sources import Faults, finite_rows, reading


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_are_unpacked_whatever_their_name(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(pack(b"content" * 1000))
    with open_unpacked(path) as file:
        assert file.read() == b"content" * 1000


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_that_are_damaged_are_refused_by_name(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "file.txt"
    content = pack(np.random.default_rng(0).bytes(10_000))
    for damaged in (content[:-100], content[:5000] + b"x" * 100 + content[5100:]):
        path.write_bytes(damaged)
        with pytest.raises(ModelError, match="file.txt"), reading(path), open_unpacked(path) as file:
            file.read()


def test_faults_stop_or_are_counted_and_the_first_few_are_told() -> None:
    with pytest.raises(ModelError, match="file, line 3: it is wrong. Mend the file"):
        Faults(Path("file"), skip=False).skip_row("line 3", "it is wrong.")
    faults = Faults(Path("file"), skip=True)
    for line in range(10):
        faults.skip_row(f"line {line}", "it is wrong.")
    assert (faults.skipped, len(faults.messages)) == (10, 5)


def test_numbers_beyond_32_bits_are_not_finite() -> None:
    assert finite_rows(np.array([[1, 2], [1e39, 2], [np.nan, 1], [np.inf, 1]])).tolist() == [True, False, False, False]
