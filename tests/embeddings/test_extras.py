import sys
import tomllib
from pathlib import Path

import pytest

from embeddings.errors import MissingExtra
from embeddings.extras import EXTRAS, missing_extra, need


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


def test_every_extra_is_one_of_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for package, extra in EXTRAS.items():
        names = {
            requirement.partition(">")[0].replace("-", "_") for requirement in project["optional-dependencies"][extra]
        }
        assert {"sklearn": "umap_learn", "umap": "umap_learn"}.get(package, package) in names
    base = {requirement.partition(">")[0].replace("-", "_") for requirement in project["dependencies"]}
    assert not base & set(EXTRAS)


def test_only_packages_of_extras_are_explained() -> None:
    found = missing_extra(ModuleNotFoundError("No module named 'scipy.stats'", name="scipy.stats"))
    assert str(found) == "This needs scipy, which is not installed. Run: pip install 'thisplusthat[train]'"
    assert missing_extra(ModuleNotFoundError("No module named 'nowhere'", name="nowhere")) is None


def test_names_of_modules_that_are_imported_late_are_there_all_the_same() -> None:
    import embeddings.models

    assert embeddings.models.ModelWriter.__module__ == "embeddings.models.writer"
    with pytest.raises(AttributeError, match=r"'embeddings\.models' has no attribute 'ModelReader'"):
        embeddings.models.ModelReader  # noqa: B018
