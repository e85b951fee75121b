import json

import pytest

from embeddings.search.report import IndexParameters, IndexReport


def test_a_report_reads_back_from_json_and_older_ones_have_no_reach() -> None:
    report = IndexReport("lists", "L9,8x8", 0, 0.9995, 1.5, IndexParameters(), reach_for={"analogy": [0.7, 0.01]})
    content = json.loads(json.dumps(report.as_dict()))
    content["parameters"] = IndexParameters(**content["parameters"])
    assert IndexReport(**content) == report
    del content["reach_for"]
    assert IndexReport(**content).reach_for == {}


@pytest.mark.parametrize(
    "change",
    [
        {"candidates": 0},
        {"candidates": True},
        {"candidates_for": {"first": -1}},
        {"probes": -1},
        {"recall": float("nan")},
        {"parameters": None},
        {"reach_for": {"first": "12"}},
        {"more": 1},
    ],
)
def test_a_report_that_cannot_be_is_refused(change: dict[str, object]) -> None:
    content = IndexReport("fastscan", "PQ4x4fs", 60, 0.999, 1.5, IndexParameters()).as_dict()
    assert IndexReport.from_dict(content).as_dict() == content
    with pytest.raises((TypeError, ValueError)):
        IndexReport.from_dict(content | change)
