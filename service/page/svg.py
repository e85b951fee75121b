"""SVG as text: elements, escaped content, whole pictures. Colours come from classes only, as a strict CSP wants it."""

import math
import re
import zlib
from functools import cache
from importlib.resources import files

# What XML 1.0 does not allow even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """``text`` as content or attribute; what XML cannot hold becomes �."""
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def number(value: float) -> str:
    """One decimal at the most, and never -0."""
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def tag(name: str, content: str | None = None, /, **attributes: str | float | None) -> str:
    """An element; ``content`` is markup already, attributes are escaped. ``class_`` is class, ``_`` a hyphen."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


def text(content: str, x: float, y: float, classes: str, anchor: str | None = None) -> str:
    """A line of text whose base line begins (or has its middle, or ends) at x, y."""
    return tag("text", escape(content), x=x, y=y, class_=classes, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=classes)


def arrow(start: tuple[float, float], end: tuple[float, float], classes: str, gaps: tuple[float, float]) -> str:
    """A line with a head at its end, ``gaps`` short of the two points; nothing where they are too near."""
    length = math.dist(start, end)
    if length <= sum(gaps) + 4:
        return ""
    dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    x1, y1 = start[0] + dx * gaps[0], start[1] + dy * gaps[0]
    x2, y2 = end[0] - dx * gaps[1], end[1] - dy * gaps[1]
    back, wide = min(9.0, length - sum(gaps)), 4.0
    corners = (
        (x2, y2),
        (x2 - dx * back - dy * wide, y2 - dy * back + dx * wide),
        (x2 - dx * back + dy * wide, y2 - dy * back - dx * wide),
    )
    head = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    shaft = line(x1, y1, x2 - dx * back * 0.8, y2 - dy * back * 0.8, classes)
    return shaft + tag("polygon", points=head, class_=f"{classes} tp-head")


def picture(content: str, width: float, height: float, title: str, description: str, *, standalone: bool) -> str:
    """The whole SVG. In a page it is a group of links; as a file of its own an image that brings its colours along."""
    name = f"tp-{zlib.crc32(f'{title}|{description}|{width}'.encode(errors='replace')):08x}"
    head = tag("title", escape(title), id=f"{name}-title") + tag("desc", escape(description), id=f"{name}-desc")
    if standalone:
        head += tag("style", style()) + tag("rect", width=width, height=height, class_="tp-ground")
    return tag(
        "svg",
        head + content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width if standalone else None,
        height=height if standalone else None,
        class_="tp-picture",
        direction="ltr",
        # An image has no parts that could be focused, so that in a page the picture is a group of its links.
        role="img" if standalone else "group",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
    )


@cache
def style() -> str:
    """The style sheet of all pictures, which a page serves as static/drawing.css."""
    return (files("service.page") / "static" / "drawing.css").read_text(encoding="utf-8")
