"""SVG as text: nothing that is written can break out of it, and numbers are short."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.page import svg


@given(st.text())
def test_any_text_is_valid_xml_as_content_and_attribute(text: str) -> None:
    element = ElementTree.fromstring(svg.tag("text", svg.escape(text), class_=text))
    assert element.tag == "text"
    assert not list(element)


@pytest.mark.parametrize("text", ["\0", "a\x1bb", "\ud800", "\ufffe"])
def test_what_xml_cannot_hold_is_replaced(text: str) -> None:
    assert "\ufffd" in svg.escape(text)


def test_markup_in_a_text_stays_text() -> None:
    assert svg.escape("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1"), (-0.04, "0"), (12.34, "12.3"), (-3.26, "-3.3")])
def test_numbers_have_one_decimal_at_the_most(value: float, shown: str) -> None:
    assert svg.number(value) == shown


def test_an_arrow_ends_short_of_both_points_and_vanishes_between_near_ones() -> None:
    drawn = svg.arrow((0, 0), (100, 0), "tp-arrow", (8, 10))
    assert 'x1="8"' in drawn
    assert 'points="90,0 81,4 81,-4"' in drawn
    assert svg.arrow((0, 0), (10, 0), "tp-arrow", (8, 10)) == ""


def test_a_file_brings_its_colours_and_a_picture_in_a_page_does_not() -> None:
    frame = svg.Frame(720, 400, "title", "description")
    alone = svg.file("", frame, "A caption of many words. " * 10, "the source")
    inline = svg.picture("", frame)
    assert alone.count("tp-caption") > 2
    assert "the source" in alone
    assert "caption" not in inline
    assert "prefers-color-scheme: dark" in alone
    assert 'role="img"' in alone
    assert "<style" not in inline
    assert "style=" not in inline + alone
    assert 'role="group"' in inline
