import sys
from pathlib import Path

import pytest

from embeddings.errors import MissingExtra
from embeddings.extras import need


def test_what_is_installed_is_imported() -> None:
    assert need("json.decoder", "formats", "Reading JSON") is sys.modules["json.decoder"]


def test_what_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(MissingExtra, match=r"Reading Parquet needs pyarow.*pip install 'thisplusthat\[formats\]'"):
        need("pyarow.parquet", "formats", "Reading Parquet")


def test_a_package_that_is_there_but_broken_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_here.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        need("broken_here", "formats", "Reading Parquet")
