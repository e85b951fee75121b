"""An answer → a picture: SVG whose labels never overlap, whose points are links, and which is the same every time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from embeddings import Answer
from embeddings.answers import Result, principal_plane, resolve
from embeddings.models import WordVectors
from embeddings.query import Kind, Query
from embeddings.search import Matrix, unit
from service.page import svg
from service.page.addresses import word_address
from service.page.interpretation import query_of
from service.page.labels import FONT_SIZE, LABEL_MARGIN, Box, Dot, Label, place_labels, shorten
from service.page.similarity_scale import draw_scale

WIDE, NARROW = 720, 340
"""Widths in which labels are readable on a desktop and on a phone."""
_MOST_WIDE, _MOST_NARROW = 24, 12
"""Results drawn."""
_REASONS = 4
"""Words drawn of those that the rest of an odd one out share, and of those that set the odd one apart."""
_RADIUS = {"input": 6.0, "minus": 6.0, "best": 7.0, "other": 4.0, "apart": 4.0, "target": 9.0}
_BOLD = ("input", "minus", "best")
_SIDE, _ABOVE = 44.0, 30.0
_STRETCH = 1.5
"""How much more one axis of a map may be drawn out than the other to fill the picture."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A point of the picture: its label, what it is, what its tooltip says, and the word that it links to."""

    label: str
    role: str
    tooltip: str
    word: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """Spots and their places [spots, 2] in a plane, y upwards; arrows, lines and a hull by the spots' numbers."""

    spots: Sequence[_Spot]
    places: Matrix
    description: str
    arrows: Sequence[tuple[int, int, str]] = ()
    lines: Sequence[tuple[int, int, str]] = ()
    sheet: Sequence[int] = ()
    hull: Sequence[int] = ()
    stretch: float = 1.0


def draw(
    answer: Answer, model: WordVectors, *, link: Callable[[str], str] | None = word_address, width: int = WIDE
) -> str:
    """The picture of ``answer``, which ``model`` gave, as SVG for a place of ``width`` pixels.

    Within a page, points are links to what ``link`` gives for a word, and colours are those of static/drawing.css.
    Without links it is a file of its own, which brings its colours along.
    """
    width = max(NARROW, width)
    title = f"Picture of {answer.read_as}"
    if answer.kind is Kind.SIMILARITY:
        content, height, description = draw_scale(answer, model, width, link)
    else:
        if answer.kind is not Kind.ODD_ONE_OUT:
            answer = replace(answer, results=answer.results[: _MOST_WIDE if width >= WIDE else _MOST_NARROW])
        scene = _SCENES[answer.kind](answer, model)
        height = max(NARROW, round(width * 0.58))
        content = _render(scene, width, height, link)
        description = scene.description
    return svg.picture(content, width, height, title, description, standalone=link is None)


# ---- What is where: a scene for each kind of answer


def plane_along(direction: Matrix, spread: Matrix, points: Matrix) -> Matrix:
    """``points`` [n, dimension] in the plane that holds ``direction`` whole (as x) and, of all such planes, the one in
    which the ``spread`` [m, dimension] varies most (as y): [n, 2].

    With the mean offset of pairs as direction and the pairs' middles as spread, arrows are as long and as parallel as
    they are in the full space but for what sets them apart within the plane, and the pairs lie as far from each other
    as possible. For two pairs it is the plane of the mean arrow and the mean side of their quadrilateral.
    """
    centre = points.mean(axis=0)
    x_axis = unit(direction)
    if not x_axis.any():
        return principal_plane(points)
    # Where the spread has no width beside the direction, the points decide, at a thousandth of the weight.
    rows = np.concatenate([spread - spread.mean(axis=0), (points - centre) / 1000])
    rows = rows - np.outer(rows @ x_axis, x_axis)
    y_axis = np.linalg.svd(rows, full_matrices=False)[2][0]
    y_axis = unit(np.asarray(y_axis - (y_axis @ x_axis) * x_axis, np.float32))
    return np.stack([(points - centre) @ x_axis, (points - centre) @ y_axis], axis=1)


