"""The capacity table: what is computed from measured points, and that the manual has what the script prints."""

import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def capacity() -> ModuleType:
    from scripts.benchmark import capacity

    return capacity


def point(words: int) -> dict[str, float]:
    """On the lines 1 ms + 5 ms × millions and 2 s + 40 s × millions, 1,300 bytes a word."""
    millions = words / 1e6
    return {
        "words": words,
        "files_mb": 1300 * millions,
        "without_vectors_mb": 100 * millions,
        "build_seconds": 2 + 40 * millions,
        "query_ms": 1 + 5 * millions,
    }


def test_points_on_a_line_give_that_line_and_what_lies_on_it_further_on(capacity: ModuleType) -> None:
    points = [point(words) for words in (100_000, 400_000, 1_000_000)]
    assert capacity.line(points, "query_ms") == pytest.approx((1, 5e-6))
    assert capacity.estimate(points, 400_000) is points[1]
    assert capacity.estimate(points, 10_000_000) == pytest.approx(point(10_000_000))
    assert capacity.largest_in_process(points) == pytest.approx(9_800_000, abs=1)
    shown = capacity.table(points).splitlines()
    assert shown[-1] == "| 100,000,000 | computed | 10 GB | 130 GB | 67 min | 500 ms | 4 |"
    assert shown[-3].startswith("| 1,000,000 | measured | 200 MB | 1.4 GB | 42 s | 6 ms | 330 |")


def test_the_manual_has_the_table_of_the_measured_points(capacity: ModuleType) -> None:
    page = (ROOT / "docs" / "explanation" / "capacity.md").read_text(encoding="utf-8")
    points = json.loads(capacity.MEASURED.read_text())
    assert capacity.table(points) in page
    assert capacity.model_text(points) in " ".join(page.split())


def test_a_size_is_measured(capacity: ModuleType, glove: object) -> None:
    found = capacity.measure(20_000, 20)
    assert (found["words"], found["dimension"]) == (20_000, 20)
    assert found["files_mb"] - found["without_vectors_mb"] == pytest.approx(20_000 * 20 * 4 / 1e6, abs=0.11)
    assert found["query_ms"] > 0
    assert found["recall"] >= 0.999
