from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.files import HeldFile
from embeddings.search.faiss_codes import build_codes
from embeddings.search.faiss_file import check_codes

COUNT, DIMENSION = 450, 6
FACTORIES = ("PQ3x4fs", "PQ6x4fs", "PQ2x4fs", "OPQ3_6,PQ3x4fs", "IVF4,PQ3x4fsr")


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    vectors = np.random.default_rng(0).normal(size=(COUNT, DIMENSION)).astype(np.float32)
    return {name: faiss.serialize_index(build_codes(vectors, name, 0)).tobytes() for name in FACTORIES}


def check(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    check_codes(HeldFile(path), path, COUNT, DIMENSION)


@pytest.mark.parametrize("name", FACTORIES)
def test_what_is_built_passes_and_nothing_shorter_or_longer(
    tmp_path: Path, contents: dict[str, bytes], name: str
) -> None:
    content = contents[name]
    check(tmp_path / "codes", content)
    for changed in (b"", content[:3], content[:40], content[: len(content) // 2], content[:-1], content + b"\0"):
        with pytest.raises(ModelError, match="codes"):
            check(tmp_path / "codes", changed)


@pytest.mark.parametrize("name", FACTORIES)
def test_no_number_of_the_beginning_can_be_another(tmp_path: Path, contents: dict[str, bytes], name: str) -> None:
    """Up to the numbers that were learned: kind, rows, dimensions, lists, codes and sizes."""
    content = contents[name]
    learned = {"IxPT": 54, "IwPf": 98}.get(content[:4].decode(), 69)
    allowed = range(45, 53) if name.startswith("IVF") else ()  # how many lists are read at first
    for place in (place for place in range(learned) if place not in allowed):
        with pytest.raises(ModelError, match="codes"):
            check(tmp_path / "codes", content[:place] + bytes([content[place] ^ 0x82]) + content[place + 1 :])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("PQ3x4fs", lambda content: content[:69] + b"\xff" * 4 + content[73:]),  # NaN among the centroids
        ("IVF4,PQ3x4fsr", lambda content: content[:-16] + b"\0" * 16),
    ],
)
def test_learned_numbers_are_finite_and_codes_may_be_any(
    tmp_path: Path, contents: dict[str, bytes], name: str, change: Callable[[bytes], bytes]
) -> None:
    if name.startswith("IVF"):
        check(tmp_path / "codes", change(contents[name]))
    else:
        with pytest.raises(ModelError, match="damaged near byte"):
            check(tmp_path / "codes", change(contents[name]))


def test_each_row_is_in_one_list(tmp_path: Path, contents: dict[str, bytes]) -> None:
    content = contents["IVF4,PQ3x4fsr"]
    ids = content.index(b"ilbl") + 4 + 32 + 8
    for row in (COUNT, -1, int.from_bytes(content[ids + 8 : ids + 16], "little")):
        with pytest.raises(ModelError, match="damaged near byte"):
            check(tmp_path / "codes", content[:ids] + row.to_bytes(8, "little", signed=True) + content[ids + 8 :])
