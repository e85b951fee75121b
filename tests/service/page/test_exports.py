"""Answers as people take them away."""

import csv
import io
import shlex

from embeddings import Model, Options, ask
from service.page.exports import as_command, as_csv, as_curl, as_text


def test_text_has_the_query_and_a_line_for_each_result(tiny_model: Model) -> None:
    lines = as_text(ask(tiny_model, "king - man + woman", Options(k=2))).splitlines()
    assert lines[0] == "king - man + woman"
    assert lines[1].startswith("queen\t")
    assert len(lines) == 3
    odd = as_text(ask(tiny_model, "king, queen, bread"))
    assert "bread\t" in odd
    assert "sets it apart: " in odd
    assert "0.5000" in as_text(ask(tiny_model, "king <> queen"))


def test_csv_is_read_by_a_csv_reader(tiny_model: Model) -> None:
    rows = list(csv.reader(io.StringIO(as_csv(ask(tiny_model, "king", Options(k=3))))))
    assert rows[0] == ["word", "score", "rank"]
    assert len(rows) == 4
    rows = list(csv.reader(io.StringIO(as_csv(ask(tiny_model, '"king" <> queen')))))
    assert rows[1] == ['"king" <> queen', "0.500000"]


def test_commands_are_safe_to_paste() -> None:
    query = "-king + it's $(rm) `x`"
    assert shlex.split(as_command(query, {"k": "3", "exact": "true"})) == [
        "thisplusthat", "query", "-k", "3", "--exact", "--", query,
    ]  # fmt: skip
    [curl, address] = shlex.split(as_curl("http://localhost", "it's & more", {"k": "3"}))
    assert (curl, address) == ("curl", "http://localhost/api/v1/query?q=it%27s%20%26%20more&k=3")
