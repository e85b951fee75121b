"""SVG as text: elements, escaped content, whole pictures. Colours come from classes only, as a strict CSP wants it."""

import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from service.page.labels import NOTE_SIZE, shorten, text_width

CAPTION_SIZE = 13.0
_MARGIN, _CAPTION_LINE = 16.0, 18.0

# What XML 1.0 does not allow even as a character reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSAFE = re.compile(f"[&<>\"']|{_FORBIDDEN.pattern}")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def escape(text: str) -> str:
    """``text`` as content or attribute; what XML cannot hold becomes �."""
    if not _UNSAFE.search(text):
        return text
    return _FORBIDDEN.sub("\ufffd", text).translate(_ESCAPES)


def number(value: float) -> str:
    """One decimal at the most, and never -0."""
    shown = f"{value:.1f}".removesuffix(".0")
    return "0" if shown == "-0" else shown


def tag(name: str, content: str | None = None, /, **attributes: str | float | None) -> str:
    """An element; ``content`` is markup already, attributes are escaped. ``class_`` is class, ``_`` a hyphen."""
    written = "".join(
        [
            f'{_attribute(key)}="{escape(value) if isinstance(value, str) else number(value)}"'
            for key, value in attributes.items()
            if value is not None
        ]
    )
    return f"<{name}{written}/>" if content is None else f"<{name}{written}>{content}</{name}>"


@cache
def _attribute(key: str) -> str:
    return f" {key.rstrip('_').replace('_', '-')}"


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


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture is besides its content: its size, its title, and what it shows in words."""

    width: float
    height: float
    title: str
    description: str


def picture(content: str, frame: Frame, **data: str) -> str:
    """The whole SVG of a picture in a page: a group of links, coloured by the page's style sheet.

    ``data_x`` and the like are attributes for the page's scripts.
    """
    # An image has no parts that could be focused, so that in a page the picture is a group of its links.
    return _whole(content, frame, frame.height, "group", data)


def file(content: str, frame: Frame, caption: str, source: str) -> str:
    """A picture as a file of its own, which brings its colours along, and below it its caption and where it is from."""
    room = frame.width - 2 * _MARGIN
    lines = [(line, "tp-caption") for line in wrap(caption, room, CAPTION_SIZE)]
    lines += [(line, "tp-note") for line in wrap(source, room, NOTE_SIZE)]
    top = frame.height + _MARGIN
    below = [text(line, _MARGIN, top + number * _CAPTION_LINE, kind) for number, (line, kind) in enumerate(lines)]
    height = top + len(lines) * _CAPTION_LINE
    ground = tag("rect", width=frame.width, height=height, class_="tp-ground")
    return _whole(tag("style", style()) + ground + content + "".join(below), frame, height, "img")


def _whole(content: str, frame: Frame, height: float, role: str, data: Mapping[str, str] | None = None) -> str:
    is_file = role == "img"
    key = f"{frame.title}|{frame.description}|{frame.width}"
    name = f"tp-{zlib.crc32(key.encode(errors='replace')):08x}"
    title, description = escape(frame.title), escape(frame.description)
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title") + tag("desc", description, id=f"{name}-desc") + content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(frame.width)} {number(height)}",
        width=frame.width if is_file else None,
        height=height if is_file else None,
        class_="tp-picture",
        direction="ltr",
        role=role,
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        **(data or {}),
    )


def wrap(content: str, width: float, size: float) -> list[str]:
    """``content`` in lines of at most ``width``; a word that is longer is shortened."""
    lines: list[str] = []
    for word in content.split():
        fitting = shorten(word, max(3, int(width / size)))
        joined = f"{lines[-1]} {fitting}" if lines else fitting
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.append(fitting)
    return lines


@cache
def style() -> str:
    """The style sheet of all pictures, which a page serves as static/drawing.css."""
    return (files("service.page") / "static" / "drawing.css").read_text(encoding="utf-8")
