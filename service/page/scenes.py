"""What is where in the picture of an answer, and what its caption says: a scene for each kind."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from embeddings import Answer
from embeddings.answers import Result, principal_plane, vectors_asked
from embeddings.models import WordVectors
from embeddings.query import Kind, Query
from embeddings.search import Matrix, unit
from service.page.interpretation import query_of

_REASONS = 4
"""Words drawn of those that the rest of an odd one out share, and of those that set the odd one apart."""
_STRETCH = 1.5
"""How much more one axis of a plane may be drawn out than the other to fill the picture."""
_NEAREST = 0.14
"""The least distance from the middle of a radial picture, as a share of the farthest."""
_RING_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Spot:
    """A point of the picture: its label, what it is, what its tooltip says, and the word that it links to.

    A joint has neither a point nor a label; a step has only a label, on its arrow.
    """

    label: str
    role: str
    tooltip: str
    word: str | None = None


JOINT = Spot("", "joint", "")
_ORIGIN = Spot("0", "origin", "origin · where the sum begins")


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Spots and their places [spots, 2] in a plane, y upwards; arrows, lines and hulls by the spots' numbers."""

    spots: Sequence[Spot]
    places: Matrix
    caption: str
    """What is drawn, in a sentence or two."""
    arrows: Sequence[tuple[int, int, str]] = ()
    lines: Sequence[tuple[int, int, str]] = ()
    sheet: Sequence[int] = ()
    hulls: Sequence[tuple[Sequence[int], str]] = ()
    rings: Sequence[tuple[float, str]] = ()
    """Circles around the first spot: radius and what is written at it."""
    stretch: float = 1.0
    shape: float = 0.58
    """Height over width."""


def scene_of(answer: Answer, model: WordVectors) -> Scene:
    """The scene of any answer but a similarity."""
    return _SCENES.get(answer.kind, _sum)(answer, model)


def numbers_of(answer: Answer) -> str:
    """The numbers that a picture shows, for those who do not see it."""
    listed = ", ".join(f"{result.shown} {result.score:.3f}" for result in answer.results)
    what = "Mean cosines with the others" if answer.kind is Kind.ODD_ONE_OUT else "Scores"
    return f"{what}: {listed}." if listed else "There are no results."


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


# ---- Analogies: the parallelogram


def _analogy(answer: Answer, model: WordVectors) -> Scene:
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
    texts = [term.text for term in query.terms]
    best = results[0].shown if results else "?"
    shown = [
        f"{' to '.join(best if place is None else texts[place] for place in pair.places)}"
        for pair in sorted(query.pairs, key=lambda pair: pair.is_question)
    ]
    *examples, answered = shown
    return Scene(
        spots=[*_inputs(answer), *_results(results), _target("where the offset of the examples leads")],
        places=places,
        caption=f"The arrow from {answered}, beside {'that' if len(examples) == 1 else 'those'} from "
        f"{' and '.join(examples)}. The ring is where it would end if it were just as "
        f"{'that one' if len(examples) == 1 else 'they are on average'}: a parallelogram.",
        arrows=arrows,
        lines=lines,
        sheet=sheet,
    )


# ---- Sums: tip to tail


def _sum(answer: Answer, model: WordVectors) -> Scene:
    _, inputs, weights = _read(answer, model)
    if len(inputs) == 1 and weights[0] > 0:
        return _neighbours(answer, model)
    results = answer.results
    steps = weights[:, None] * inputs
    tips = np.cumsum(steps, axis=0)
    # Only directions count: words are drawn as far out as the sum, so that those near its end are near in direction.
    found = _vectors(results, model) * np.float32(np.linalg.norm(tips[-1]))
    corners = np.concatenate([np.zeros_like(tips[:1]), tips])  # the last one is the ring
    places = principal_plane(np.concatenate([corners, found]))
    count = len(steps)
    first_tip = count + len(results)
    spots = [
        *_inputs(answer, "step"),
        *_results(results),
        _ORIGIN,
        *[JOINT] * (count - 1),
        _target("where the sum ends"),
    ]
    names = _places_of_names(places[:count], places[1 : count + 1])
    arranged = np.concatenate([names, places[count + 1 :], places[: count + 1]])
    arrows = [
        (first_tip + number, first_tip + number + 1, "tp-arrow-minus" if weight < 0 else "tp-arrow")
        for number, weight in enumerate(weights.tolist())
    ]
    best = f" {results[0].shown} points most nearly the same way." if results else ""
    return Scene(
        spots=spots,
        places=arranged,
        caption=f"The terms, tip to tail; the ring is where their sum ends.{best} Words are drawn as far out as it.",
        arrows=arrows,
        stretch=_STRETCH,
    )


