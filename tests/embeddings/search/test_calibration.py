"""How far searches must go: with the wanted recall, and where rows are equals."""

import numpy as np

from embeddings.search.brute_force import Matrix
from embeddings.search.calibration import measure_lists
from embeddings.search.list_building import build_lists
from embeddings.search.list_file import Lists
from embeddings.search.recall import SearchKind, measured_targets
from embeddings.search.report import IndexParameters


def test_searches_go_as_far_as_the_wanted_recall_takes(rows27: Matrix, lists: Lists) -> None:
    targets = measured_targets(rows27, IndexParameters())
    near, recall_near = measure_lists(lists, rows27, targets, 0.9)
    far, recall_far = measure_lists(lists, rows27, targets, 0.999)
    for asked in SearchKind:
        assert near[asked].reach <= far[asked].reach
        assert recall_near[asked] >= 0.9
        assert recall_far[asked] >= 0.999


def test_of_rows_that_are_equals_any_is_right() -> None:
    rng = np.random.default_rng(0)
    distinct = rng.normal(size=(100, 12)).astype(np.float32)
    rows = np.tile(distinct / np.linalg.norm(distinct, axis=1, keepdims=True), (40, 1))
    lists = build_lists(rows, "L20/32,6+8", 0)
    kinds = (SearchKind.NEIGHBOURS,)
    _, recalls = measure_lists(lists, rows, measured_targets(rows, IndexParameters(targets=90), kinds), 0.999)
    assert recalls == {SearchKind.NEIGHBOURS: 1.0}
