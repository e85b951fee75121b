"""Labels for points in a picture: each near its point, none over another label or over a point."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

FONT_SIZE, NOTE_SIZE = 14.0, 12.0
LINE_HEIGHT = 17.0
"""Height of a label's box at `FONT_SIZE`."""
_GAP = 3.0
"""Between a point and its label."""
LABEL_MARGIN = 1.5
"""Kept free at both ends of a label."""
_BOLD = 1.08
_NEAR = (0.0, 9.0)
_FAR = (22.0, 36.0, 54.0, 78.0, 108.0, 144.0)
_LEADER_FROM = 14.0
"""A label that is farther than this from its point is joined to it by a line."""
_CROSSING = 40.0
_STEP = 9.0
_MOST_TRIED, _MOST_TRIED_OF_ONE = 400, 300
"""Places that are tried for all labels of a picture, and for one; pictures of ten results take 30 to 250."""
_FEW = 24
"""Dots, labels and lines that a place is compared with; where there are more, a try counts for several."""

# Advance widths in hundredths of an em, from the blank to the tilde: of DejaVu Sans or of Liberation Sans (as wide as
# Arial and Helvetica), whichever is wider, since nobody knows which sans face a reader's machine has.
_WIDTHS = (
    *(32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64),
    *(64, 64, 34, 34, 84, 84, 84, 56, 102, 68, 69, 72, 77, 67, 61, 78, 75, 29, 50, 67, 56, 86, 75, 79),
    *(67, 79, 72, 67, 61, 73, 68, 99, 69, 67, 69, 39, 34, 39, 84, 56, 50, 61, 63, 55, 63, 62, 35, 63),
    *(63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84),
)


