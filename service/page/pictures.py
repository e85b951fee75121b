"""An answer → a picture: SVG whose labels never overlap, whose points are links, and which is the same every time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings import Answer
from embeddings.models import WordVectors
from embeddings.query import Kind
from service.page import svg
from service.page.addresses import word_address
from service.page.labels import FONT_SIZE, LABEL_MARGIN, Box, Dot, Label, place_labels, shorten, text_width
from service.page.scenes import Scene, Spot, numbers_of, plane_along, scene_of, shown_in
from service.page.similarity_scale import draw_scale

__all__ = ["NARROW", "WIDE", "Drawing", "draw", "drawing", "paint", "paint_scene", "plane_along", "render", "source_of"]

WIDE, NARROW = 720, 340
"""Widths in which labels are readable on a desktop and on a phone."""
_MOST_WIDE, _MOST_NARROW = 24, 12
"""Results drawn."""
_RADIUS = {"input": 6.0, "input-minus": 6.0, "best": 7.0, "other": 4.0, "apart": 4.0, "target": 9.0, "origin": 3.0}
_BOLD = ("input", "input-minus", "step", "step-minus", "best")
_SIDE, _ABOVE = 44.0, 30.0

Link = Callable[[str], str]
"""A word → where it has its page."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture as SVG, and what it shows in a sentence or two."""

    svg: str
    caption: str


def draw(answer: Answer, model: WordVectors, *, link: Link | None = word_address, width: int = WIDE) -> str:
    """The picture of ``answer``, which ``model`` gave, as SVG for a place of ``width`` pixels.

    Within a page, points are links to what ``link`` gives for a word, and colours are those of static/drawing.css.
    Without links it is a file of its own, which brings its colours, its caption and its source along.
    """
    return paint(answer, model, link=link, width=width).svg


def paint(answer: Answer, model: WordVectors, *, link: Link | None = word_address, width: int = WIDE) -> Drawing:
    """`draw`, and the caption."""
    width = max(NARROW, width)
    title = f"Picture of {answer.read_as}"
    if answer.kind is Kind.SIMILARITY:
        content, height, caption = draw_scale(answer, model, width, link)
        described = caption
    else:
        answer = shown_in(answer, _MOST_WIDE if width >= WIDE else _MOST_NARROW)
        scene = scene_of(answer, model)
        content, height, caption = *render(scene, width, link), scene.caption
        described = f"{caption} {numbers_of(answer)}"
    return drawing(content, svg.Frame(width, height, title, described), caption, None if link else source_of(model))


def paint_scene(scene: Scene, model: WordVectors, title: str, numbers: str, link: Link | None, width: int) -> Drawing:
    """A scene that is no answer's."""
    content, height = render(scene, width, link)
    frame = svg.Frame(width, height, title, f"{scene.caption} {numbers}")
    return drawing(content, frame, scene.caption, None if link else source_of(model))


def drawing(content: str, frame: svg.Frame, caption: str, source: str | None = None, **said: str) -> Drawing:
    """A picture of ``content`` for a page, whose root says ``said``; with a ``source`` it is a file of its own."""
    shown = svg.picture(content, frame, **said) if source is None else svg.file(content, frame, caption, source)
    return Drawing(shown, caption)


def source_of(model: WordVectors) -> str:
    """Where the numbers of a picture come from, in one line."""
    card = model.manifest.card
    return f"ThisPlusThat · {model.name}: {card.method}, {card.corpus} · {card.licence}"


# ---- Drawing a scene


def render(scene: Scene, width: int, link: Link | None) -> tuple[str, int]:
    """The content of the picture of ``scene``, and its height."""
    height = max(NARROW, round(width * scene.shape))
    places, scale = _fit(scene, width, height)
    longest = 26 if width >= WIDE else 18
    dots = [
        Dot(x, y, _RADIUS.get(spot.role, 0.0), shorten(spot.label, longest), spot.role in _BOLD)
        for spot, (x, y) in zip(scene.spots, places, strict=True)
    ]
    strokes = [(*places[one], *places[other]) for one, other, _ in (*scene.arrows, *scene.lines)]
    area = Box(4, 4, width - 4, height - 4)
    order = sorted(range(len(dots)), key=lambda number: scene.spots[number].role == "target")
    rings, kept_free = _rings(scene, places, scale)
    placed = place_labels([*(dots[number] for number in order), *kept_free], area, strokes)  # the target's last
    labels = dict(zip(order, placed, strict=False))
    parts = [*rings, *(_hull([places[number] for number in numbers], classes) for numbers, classes in scene.hulls)]
    if scene.sheet:
        parts.append(svg.tag("polygon", points=_points([places[n] for n in scene.sheet]), class_="tp-sheet"))
    parts += [
        svg.line(*_short_of(places[one], places[other], dots[one].radius, dots[other].radius), classes)
        for one, other, classes in scene.lines
    ]
    parts += [
        svg.arrow(places[one], places[other], classes, (_gap(dots[one]), _gap(dots[other])))
        for one, other, classes in scene.arrows
    ]
    parts += [svg.line(*label.leader, "tp-leader") for label in labels.values() if label and label.leader]
    # The Tab key goes from the terms of the query to the results, the best first.
    for number in sorted(order, key=lambda number: scene.spots[number].role != "target"):
        if scene.spots[number].role != "joint":
            parts.append(_draw_spot(scene.spots[number], dots[number], labels[number], link))
    return "".join(parts), height