def _analogy(answer: Answer, model: WordVectors) -> _Scene:
    query, inputs, weights = _read(answer, model)
    results = answer.results
    found = _vectors(results, model)
    # Before it is brought to length 1, the target is the fourth corner of the parallelogram.
    target = weights @ inputs
    asked = len(inputs)  # the best result, or the target where there is none
    corners = [tuple(asked if place is None else place for place in pair.places) for pair in query.pairs]
    vectors = np.concatenate([inputs, found, target[None]])
    lefts, rights = vectors[[left for left, _ in corners]], vectors[[right for _, right in corners]]
    places = plane_along((rights - lefts).mean(axis=0), (lefts + rights) / 2, vectors)
    middle = (places[[left for left, _ in corners]] + places[[right for _, right in corners]]) / 2
    if middle[-1, 1] > middle[:-1, 1].mean():
        places[:, 1] *= -1  # the pair that was asked for stands below the examples
    last = len(vectors) - 1
    arrows = [(left, right, "tp-arrow-best" if asked in (left, right) else "tp-arrow") for left, right in corners]
    left, right = (last if place is None else place for place in query.question.places)
    aim = (left, right, "tp-aim")
    lines, sheet = [aim], []
    if len(corners) == 2:
        (a, b), (c, d) = corners
        lines += [(a, c, "tp-side"), (b, d, "tp-side")]
        sheet = [a, b, d, c]
    shown = ", ".join(" to ".join(_name(query, place) for place in pair.places) for pair in query.pairs)
    best = f"The best result for ? is {results[0].shown}. " if results else ""
    return _Scene(
        spots=[*_inputs(answer), *_results(results), _target("where the offset of the examples leads")],
        places=places,
        description=f"Arrows from {shown}. {best}The ring is where the arrow would end if it were the same as in the "
        f"examples; {_near(results[1:])}",
        arrows=arrows,
        lines=lines,
        sheet=sheet,
    )


def _map(answer: Answer, model: WordVectors) -> _Scene:
    _, inputs, weights = _read(answer, model)
    results = answer.results
    target = unit(weights @ inputs)
    spots = [*_inputs(answer), *_results(results)]
    vectors = np.concatenate([inputs, _vectors(results, model), target[None]])
    target_number = len(spots)
    if len(inputs) > 1:
        spots.append(_target("the sum of the terms"))
        lines = [(number, target_number, "tp-aim") for number in range(len(inputs))]
        what = "The ring is where their sum points"
    else:
        vectors, lines, what = vectors[:-1], [], "It is the word of the query"
    return _Scene(
        spots=spots,
        places=principal_plane(vectors),
        description=f"A map of {', '.join(spot.label for spot in spots[: len(inputs)])} and the nearest words, in the "
        f"plane where they spread most. {what}; {_near(results)}",
        lines=lines,
        stretch=_STRETCH,
    )


def _odd_one_out(answer: Answer, model: WordVectors) -> _Scene:
    terms = np.stack([resolve(model, result.word).vector for result in answer.results])
    shared, apart = (answer.shared or ())[:_REASONS], (answer.apart or ())[:_REASONS]
    vectors = np.concatenate([terms, _vectors([*shared, *apart], model)])
    rest = terms[1:]
    places = plane_along(terms[0] - rest.mean(axis=0), rest, vectors)
    if places[1, 1] < 0:
        places[:, 1] *= -1
    spots = [
        _Spot(
            result.word,
            "best" if number == 0 else "input",
            f"{result.word} · mean cosine with the others {result.score:.3f}{_rank(result)}",
            result.word,
        )
        for number, result in enumerate(answer.results)
    ]
    spots += [_Spot(r.shown, "other", f"{r.shown} · what the rest share{_rank(r)}", r.word) for r in shared]
    spots += [_Spot(r.shown, "apart", f"{r.shown} · what sets it apart{_rank(r)}", r.word) for r in apart]
    odd, *others = (result.word for result in answer.results)
    return _Scene(
        spots=spots,
        places=places,
        description=f"{odd} is the odd one out, apart from the group of {', '.join(others)}.",
        hull=range(1, len(terms)),
    )


_SCENES = {
    Kind.ANALOGY: _analogy,
    Kind.EXPRESSION: _map,
    Kind.NEIGHBOURS: _map,
    Kind.ODD_ONE_OUT: _odd_one_out,
}


def _read(answer: Answer, model: WordVectors) -> tuple[Query, Matrix, Matrix]:
    """The query, the vectors of its terms and their weights."""
    query = query_of(answer)
    vectors = np.stack([resolve(model, term.text).vector for term in query.terms])
    return query, vectors, np.array([term.weight for term in query.terms], np.float32)


def _vectors(results: Sequence[Result], model: WordVectors) -> Matrix:
    return model.vectors_of([result.rank - 1 for result in results if result.rank is not None])


def _inputs(answer: Answer) -> list[_Spot]:
    signed = answer.kind is Kind.EXPRESSION
    spots = []
    for term in answer.terms:
        minus = signed and term.weight < 0
        size = "" if not signed or abs(term.weight) == 1 else f"{abs(term.weight):g} × "
        sign = ("−" if minus else "+") if signed and len(answer.terms) > 1 else ""
        found = "" if term.resolved == "exact" else f" · {term.resolved}: {' + '.join(term.words)}"
        tooltip = f"{sign}{size}{term.text} · term of the query{found}"
        spots.append(_Spot(f"{sign}{size}{term.text}", "minus" if minus else "input", tooltip, term.text))
    return spots


def _results(results: Sequence[Result]) -> list[_Spot]:
    return [
        _Spot(
            result.shown,
            "best" if number == 1 else "other",
            f"{result.shown} · result {number} · score {result.score:.3f}{_rank(result)}",
            result.word,
        )
        for number, result in enumerate(results, start=1)
    ]