def _places_of_names(tails: Matrix, tips: Matrix) -> Matrix:
    """Where on each arrow its name stands best: of a few places the one that is farthest from the other arrows."""
    shares = np.array([0.5, 0.35, 0.65], np.float32)
    chosen = []
    for number, (tail, tip) in enumerate(zip(tails, tips, strict=True)):
        tried = tail + shares[:, None] * (tip - tail)
        others = [place for place in range(len(tails)) if place != number]
        if not others:
            chosen.append(tried[0])
            continue
        starts, along = tails[others], tips[others] - tails[others]
        lengths = np.maximum((along**2).sum(axis=1), 1e-12)
        reach = np.clip(((tried[:, None] - starts) * along).sum(axis=2) / lengths, 0, 1)
        gaps = np.linalg.norm(starts + reach[..., None] * along - tried[:, None], axis=2).min(axis=1)
        chosen.append(tried[int(gaps.argmax())])
    return np.stack(chosen)


# ---- Neighbours: by distance from the middle


def _neighbours(answer: Answer, model: WordVectors) -> Scene:
    _, inputs, _ = _read(answer, model)
    results = answer.results
    middle, found = unit(inputs[0]), _vectors(results, model)
    spots = [*_inputs(answer), *_results(results)]
    name = answer.terms[0].text
    if not results:
        return Scene(spots, np.zeros((1, 2), np.float32), f"{name}, and no words near it.")
    distances = np.maximum(1 - found @ middle, 0)
    radii = np.maximum(distances, _NEAREST * distances.max())
    turns = _turns(found - np.outer(found @ middle, middle))
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1) * radii[:, None]
    return Scene(
        spots=spots,
        places=np.concatenate([np.zeros((1, 2)), around]).astype(np.float32),
        caption=f"{name} in the middle, and the nearest words around it: the farther out, the smaller the cosine. "
        "Words that lie in the same direction from it stand side by side.",
        rings=_rings(float(distances.max())),
        shape=0.68,
    )


def _turns(offsets: Matrix) -> Matrix:
    """An angle for each offset [n, dimension]: evenly around, in the order of their angles in the plane where they
    spread most, the first one to the right and up."""
    plane = principal_plane(offsets) if len(offsets) > 1 else np.zeros((1, 2), np.float32)
    order = np.argsort(np.arctan2(plane[:, 1], plane[:, 0]), kind="stable")
    turns = np.empty(len(offsets))
    turns[order] = np.arange(len(offsets)) * 2 * math.pi / len(offsets)
    return np.asarray(turns - turns[0] + math.pi / 7, np.float32)


def _rings(farthest: float) -> list[tuple[float, str]]:
    """Two to four circles of round cosines."""
    step = next((step for step in _RING_STEPS if farthest / step <= 4.5), _RING_STEPS[-1])
    places = [number * step for number in range(1, 5) if number * step <= farthest * 1.08]
    named = [f"{1 - place:.2f}".rstrip("0").rstrip(".").replace("-", "−") for place in places]
    return [
        (place, name if number else f"cosine {name}")
        for number, (place, name) in enumerate(zip(places, named, strict=True))
    ]


# ---- The odd one out: two groups