def _gap(dot: Dot) -> float:
    return dot.radius + 2 if dot.radius else 0.5


def _draw_spot(spot: Spot, dot: Dot, label: Label | None, link: Link | None) -> str:
    content = svg.tag("title", svg.escape(spot.tooltip))
    role = spot.role.removeprefix("input-")
    if dot.radius:
        content += svg.tag("circle", cx=dot.x, cy=dot.y, r=dot.radius, class_=f"tp-point tp-{role}")
    if label is not None:
        baseline = label.box.bottom - FONT_SIZE * 0.32
        name = role.replace("step-", "").replace("step", "input")
        content += svg.text(dot.text, label.box.left + LABEL_MARGIN, baseline, f"tp-label tp-label-{name}")
    if spot.word is None or link is None:
        return svg.tag("g", content)
    return svg.tag("a", content, href=link(spot.word), class_="tp-link", aria_label=spot.tooltip)


def _rings(scene: Scene, places: Sequence[tuple[float, float]], scale: float) -> tuple[list[str], list[Dot]]:
    """Circles around the first spot, their names below, and dots that keep the names' places free."""
    parts, kept_free = [], []
    for radius, name in scene.rings:
        x, y = places[0]
        parts.append(svg.tag("circle", cx=x, cy=y, r=radius * scale, class_="tp-ring"))
        parts.append(svg.text(name, x, y + radius * scale - 4, "tp-note", "middle"))
        half = text_width(name, 12) / 2
        kept_free += [Dot(x + across, y + radius * scale - 8, 7) for across in (-half, 0.0, half)]
    return parts, kept_free


def _fit(scene: Scene, width: int, height: int) -> tuple[list[tuple[float, float]], float]:
    """Places in pixels, and how many of them a unit across is.

    A scene whose axes have one scale may lie on its side, whichever way it is larger.
    """
    room = width - 2 * _SIDE, height - 2 * _ABOVE
    places = scene.places.astype(np.float64)
    if scene.rings:
        reach = max(float(np.abs(places).max()), *(radius for radius, _ in scene.rings))
        scale = min(room) / 2 / reach
        return [(width / 2 + x * scale, height / 2 - y * scale) for x, y in places.tolist()], scale
    turned = np.stack([-places[:, 1], places[:, 0]], axis=1)
    scales = [_scales(chosen, room, scene.stretch) for chosen in (places, turned)]
    sizes = [x * y for x, y in scales]
    places, (x_scale, y_scale) = (turned, scales[1]) if sizes[1] > sizes[0] * 1.05 else (places, scales[0])
    centre = (places.max(axis=0) + places.min(axis=0)) / 2
    fitted = [
        (width / 2 + (x - centre[0]) * x_scale, height / 2 - (y - centre[1]) * y_scale) for x, y in places.tolist()
    ]
    return fitted, x_scale


def _scales(places: npt.NDArray[np.float64], room: tuple[float, float], stretch: float) -> tuple[float, float]:
    wide, high = (float(extent) for extent in np.maximum(np.ptp(places, axis=0), 1e-6))
    x_scale, y_scale = room[0] / wide, room[1] / high
    return min(x_scale, y_scale * stretch), min(y_scale, x_scale * stretch)


def _short_of(
    start: tuple[float, float], end: tuple[float, float], before: float, after: float
) -> tuple[float, float, float, float]:
    """A line from ``start`` to ``end`` without what lies within the two points."""
    length = max(math.dist(start, end), before + after, 1e-9)
    across, down = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    return (
        start[0] + across * before,
        start[1] + down * before,
        end[0] - across * after,
        end[1] - down * after,
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{svg.number(x)},{svg.number(y)}" for x, y in places)


def _hull(places: Sequence[tuple[float, float]], classes: str) -> str:
    """The convex hull (Andrew 1979), with a round margin from its wide stroke; of two points a capsule."""
    chain: list[tuple[float, float]] = []
    ordered = sorted(set(places))
    for half in (ordered, ordered[::-1]):
        start = len(chain)
        for place in half:
            while len(chain) >= start + 2 and _turn(chain[-2], chain[-1], place) <= 0:
                chain.pop()
            chain.append(place)
        chain.pop()
    corners = chain or ordered
    path = "M" + "L".join(f"{svg.number(x)} {svg.number(y)}" for x, y in corners) + "Z"
    return svg.tag("path", d=path, class_=classes, stroke_width=44)


def _turn(one: tuple[float, float], other: tuple[float, float], third: tuple[float, float]) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])
