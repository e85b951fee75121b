from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.models.model import Card, open_model
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, open_texts, write_texts
from embeddings.models.writer import ModelWriter


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)))
def test_what_is_written_is_read(tmp_path: Path, texts: list[str | None]) -> None:
    write_texts(tmp_path / "a", texts)
    read = open_texts(tmp_path / "a", len(texts))
    assert len(read) == len(texts)
    assert [read.of(row) for row in range(len(texts))] == [text or None for text in texts]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.text("ab\0é漢", max_size=4), min_size=1, max_size=30), st.integers(0, 99))
def test_many_are_read_together_as_each_by_itself(tmp_path: Path, texts: list[str | None], seed: int) -> None:
    write_texts(tmp_path / "a", texts)
    rows = Random(seed).choices(range(len(texts)), k=5000)
    read = open_texts(tmp_path / "a", len(texts))
    assert read.of_each(rows) == [texts[row] or None for row in rows]
    assert read.words(np.array(rows)) == [texts[row] or "" for row in rows]


def test_of_many_words_one_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    write_texts(tmp_path / "a", ["abé", "c"])
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:-2] + b"xc")  # é's first byte is left
    read = open_texts(tmp_path / "a", 2)
    for rows in ([0], [1, 0] * 200):
        with pytest.raises(UnicodeDecodeError):
            read.words(rows)
    assert read.of_each([0, 1]) * 100 == read.of_each([0, 1] * 100) == ["ab\N{REPLACEMENT CHARACTER}x", "c"] * 100


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a"
    write_texts(file, ["one", None, "three"])
    whole = file.read_bytes()
    offsets = np.frombuffer(whole[16:32], "<u4").copy()
    offsets[1] = 4_000_000_000
    for damaged in (
        b"",
        whole[:-1],
        whole + b"x",
        whole[:20],
        b"X" + whole[1:],
        whole[:16] + offsets.tobytes() + whole[32:],
    ):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match="a (is damaged|cannot be read)"):
            open_texts(file, 3)
    file.write_bytes(whole)
    with pytest.raises(ModelError, match="texts of 4 rows"):
        open_texts(file, 4)


def test_a_model_gives_the_texts_of_its_rows(tmp_path: Path) -> None:
    with ModelWriter(tmp_path / "m", 2) as writer:
        writer.append(["new_york", "cat"], np.eye(2))
        write_texts(writer.folder / DISPLAY_FILE, ["New York", None])
        write_texts(writer.folder / DESCRIPTIONS_FILE, ["city in the United States", None])
        writer.finish(Card("m"))
    model = open_model(tmp_path / "m")
    assert [model.display(row) for row in (0, 1)] == ["New York", None]
    assert [model.description(row) for row in (0, 1)] == ["city in the United States", None]
    assert (list(model.displays([1, 0])), list(model.descriptions([1, 0]))) == (
        [None, "New York"],
        [None, "city in the United States"],
    )


def test_a_model_without_texts_has_none(tiny_model) -> None:  # type: ignore[no-untyped-def]
    assert tiny_model.display(0) is None
    assert tiny_model.description(0) is None
    assert list(tiny_model.displays([0, 1])) == list(tiny_model.descriptions([0, 1])) == [None, None]
