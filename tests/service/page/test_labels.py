"""Labels: widths, places that are free, and the promise that none overlaps another or a point."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.page.labels import Box, Dot, crosses, place_labels, shorten, text_width

AREA = Box(4, 4, 716, 416)
WORDS = st.text("abcmWil 漢é👑", min_size=1, max_size=18)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.builds(Dot, st.floats(40, 680), st.floats(30, 390), st.sampled_from([4.0, 6.0]), WORDS), max_size=25)
)
def test_no_label_overlaps_another_or_a_point_and_all_are_within_the_picture(dots: list[Dot]) -> None:
    labels = place_labels(dots, AREA)
    boxes = [label.box for label in labels if label is not None]
    assert len(labels) == len(dots)
    assert all(AREA.contains(box) for box in boxes)
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert not any(box.touches_disc(dot.x, dot.y, dot.radius) for box in boxes for dot in dots)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.floats(40, 680), st.floats(30, 390)), min_size=1, max_size=15))
def test_a_picture_of_ordinary_words_has_a_label_for_each(places: list[tuple[float, float]]) -> None:
    dots = [Dot(x, y, 4, f"word{number}") for number, (x, y) in enumerate(places)]
    assert None not in place_labels(dots, AREA)


def test_a_lone_label_stands_to_the_right_of_its_point_and_in_its_middle() -> None:
    [label] = place_labels([Dot(100, 100, 5, "word")], AREA)
    assert label is not None
    assert label.leader is None
    assert 105 < label.box.left < 110
    assert (label.box.top + label.box.bottom) / 2 == pytest.approx(100)


def test_at_the_right_edge_it_stands_to_the_left() -> None:
    [label] = place_labels([Dot(700, 100, 5, "word")], AREA)
    assert label is not None
    assert label.box.right < 695


def test_a_line_is_avoided_where_that_is_possible() -> None:
    [label] = place_labels([Dot(100, 100, 5, "word")], AREA, [(100, 100, 300, 100)])
    assert label is not None
    assert not crosses((100, 100, 300, 100), label.box)


def test_a_label_that_had_to_move_far_has_a_line_from_the_edge_of_its_point_to_it() -> None:
    crowd = [Dot(300 + 12 * column, 200 + 12 * row, 5) for column in range(-4, 5) for row in range(-4, 5)]
    *_, label = place_labels([*crowd, Dot(300, 200, 5, "word")], AREA)
    assert label is not None
    assert label.leader is not None
    x1, y1, x2, y2 = label.leader
    assert math.dist((x1, y1), (300, 200)) == pytest.approx(5)
    assert (x2, y2) == label.box.nearest(300, 200)


def test_where_there_is_no_room_there_is_no_label() -> None:
    assert place_labels([Dot(20, 10, 5, "word")], Box(0, 0, 40, 20)) == [None]


def test_text_is_as_wide_as_its_letters() -> None:
    assert text_width("") == 0
    assert text_width("ab", 100) == 61 + 63
    assert text_width("e\u0301", 100) == text_width("é", 100) == text_width("e", 100)  # an accent takes no room
    assert text_width("漢", 100) > text_width("m", 100)
    assert text_width("مرحبا", 100) > 0


def test_what_is_too_long_is_shortened_with_dots() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcd fgh", 6) == "abcd…"


@pytest.mark.parametrize(
    ("line", "through"),
    [((0, 0, 10, 10), True), ((0, 0, 1, 1), False), ((3, 0, 3, 10), True), ((0, 9, 10, 9), False)],
)
def test_lines_through_a_box(line: tuple[float, float, float, float], through: bool) -> None:
    assert crosses(line, Box(2, 2, 4, 4)) is through