class Box(NamedTuple):
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def touches_disc(self, x: float, y: float, radius: float) -> bool:
        dx = max(self.left - x, 0.0, x - self.right)
        dy = max(self.top - y, 0.0, y - self.bottom)
        return dx * dx + dy * dy < radius * radius

    def contains(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of the rectangle that is nearest to (x, y)."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)


class Dot(NamedTuple):
    """A point of the picture and what is written at it; an empty text only keeps its place free."""

    x: float
    y: float
    radius: float
    text: str = ""
    is_bold: bool = False


class Label(NamedTuple):
    """Where the text of a dot stands: its box, and the line that leads to it where it had to move far."""

    box: Box
    leader: tuple[float, float, float, float] | None = None


Segment = tuple[float, float, float, float]


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """About how wide ``text`` is in a sans face of ``size``; rather too wide than too narrow."""
    return sum(map(_advance, text)) * size / 100


def _advance(letter: str) -> int:
    code = ord(letter)
    if 32 <= code < 127:
        return _WIDTHS[code - 32]
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 130 if code >= 0x1F000 else 104
    base = unicodedata.normalize("NFD", letter)[0]
    return _WIDTHS[ord(base) - 32] if 32 <= ord(base) < 127 else 80


def shorten(text: str, most: int) -> str:
    """``text`` with at most ``most`` characters, the end replaced by … where there are more."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def place_labels(dots: Sequence[Dot], area: Box, lines: Sequence[Segment] = ()) -> list[Label | None]:
    """A label for each dot that has a text, the first ones first; None where there is no text or no room left.

    No label overlaps another one or a dot, and all are within ``area``. ``lines`` are kept free where that is possible.
    So many places are tried, and no more: where dots crowd, the last of them have no label.
    """
    left = _MOST_TRIED
    placed: list[Box] = []
    drawn = list(lines)
    labels: list[Label | None] = []
    for dot in dots:
        label = None
        if dot.text and left > 0:
            label, tried = _place(dot, dots, area, placed, drawn)
            left -= tried * max(1, (len(dots) + len(placed) + len(drawn)) // _FEW)
        if label is not None:
            placed.append(label.box)
            if label.leader is not None:
                drawn.append(label.leader)
        labels.append(label)
    return labels


def _place(
    dot: Dot, dots: Sequence[Dot], area: Box, placed: Sequence[Box], lines: Sequence[Segment]
) -> tuple[Label | None, int]:
    """The best of the places near the dot, or anywhere if there is none near, and how many were tried."""
    width = text_width(dot.text) * (_BOLD if dot.is_bold else 1) + 2 * LABEL_MARGIN
    height = LINE_HEIGHT
    best: tuple[float, Label] | None = None
    tried = 0
    for cost, box in _candidates(dot, width, height, area):
        if best is not None and cost >= best[0]:
            break
        tried += 1
        if tried > _MOST_TRIED_OF_ONE:
            break
        if not _is_free(box, dots, area, placed):
            continue
        leader = _leader(dot, box)
        cost += sum(_CROSSING for line in lines if crosses(line, box))
        if leader is not None:
            cost += sum(_CROSSING for other in placed if crosses(leader, other))
            cost += sum(_CROSSING / 2 for other in dots if other is not dot and _passes(leader, other))
        if best is None or cost < best[0]:
            best = cost, Label(box, leader)
    return (None if best is None else best[1]), tried


def _is_free(box: Box, dots: Sequence[Dot], area: Box, placed: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    if not area.contains(box):
        return False
    for other_left, other_top, other_right, other_bottom in placed:  # calls would be half of a picture's time
        if left < other_right and other_left < right and top < other_bottom and other_top < bottom:
            return False
    for x, y, radius, _, _ in dots:  # most are far away, and are told so here
        if left - radius < x < right + radius and top - radius < y < bottom + radius and box.touches_disc(x, y, radius):
            return False
    return True


def _candidates(dot: Dot, width: float, height: float, area: Box) -> Iterator[tuple[float, Box]]:
    """Boxes by growing cost: beside the dot first, then above and below it, then in rings, then anywhere."""
    reach = dot.radius + _GAP
    sides = ((1, 0), (-1, 0), (0, -1), (0, 1), (0.7, -0.7), (0.7, 0.7), (-0.7, -0.7), (-0.7, 0.7))
    for ring in _NEAR:
        for number, (across, down) in enumerate(sides):
            yield ring + number, _box_at(dot, across, down, reach + ring, width, height)
    for ring in _FAR:
        for number in range(16):
            angle = math.pi * number / 8
            yield ring + 10, _box_at(dot, math.cos(angle), math.sin(angle), reach + ring, width, height)
    columns = int((area.right - area.left - width) // _STEP) + 1
    rows = int((area.bottom - area.top - height) // _STEP) + 1
    grid = (
        Box(left, top, left + width, top + height)
        for left in (area.left + _STEP * column for column in range(columns))
        for top in (area.top + _STEP * row for row in range(rows))
    )
    distances = sorted((math.dist((dot.x, dot.y), box.nearest(dot.x, dot.y)), box.left, box.top, box) for box in grid)
    for distance, _, _, box in distances:
        yield max(distance, _FAR[-1]) + 10, box


def _box_at(dot: Dot, across: float, down: float, reach: float, width: float, height: float) -> Box:
    """The box whose nearest edge is ``reach`` away from the dot in a direction."""
    x, y = dot.x + across * reach, dot.y + down * reach
    left = x - width / 2 * (1 - max(-1.0, min(1.0, across * 1.5)))
    top = y - height / 2 * (1 - max(-1.0, min(1.0, down * 1.5)))
    return Box(left, top, left + width, top + height)


def _leader(dot: Dot, box: Box) -> Segment | None:
    x, y = box.nearest(dot.x, dot.y)
    distance = math.dist((dot.x, dot.y), (x, y))
    if distance <= dot.radius + _LEADER_FROM:
        return None
    share = dot.radius / distance
    return dot.x + (x - dot.x) * share, dot.y + (y - dot.y) * share, x, y


def crosses(line: Segment, box: Box) -> bool:
    """Whether any part of ``line`` is within ``box`` (Liang and Barsky 1984)."""
    x1, y1, x2, y2 = line
    left, top, right, bottom = box
    if (x1 < left and x2 < left) or (x1 > right and x2 > right) or (y1 < top and y2 < top) or (y1 > bottom < y2):
        return False  # most are told so
    start, end = 0.0, 1.0
    for step, room in ((x1 - x2, x1 - left), (x2 - x1, right - x1), (y1 - y2, y1 - top), (y2 - y1, bottom - y1)):
        if step == 0:
            if room < 0:
                return False
        elif step < 0:
            start = max(start, room / step)
        else:
            end = min(end, room / step)
    return start < end


def _passes(line: Segment, dot: Dot) -> bool:
    x1, y1, x2, y2 = line
    reach = dot.radius
    if (x1 + reach < dot.x and x2 + reach < dot.x) or (x1 - reach > dot.x and x2 - reach > dot.x):
        return False
    if (y1 + reach < dot.y and y2 + reach < dot.y) or (y1 - reach > dot.y and y2 - reach > dot.y):
        return False
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = max(0.0, min(1.0, ((dot.x - x1) * (x2 - x1) + (dot.y - y1) * (y2 - y1)) / length)) if length else 0.0
    return math.dist((dot.x, dot.y), (x1 + share * (x2 - x1), y1 + share * (y2 - y1))) < reach
