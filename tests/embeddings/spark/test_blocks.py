"""What workers do with their pieces of the text, against the same over the whole of it."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow

from embeddings.spark.blocks import (
    CLEANED_SCHEMA,
    RARE,
    as_batch,
    as_batches,
    count_words,
    keep_frequent,
    number_blocks,
    take_apart,
)
from embeddings.text.numbering import tokenise
from embeddings.text.tokens import END, FIRST_WORD, PAUSE, TokenParameters


class Shared:
    """A value as Spark's broadcast holds it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def cleaned(text: str, start: int, part: int = 0) -> pyarrow.RecordBatch:
    found = tokenise(text, TokenParameters())
    return as_batch(CLEANED_SCHEMA, [(0, start, part, found.words, found.ids.tobytes(), [], len(found), 0, 0, False)])


def test_words_are_counted_with_the_first_place_where_they_are_met() -> None:
    batches = [cleaned("b c. A b", start=50), cleaned("a b", start=7, part=3), cleaned("c", start=7, part=2)]
    rows = [row for batch in count_words(iter(batches)) for row in batch.to_pylist()]
    assert {row["word"]: row["met"] for row in rows} == Counter("bcabab" + "c")
    first = {row["word"]: (row["file"], row["start"], row["part"], row["word_number"]) for row in rows}
    assert first == {"a": (0, 7, 3, 0), "b": (0, 7, 3, 1), "c": (0, 7, 2, 0)}


def test_rare_compounds_come_apart_unless_they_are_wanted() -> None:
    schema = "word string, met long, file int, start long, part int, word_number int"
    rows = [("well-known", 2, 0, 0, 0, 5), ("one-off", 1, 0, 0, 0, 6), ("off", 4, 0, 0, 0, 7), ("a-b", 9, 0, 0, 0, 8)]
    pieces = take_apart(3, Shared(frozenset(["well-known"])))
    found = [tuple(row.values()) for batch in pieces(iter([as_batch(schema, rows)])) for row in batch.to_pylist()]
    assert found == [
        ("well-known", 2, 0, 0, 0, 0, 5, 0),
        ("one", 1, 1, 0, 0, 0, 6, 0),
        ("off", 1, 1, 0, 0, 0, 6, 1),
        ("off", 4, 0, 0, 0, 0, 7, 0),
        ("a-b", 9, 0, 0, 0, 0, 8, 0),
    ]


def test_words_without_a_number_share_one() -> None:
    numbers = {"the": 3, "one": 4, "well-known": 5}
    batch = cleaned("The one-off, well-known thing", start=2, part=1)
    batch = batch.select(["file", "start", "part", "words", "ids"])
    [row] = [row for found in number_blocks(Shared(numbers), True)(iter([batch])) for row in found.to_pylist()]
    assert (row["file"], row["start"], row["part"]) == (0, 2, 1)
    assert np.frombuffer(row["ids"], np.int32).tolist() == [3, 4, RARE, PAUSE, 5, RARE, END]
    [row] = [row for found in number_blocks(Shared(numbers), False)(iter([batch])) for row in found.to_pylist()]
    assert np.frombuffer(row["ids"], np.int32).tolist() == [3, RARE, PAUSE, 5, RARE, END]
    assert RARE == FIRST_WORD, "which is the first of the words, and a word that no text can have"


def test_what_is_too_rare_stays_where_it_is_unless_it_is_wanted() -> None:
    batch = as_batch("word string, met long", [("a", 3), ("b", 2), ("of", 1)])
    [found] = keep_frequent(3, Shared({"of"}))(iter([batch]))
    assert found["word"].to_pylist() == ["a", "of"]


def test_rows_go_out_in_batches_and_none_is_lost() -> None:
    found = list(as_batches("word string, met long", ((str(n), n) for n in range(120_000))))
    assert [len(batch) for batch in found] == [50_000, 50_000, 20_000]
    assert found[2]["met"].to_pylist()[-1] == 119_999
