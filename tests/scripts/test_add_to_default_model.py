"""What is added to the model of the package: which entries, and how their vectors come into its space."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.models import Card, Content, Model, open_model, pack, unpack
from embeddings.models.packed import Band
from scripts.add_to_default_model import (
    PRIOR,
    Known,
    chosen_rows,
    is_name,
    is_term,
    rotation,
    slashed_acronyms,
    steadied,
)
from scripts.describe_default_model import RARE

LATER = [
    ("the", 900, None),
    ("united_kingdom's", 500, "United Kingdom's"),
    ("aegean", 400, "Aegean"),
    ("c++", 300, "C++"),
    ("art", 290, None),
    ("airlines", 280, None),
    ("in_canada", 200, "In Canada"),
    ("may_be", 150, "may be"),
    ("a+", 99, "A+"),
    ("art_school", 86, "Art School"),
    ("finish_line", 67, "finish line"),
    ("ac_dc", 48, "AC DC"),
    ("qld_bne", 47, "QLD BNE"),
    ("macy's", 36, "Macy's"),
    ("national_union", 30, "National Union"),
    ("pub_rock", 25, "pub rock"),
    ("york_road", 24, "York Road"),
    ("mouchoir", 20, "Mouchoir"),
    ("friday's", 9, "Friday's"),
    ("aegean_airlines", 6, "Aegean Airlines"),
    ("sergey_brin", 6, "Sergey Brin"),
    ("jane_doe", 6, "Jane Doe"),
    ("mouchoir_airlines", 5, "Mouchoir Airlines"),
    ("new_jets", 5, "New Jets"),
    ("big_league", 5, "Big League"),
    ("new_jets_of_the_big_league", 5, "New Jets of the Big League"),
    ("world_war_i", 2600, "World War I"),
]


@pytest.fixture
def models(tmp_path: Path) -> tuple[Model, Model]:
    """The later run, and a packed model of its first word and those of its names."""
    words, counts, shown = zip(*LATER, strict=True)
    vectors = np.random.default_rng(3).normal(size=(len(words), 4)).astype(np.float32)
    for name, rows in (("later", range(len(words))), ("packed", [0, 2, 5])):
        content = Content(
            [words[row] for row in rows],
            vectors[list(rows)],
            [counts[row] for row in rows],
            Card(name, joiner="_"),
            [shown[row] for row in rows],
        )
        pack(tmp_path / f"{name}.packed", content, [Band(len(rows), 0.1)])
        unpack(tmp_path / f"{name}.packed", tmp_path / name)
    return open_model(tmp_path / "later"), open_model(tmp_path / "packed")


def test_names_and_terms_that_only_the_later_run_has_are_chosen_by_frequency(models: tuple[Model, Model]) -> None:
    later, packed = models
    rows = {word: row for row, (word, _, _) in enumerate(LATER)}
    known = Known({rows["sergey_brin"]: "businessman"}, {rows["pub_rock"]}, {"AC/DC"})
    chosen = [later.vocabulary.word(row) for row in chosen_rows(later, packed.vocabulary, known)]
    names = ["aegean_airlines", "sergey_brin", "mouchoir_airlines"]
    assert chosen == ["world_war_i", "c++", "ac_dc", "macy's", "pub_rock", *names]


def test_a_group_that_is_met_a_few_times_counts_its_words_if_both_are_known(models: tuple[Model, Model]) -> None:
    later, packed = models
    rows = [later.vocabulary.row(word) or 0 for word in ("aegean_airlines", "sergey_brin", "mouchoir_airlines")]
    airlines, *others = steadied(later, rows, np.eye(4, dtype=np.float32), packed)
    assert np.array_equal(others, later.vectors[rows[1:]])  # of Mouchoir nothing is known: it is no airlines in general
    shares = packed.counts[1:] / packed.counts.sum()
    composed = (RARE / (RARE + shares)) @ packed.vectors[1:]
    mixed = 6 * later.vectors[rows[0]] + PRIOR * composed / np.linalg.norm(composed)
    assert np.allclose(airlines, mixed / np.linalg.norm(mixed), atol=1e-6)


def test_acronyms_with_a_slash_are_found(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("The band AC/DC of TCP/IP and http://A/BC/D.\n", encoding="utf-8")
    assert slashed_acronyms(tmp_path / "text.txt") == {"AC/DC", "TCP/IP"}


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
    [("economic model of price determination", True), ("Indian surgeon and diplomat", False)],
)
def test_a_film_of_the_same_name_does_not_describe_a_term(description: str, expected: bool) -> None:
    assert is_term(description) is expected
