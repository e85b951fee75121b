"""Rows in clusters and their index of lists, for the tests of the search kernel."""

import struct
from pathlib import Path

import numpy as np
import pytest

from embeddings.search.brute_force import Matrix
from embeddings.search.index_building import build_index
from embeddings.search.list_building import build_lists, list_factory
from embeddings.search.list_file import LISTS_FILE, Lists, write_lists
from embeddings.search.report import IndexParameters, IndexReport


def clustered(count: int, dimension: int, seed: int = 0) -> Matrix:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(100, dimension))[rng.integers(0, 100, count)] + 0.6 * rng.normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def written_with(lists: Lists, folder: Path, field: int, *values: int) -> Path:
    """The file of ``lists`` with other numbers from the ``field``-th on in its head."""
    path = folder / LISTS_FILE
    path.unlink(missing_ok=True)
    write_lists(lists, path)
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{len(values)}q", content, 8 * field, *values)
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def rows27() -> Matrix:
    return clustered(12_000, 27)


@pytest.fixture(scope="session")
def lists(rows27: Matrix) -> Lists:
    return build_lists(rows27, list_factory(*rows27.shape), 0)


@pytest.fixture(scope="session")
def folder(rows27: Matrix, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IndexReport]:
    folder = tmp_path_factory.mktemp("lists")
    return folder, build_index(rows27, IndexParameters("lists"), folder)
