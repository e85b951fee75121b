"""The picture of words on one or two axes."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from service.page import svg
from service.page.axes import Placement
from service.page.labels import FONT_SIZE, LABEL_MARGIN, Box, Dot, place_labels, shorten

_SIDE, _TOP, _BOTTOM = 34.0, 26.0, 46.0
_LINE = 22.0
"""Height of a word's line where there is one axis only."""
_STEPS = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers from ``low`` to ``high`` as pixels from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        step = next((step for step in _STEPS if (self.high - self.low) / step <= 8), _STEPS[-1])
        return [number * step for number in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def draw_axes(
    placed: Placement, width: int, link: Callable[[str], str] | None
) -> tuple[str, float, Scale, Scale | None]:
    """The content of the picture, its height, and its scales; with one axis the words stand below each other."""
    columns = list(zip(*placed.places.tolist(), strict=True)) or [(), ()]
    is_plane = len(placed.axes) == 2
    height = max(340.0, round(width * 0.66)) if is_plane else _TOP + _BOTTOM + _LINE * max(len(placed.words), 3)
    across = _scale(columns[0], _SIDE, width - _SIDE)
    down = _scale(columns[1], height - _BOTTOM, _TOP) if is_plane else None
    parts = _grid(placed, across, down, width, height)
    order = sorted(range(len(placed.words)), key=lambda number: placed.places[number, 0])
    heights = {number: _TOP + _LINE * (place + 0.5) for place, number in enumerate(order)}
    dots = [
        Dot(
            across.at(values[0]),
            down.at(values[1]) if down else heights[number],
            5.0,
            shorten(word, 26 if width > 500 else 18),
        )
        for number, (word, values) in enumerate(placed.rows)
    ]
    labels = place_labels(dots, Box(4, 4, width - 4, height - _BOTTOM + 14))
    parts += [svg.line(*label.leader, "tp-leader") for label in labels if label and label.leader]
    for dot, label, (word, values) in zip(dots, labels, placed.rows, strict=True):
        said = f"{word} · " + ", ".join(
            f"{axis.text} {value:+.3f}" for axis, value in zip(placed.axes, values, strict=True)
        )
        content = svg.tag("title", svg.escape(said))
        content += svg.tag("circle", cx=dot.x, cy=dot.y, r=dot.radius, class_="tp-point tp-input")
        if label:
            baseline = label.box.bottom - FONT_SIZE * 0.32
            content += svg.text(dot.text, label.box.left + LABEL_MARGIN, baseline, "tp-label")
        parts.append(
            svg.tag("a", content, href=link(word), class_="tp-link", aria_label=said) if link else svg.tag("g", content)
        )
    return "".join(parts), height, across, down


def _scale(values: tuple[float, ...], start: float, end: float) -> Scale:
    """A scale with room around ``values`` on which 0 is seen."""
    low, high = min((*values, 0.0)), max((*values, 0.0))
    room = max((high - low) * 0.08, 0.02)
    return Scale(low - room, high + room, start, end)


def _grid(placed: Placement, across: Scale, down: Scale | None, width: float, height: float) -> list[str]:
    """The axes through 0, ticks, and the names of the ends."""
    base = height - _BOTTOM + 18
    parts = []
    for value in across.ticks:
        parts.append(svg.line(across.at(value), _TOP - 8, across.at(value), height - _BOTTOM + 4, "tp-grid"))
        parts.append(svg.text(_number(value), across.at(value), base, "tp-note", "middle"))
    parts.append(svg.line(across.at(0), _TOP - 8, across.at(0), height - _BOTTOM + 4, "tp-axis"))
    if down:
        for value in down.ticks:
            parts.append(svg.line(_SIDE, down.at(value), width - _SIDE, down.at(value), "tp-grid"))
            parts.append(svg.text(_number(value), _SIDE - 4, down.at(value) + 4, "tp-note", "end"))
        parts.append(svg.line(_SIDE, down.at(0), width - _SIDE, down.at(0), "tp-axis"))
        parts += _ends(
            placed.axes[1].low, placed.axes[1].high, (_SIDE + 6, height - _BOTTOM - 2), (_SIDE + 6, _TOP + 2)
        )
    x_axis = placed.axes[0]
    low = f"← {x_axis.low}" if x_axis.low else ""
    parts.append(svg.text(shorten(low, 40), _SIDE, height - 8, "tp-end"))
    parts.append(svg.text(shorten(f"{x_axis.high} →", 40), width - _SIDE, height - 8, "tp-end", "end"))
    return parts


def _ends(low: str, high: str, low_at: tuple[float, float], high_at: tuple[float, float]) -> list[str]:
    parts = [svg.text(shorten(f"↑ {high}", 30), *high_at, "tp-end")]
    if low:
        parts.append(svg.text(shorten(f"↓ {low}", 30), *low_at, "tp-end"))
    return parts


def _number(value: float) -> str:
    return f"{round(value, 2):g}".replace("-", "−")
