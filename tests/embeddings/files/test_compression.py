import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from embeddings.errors import ModelError
from embeddings.files.compression import open_unpacked


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_known_by_its_content(tmp_path: Path, pack) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "named-as-nothing"
    file.write_bytes(pack(b"some text\n" * 100))
    with open_unpacked(file) as opened:
        assert opened.read() == b"some text\n" * 100


def test_a_zip_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"PK\x03\x04....")
    with pytest.raises(ModelError, match="zip archive"), open_unpacked(file) as opened:
        opened.read()
