"""Lines from a pipe: whole ones as they come, in batches."""

import io
import os

from embeddings import Options
from embeddings.models.model import Model
from service.cli.asker import OpenedModel
from service.cli.pipe import _batches, answer_lines


def pipe(content: bytes) -> io.BufferedReader:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return os.fdopen(reading, "rb")


def test_lines_that_are_cut_by_a_chunk_are_whole_again() -> None:
    lines = [f"line {number}".encode() for number in range(3000)]
    with pipe(b"\n".join(lines)) as source:
        batches = list(_batches(source))
    assert [line for batch in batches for line in batch] == lines
    assert max(map(len, batches)) == 512


def test_answers_and_whether_all_queries_had_one(tiny_model: Model) -> None:
    for content, all_answered in ((b"king\nqueen\n", True), (b"king\nnowhere\n", False), (b"\xff\nking", False)):
        out = io.StringIO()
        with pipe(content) as source:
            assert answer_lines(OpenedModel(tiny_model), Options(), source, out, as_json=False) is all_answered
        assert len(out.getvalue().splitlines()) == 2
