"""Pictures drawn by Pillow."""

import io

from PIL import Image

from service.page import svg
from service.page.canvas import is_simple
from service.page.raster import as_png


def test_letters_that_stand_one_after_the_other_are_simple() -> None:
    assert all(map(is_simple, ("tea", "Größe · −0.5 → ×", "чай", "τσάι")))
    assert not any(map(is_simple, ("茶", "شاي", "चाय", "e\u0301")))


def test_shapes_and_letters_stand_where_the_picture_has_them_in_their_colours() -> None:
    shapes = (
        svg.line(20, 20, 120, 20, "tp-arrow"),
        svg.tag("polygon", points="200,10 240,10 240,50 200,50", class_="tp-sheet"),
        svg.tag("circle", cx=60.0, cy=80.0, r=7.0, class_="tp-point tp-best"),
        svg.tag("circle", cx=120.0, cy=80.0, r=9.0, class_="tp-target"),
        svg.tag("path", d="M200 100L240 100L240 140Z", class_="tp-hull tp-hull-odd", stroke_width=20),
        svg.tag("path", d="M20 125h10M20 135h10", stroke="#00ff00", stroke_width=8.0),
        svg.line(150, 60, 150, 160, "tp-side"),
        svg.text("tea", 60, 160, "tp-label tp-label-best", "end"),
    )
    frame = svg.Frame(300, 200, "title", "description")
    drawn = Image.open(io.BytesIO(as_png(svg.file("".join(shapes), frame, "A caption", "a source")))).convert("RGB")

    def at(x: float, y: float) -> tuple[int, ...]:
        return drawn.getpixel((round(x * 1.5), round(y * 1.5)))

    def is_near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
        return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= 12

    assert at(5, 5) == (255, 255, 255)
    assert is_near(at(70, 20), (0x1C, 0x5F, 0xB0))
    assert is_near(at(220, 30), (0xF1, 0xF5, 0xFA)), "6 % of its blue"
    assert is_near(at(60, 80), (0xD9, 0x56, 0x0B))
    assert at(120, 80) == (255, 255, 255), "a ring is not filled"
    assert is_near(at(129, 80), (0x4D, 0x5B, 0x69))
    assert is_near(at(230, 110), (0xFB, 0xEE, 0xE7))
    assert is_near(at(248, 120), (0xFB, 0xEE, 0xE7)), "its stroke is as wide as its attribute says"
    assert is_near(at(25, 125), (0, 255, 0))
    assert is_near(at(25, 135), (0, 255, 0))
    assert at(40, 130) == (255, 255, 255)
    column = {at(150, y / 2) for y in range(120, 320)}
    assert (255, 255, 255) in column
    assert any(is_near(colour, (0xAE, 0xB9, 0xC4)) for colour in column), "dashes"
    letters = [x for x in range(300) if any(is_near(at(x, y), (0xB3, 0x43, 0x0A)) for y in range(148, 161))]
    assert letters, "nothing is written"
    assert 30 < min(letters) < max(letters) < 60, "the text ends at its place"
