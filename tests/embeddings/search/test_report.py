import json

from embeddings.search.report import IndexParameters, IndexReport


def test_a_report_reads_back_from_json_and_older_ones_have_no_reach() -> None:
    report = IndexReport("lists", "L9,8x8", 0, 0.9995, 1.5, IndexParameters(), reach_for={"analogy": [0.7, 0.01]})
    content = json.loads(json.dumps(report.as_dict()))
    content["parameters"] = IndexParameters(**content["parameters"])
    assert IndexReport(**content) == report
    del content["reach_for"]
    assert IndexReport(**content).reach_for == {}
