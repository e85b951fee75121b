"""What is added to the model of the package: which entries, and how their vectors come into its space."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Card, Content, open_model, pack, unpack
from embeddings.models.packed import Band
from scripts.add_to_default_model import chosen_rows, is_name, is_term, rotation

LATER = [
    ("the", 900, None, None),
    ("united_kingdom's", 500, "United Kingdom's", None),
    ("c++", 300, "C++", None),
    ("in_canada", 200, "In Canada", None),
    ("may_be", 150, "may be", None),
    ("a+", 99, "A+", None),
    ("finish_line", 67, "finish line", "1989 drama film"),
    ("macy's", 36, "Macy's", None),
    ("pub_rock", 25, "pub rock", "style of rock and roll"),
    ("york_road", 24, "York Road", "street"),
    ("friday's", 9, "Friday's", None),
    ("world_war_i", 2600, "World War I", None),
]


def test_names_and_terms_that_only_the_later_run_has_are_chosen_by_frequency(tmp_path: Path) -> None:
    words, counts, shown, said = zip(*LATER, strict=True)
    vectors = np.random.default_rng(3).normal(size=(len(words), 4)).astype(np.float32)
    for name, kept in (("later", len(words)), ("packed", 1)):
        content = Content(
            words[:kept], vectors[:kept], counts[:kept], Card(name, joiner="_"), shown[:kept], said[:kept]
        )
        pack(tmp_path / f"{name}.packed", content, [Band(kept, 0.1)])
        unpack(tmp_path / f"{name}.packed", tmp_path / name)
    later, packed = open_model(tmp_path / "later"), open_model(tmp_path / "packed")
    chosen = [later.vocabulary.word(row) for row in chosen_rows(later, packed)]
    assert chosen == ["world_war_i", "c++", "macy's", "pub_rock"]


def test_a_rotation_is_found_and_lengths_are_kept() -> None:
    numbers = np.random.default_rng(4)
    later = numbers.normal(size=(200, 6)).astype(np.float32)
    turn, _ = np.linalg.qr(numbers.normal(size=(6, 6)))
    noisy = later @ turn + numbers.normal(scale=0.01, size=later.shape)
    found = rotation(later, noisy.astype(np.float32))
    assert np.allclose(found, turn, atol=0.01)
    assert np.allclose(found @ found.T, np.eye(6), atol=1e-6)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("Kingdom of France", True), ("Flight 77", True), ("French horn", False), ("gas mask", False)],
)
def test_a_name_begins_and_ends_with_a_capital(shown: str, expected: bool) -> None:
    assert is_name(shown) is expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [("economic model of price determination", True), ("Indian surgeon and diplomat", False), (None, False)],
)
def test_a_film_of_the_same_name_does_not_describe_a_term(description: str | None, expected: bool) -> None:
    assert is_term(description) is expected
