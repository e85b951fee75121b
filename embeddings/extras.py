"""Packages that come with an extra: imported where they are needed, or named where they are missing."""

from importlib import import_module
from typing import Any

from embeddings.errors import MissingExtra


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
        raise MissingExtra(
            f"{what} needs {package}, which is not installed. Run: pip install 'thisplusthat[{extra}]'"
        ) from error