def _odd_one_out(answer: Answer, model: WordVectors) -> Scene:
    terms = vectors_asked(model, [result.word for result in answer.results], answer.without)
    shared, apart = (answer.shared or ())[:_REASONS], (answer.apart or ())[:_REASONS]
    vectors = np.concatenate([terms, _vectors([*shared, *apart], model)])
    rest = terms[1:]
    places = plane_along(terms[0] - rest.mean(axis=0), rest, vectors)
    if places[1, 1] < 0:
        places[:, 1] *= -1
    spots = [
        Spot(
            result.shown,
            "best" if number == 0 else "input",
            f"{result.shown} · mean cosine with the others {result.score:.3f}{_rank(result)}",
            result.word,
        )
        for number, result in enumerate(answer.results)
    ]
    spots += [Spot(r.shown, "other", f"{r.shown} · what the rest share{_rank(r)}", r.word) for r in shared]
    spots += [Spot(r.shown, "apart", f"{r.shown} · what sets it apart{_rank(r)}", r.word) for r in apart]
    odd, *others = (result.shown for result in answer.results)
    ends = len(terms) + len(shared)
    near = f", with {_listed([r.shown for r in shared])}, which they share" if shared else ""
    far = f", with {_listed([r.shown for r in apart])}, which set it apart" if apart else ""
    return Scene(
        spots=spots,
        places=places,
        caption=f"Two groups: {_listed(others)}{near}; and {odd}, the odd one out{far}.",
        hulls=[(range(1, ends), "tp-hull"), ([0, *range(ends, len(spots))], "tp-hull tp-hull-odd")],
    )


# ---- A list of words


def scene_of_words(labels: Sequence[str], places: Matrix, pairs: Sequence[tuple[int, int]], caption: str) -> Scene:
    """Words in a plane, pairs of them as arrows."""
    return Scene(
        spots=[
            Spot(label, "input", f"{label} · {x:+.3f}, {y:+.3f}", label)
            for label, (x, y) in zip(labels, places.tolist(), strict=True)
        ],
        places=places,
        caption=caption,
        arrows=[(one, other, "tp-arrow") for one, other in pairs],
        stretch=_STRETCH,
    )


_SCENES: dict[Kind, Callable[[Answer, WordVectors], Scene]] = {
    Kind.ANALOGY: _analogy,
    Kind.EXPRESSION: _sum,
    Kind.NEIGHBOURS: _neighbours,
    Kind.ODD_ONE_OUT: _odd_one_out,
}


# ---- Terms and results as spots


def _read(answer: Answer, model: WordVectors) -> tuple[Query, Matrix, Matrix]:
    """The query, the vectors of its terms and their weights."""
    query = query_of(answer)
    vectors = vectors_asked(model, [term.text for term in query.terms], answer.without)
    return query, vectors, np.array([term.weight for term in query.terms], np.float32)


def _vectors(results: Sequence[Result], model: WordVectors) -> Matrix:
    return model.vectors_of([result.rank - 1 for result in results if result.rank is not None])


def _inputs(answer: Answer, role: str = "input") -> list[Spot]:
    signed = answer.kind is Kind.EXPRESSION
    spots = []
    for term in answer.terms:
        minus = signed and term.weight < 0
        size = "" if not signed or abs(term.weight) == 1 else f"{abs(term.weight):g} × "
        sign = ("−" if minus else "+") if signed and len(answer.terms) > 1 else ""
        found = "" if term.resolved == "exact" else f" · {term.resolved}: {' + '.join(term.words)}"
        tooltip = f"{sign}{size}{term.text} · term of the query{found}"
        spots.append(Spot(f"{sign}{size}{term.text}", f"{role}-minus" if minus else role, tooltip, term.text))
    return spots


def _results(results: Sequence[Result]) -> list[Spot]:
    return [
        Spot(
            result.shown,
            "best" if number == 1 else "other",
            f"{result.shown} · result {number} · score {result.score:.3f}{_rank(result)}",
            result.word,
        )
        for number, result in enumerate(results, start=1)
    ]


def _target(what: str) -> Spot:
    return Spot("target", "target", f"target · {what}")


def _rank(result: Result) -> str:
    return "" if result.rank is None else f" · frequency rank {result.rank:,}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def shown_in(answer: Answer, most: int) -> Answer:
    """``answer`` with at most so many results; an odd one out keeps all of its terms."""
    return answer if answer.kind is Kind.ODD_ONE_OUT else replace(answer, results=answer.results[:most])
