from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.native import FORCED
from embeddings.search.brute_force import Matrix
from embeddings.search.index_building import build_index, settings_to_try
from embeddings.search.report import IndexParameters


def rows(count: int, dimension: int) -> Matrix:
    drawn = np.random.default_rng(0).normal(size=(count, dimension)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_an_unknown_kind_and_an_unreachable_recall_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="auto, exact, lists, fastscan or ivf"):
        build_index(rows(3000, 12), IndexParameters(kind="annoy"), tmp_path)
    with pytest.raises(ModelError, match="below the wanted"):
        build_index(rows(3000, 8), IndexParameters(kind="fastscan", recall=1.0), tmp_path)


def test_what_is_tried_goes_by_the_rows_and_by_whether_there_is_a_kernel(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert settings_to_try(rows(999, 4)) == [("exact", None)]
    kinds = {kind for kind, _ in settings_to_try(rows(3000, 12))}
    assert {"exact", "lists", "fastscan"} <= kinds
    monkeypatch.setenv(FORCED, "none")
    assert {kind for kind, _ in settings_to_try(rows(3000, 12))} == kinds - {"lists"}
    assert "The search kernel is missing" in caplog.text