def _target(what: str) -> _Spot:
    return _Spot("target", "target", f"target · {what}")


def _rank(result: Result) -> str:
    return "" if result.rank is None else f" · frequency rank {result.rank:,}"


def _name(query: Query, place: int | None) -> str:
    return "?" if place is None else query.terms[place].text


def _near(results: Sequence[Result]) -> str:
    return f"near it are {', '.join(result.shown for result in results)}." if results else "nothing else is near it."


# ---- Drawing a scene


def _render(scene: _Scene, width: int, height: int, link: Callable[[str], str] | None) -> str:
    places = _fit(scene, width, height)
    longest = 26 if width >= WIDE else 18
    dots = [
        Dot(x, y, _RADIUS[spot.role], shorten(spot.label, longest), spot.role in _BOLD)
        for spot, (x, y) in zip(scene.spots, places, strict=True)
    ]
    strokes = [(*places[one], *places[other]) for one, other, _ in (*scene.arrows, *scene.lines)]
    area = Box(4, 4, width - 4, height - 4)
    order = sorted(range(len(dots)), key=lambda number: scene.spots[number].role == "target")
    labels = dict(
        zip(order, place_labels([dots[number] for number in order], area, strokes), strict=True)  # the target's last
    )
    parts = [_hull([places[number] for number in scene.hull])] if scene.hull else []
    if scene.sheet:
        parts.append(svg.tag("polygon", points=_points([places[n] for n in scene.sheet]), class_="tp-sheet"))
    parts += [
        svg.line(*_short_of(places[one], places[other], dots[one].radius, dots[other].radius), classes)
        for one, other, classes in scene.lines
    ]
    parts += [
        svg.arrow(places[one], places[other], classes, (dots[one].radius + 2, dots[other].radius + 2))
        for one, other, classes in scene.arrows
    ]
    parts += [svg.line(*label.leader, "tp-leader") for label in labels.values() if label and label.leader]
    # The Tab key goes from the terms of the query to the results, the best first.
    for number in sorted(order, key=lambda number: scene.spots[number].role != "target"):
        parts.append(_draw_spot(scene.spots[number], dots[number], labels[number], link))
    return "".join(parts)


def _draw_spot(spot: _Spot, dot: Dot, label: Label | None, link: Callable[[str], str] | None) -> str:
    content = svg.tag("title", svg.escape(spot.tooltip))
    content += svg.tag("circle", cx=dot.x, cy=dot.y, r=dot.radius, class_=f"tp-point tp-{spot.role}")
    if label is not None:
        baseline = label.box.bottom - FONT_SIZE * 0.32
        content += svg.text(dot.text, label.box.left + LABEL_MARGIN, baseline, f"tp-label tp-label-{spot.role}")
    if spot.word is None or link is None:
        return svg.tag("g", content)
    return svg.tag("a", content, href=link(spot.word), class_="tp-link", aria_label=spot.tooltip)


def _fit(scene: _Scene, width: int, height: int) -> list[tuple[float, float]]:
    """Places in pixels. A scene whose axes have one scale may lie on its side, whichever way it is larger."""
    room = width - 2 * _SIDE, height - 2 * _ABOVE
    places = scene.places.astype(np.float64)
    turned = np.stack([-places[:, 1], places[:, 0]], axis=1)
    scales = [_scales(chosen, room, scene.stretch) for chosen in (places, turned)]
    sizes = [x * y for x, y in scales]
    places, (x_scale, y_scale) = (turned, scales[1]) if sizes[1] > sizes[0] * 1.05 else (places, scales[0])
    centre = (places.max(axis=0) + places.min(axis=0)) / 2
    return [(width / 2 + (x - centre[0]) * x_scale, height / 2 - (y - centre[1]) * y_scale) for x, y in places.tolist()]


def _scales(places: npt.NDArray[np.float64], room: tuple[float, float], stretch: float) -> tuple[float, float]:
    wide, high = (float(extent) for extent in np.maximum(np.ptp(places, axis=0), 1e-6))
    x_scale, y_scale = room[0] / wide, room[1] / high
    return min(x_scale, y_scale * stretch), min(y_scale, x_scale * stretch)


def _short_of(
    start: tuple[float, float], end: tuple[float, float], before: float, after: float
) -> tuple[float, float, float, float]:
    """A line from ``start`` to ``end`` without what lies within the two points."""
    length = max(math.dist(start, end), before + after)
    across, down = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    return (
        start[0] + across * before,
        start[1] + down * before,
        end[0] - across * after,
        end[1] - down * after,
    )


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{svg.number(x)},{svg.number(y)}" for x, y in places)


def _hull(places: Sequence[tuple[float, float]]) -> str:
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
    return svg.tag("path", d=path, class_="tp-hull", stroke_width=44)


def _turn(one: tuple[float, float], other: tuple[float, float], third: tuple[float, float]) -> float:
    return (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0])
