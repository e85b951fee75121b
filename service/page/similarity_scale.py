"""The picture of a similarity: its cosine on a scale, against the cosines that pairs of words usually have."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from embeddings import Answer
from embeddings.answers import Reading, resolve
from embeddings.models import WordVectors
from embeddings.query import Kind
from service.page import svg
from service.page.labels import NOTE_SIZE, shorten, text_width

_WORDS, _PAIRS = 20_000, 50_000
_NEIGHBOURS = 10
_PERCENTILES = (5, 50, 95, 99)
_BINS = 100
_SIDE = 24.0

Link = Callable[[str], str]
"""A word → where it has its page."""
Across = Callable[[float], float]
"""A cosine → its place from the left."""


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Cosines of random pairs of a model's most frequent words."""

    cosines: npt.NDArray[np.float32]
    """Sorted."""
    outline: tuple[tuple[float, float], ...]
    """Cosines from -1 to 1, and how many pairs have about that one: a smoothed histogram, 1 at the most."""

    def share_below(self, cosine: float) -> float:
        """Which share of the pairs is less alike."""
        return float(np.searchsorted(self.cosines, cosine) / len(self.cosines))

    def percentile(self, percent: float) -> float:
        """The cosine that ``percent`` of the pairs do not reach."""
        return float(self.cosines[min(int(len(self.cosines) * percent / 100), len(self.cosines) - 1)])


_known: WeakKeyDictionary[WordVectors, Distribution] = WeakKeyDictionary()


def distribution(model: WordVectors) -> Distribution:
    """How alike words of ``model`` usually are: the same for the same model, and worked out once."""
    if model not in _known:
        rows = min(len(model), _WORDS)
        random = np.random.default_rng(0)
        one = random.integers(rows, size=_PAIRS)
        other = (one + random.integers(1, max(rows, 2), size=_PAIRS)) % rows  # another row than the first
        vectors = model.index.first_vectors(rows)
        cosines = np.einsum("ij,ij->i", vectors[one], vectors[other])
        _known[model] = _distribution(np.sort(np.clip(cosines, -1, 1)))
    return _known[model]


def _distribution(cosines: npt.NDArray[np.float32]) -> Distribution:
    counts, edges = np.histogram(cosines, bins=_BINS, range=(-1, 1))
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
    heights = (smooth / smooth.max()).tolist()
    return Distribution(cosines, tuple(zip(((edges[:-1] + edges[1:]) / 2).tolist(), heights, strict=True)))


def draw_scale(answer: Answer, model: WordVectors, width: float, link: Link | None) -> tuple[str, float, str]:
    """The content of the picture, its height, and its caption."""
    assert answer.score is not None
    top, base, rows_below, row_height = 66.0, 166.0, 214.0, 42.0
    known = distribution(model)
    readings = [resolve(model, term.text) for term in answer.terms]
    share = known.share_below(answer.score)

    def across(cosine: float) -> float:
        return _SIDE + (cosine + 1) / 2 * (width - 2 * _SIDE)

    outline = "L".join(
        f"{svg.number(across(cosine))} {svg.number(base - (base - top) * part)}" for cosine, part in known.outline
    )
    left, right = svg.number(across(-1)), svg.number(across(1))
    parts = [svg.tag("path", d=f"M{left} {base:g}L{outline}L{right} {base:g}Z", class_="tp-density")]
    parts += _percentiles(known, across, base, top, across(answer.score))
    parts.append(svg.line(across(-1), base, across(1), base, "tp-axis"))
    for tick in (-1.0, -0.5, 0.0, 0.5, 1.0):
        parts.append(svg.line(across(tick), base, across(tick), base + 5, "tp-axis"))
        parts.append(svg.text(f"{tick:g}".replace("-", "−"), across(tick), base + 19, "tp-note", "middle"))
    parts += _mark(answer, share, across, base, width)
    terms = dict(zip((term.text for term in answer.terms), readings, strict=True))
    for number, (term, reading) in enumerate(terms.items()):
        parts += _neighbours(term, nearest_words(model, reading), across, rows_below + number * row_height, link)
    height = rows_below + row_height * len(terms) - 8
    parts.append(svg.line(across(answer.score), base + 26, across(answer.score), height - 4, "tp-percentile"))
    first, second = (term.text for term in answer.terms)
    caption = (
        f"The cosine of {first} and {second} is {answer.score:.3f} on a scale from −1 to 1: {_standing(share)}, random "
        "ones of frequent words, whose distribution is drawn as a curve. Below it are the cosines of each of the two "
        "with its own nearest words."
    )
    return "".join(parts), height, caption


def _percentiles(known: Distribution, across: Across, base: float, top: float, mark: float) -> list[str]:
    """A line for each percentile, and its name where there is room beside the mark and the names before."""
    parts = []
    taken = [(mark - 3, mark + 3)]
    for percent in _PERCENTILES:
        cosine = known.percentile(percent)
        x, name = across(cosine), "median" if percent == 50 else f"{percent} %"
        tip = svg.tag("title", svg.escape(f"{percent} % of random pairs have a cosine below {cosine:.3f}"))
        parts.append(svg.tag("g", tip + svg.line(x, base, x, top, "tp-percentile")))
        half = text_width(name, NOTE_SIZE) / 2 + 2
        if all(x + half < left or right < x - half for left, right in taken):
            taken.append((x - half, x + half))
            parts.append(svg.text(name, x, top - 5, "tp-note", "middle"))
    return parts


def _mark(answer: Answer, share: float, across: Across, base: float, width: float) -> list[str]:
    """The cosine: a line, its number, and how many pairs of words are less alike."""
    assert answer.score is not None
    x, score = across(answer.score), f"{answer.score:.3f}".replace("-", "−")
    note = _standing(share)
    half = max(text_width(note, NOTE_SIZE), text_width(score, 15) * 1.1) / 2
    middle = min(max(x, _SIDE / 2 + half), width - _SIDE / 2 - half)
    tip = svg.tag("title", svg.escape(f"{answer.read_as} · cosine {answer.score:.3f} · {note}"))
    line = svg.line(x, base, x, 38, "tp-mark") + svg.tag("circle", cx=x, cy=base, r=6, class_="tp-point tp-best")
    return [
        svg.tag("g", tip + line),
        svg.text(score, middle, 17, "tp-number", "middle"),
        svg.text(note, middle, 33, "tp-note", "middle"),
    ]


def _neighbours(term: str, near: Sequence[tuple[str, float]], across: Across, y: float, link: Link | None) -> list[str]:
    """A row of strokes: how alike a word is to its own nearest neighbours."""
    parts = [svg.text(f"{shorten(term, 18)} and its {len(near)} nearest words", across(-1), y, "tp-note")]
    parts.append(svg.line(across(-1), y + 15, across(1), y + 15, "tp-axis"))
    for word, cosine in near:
        tip = f"{word} · cosine with {term} {cosine:.3f}"
        x = across(cosine)
        content = svg.tag("title", svg.escape(tip)) + svg.line(x, y + 8, x, y + 22, "tp-rug")
        if link is not None:
            content = svg.tag("a", content, href=link(word), class_="tp-link", aria_label=tip)
        parts.append(content)
    return parts


def nearest_of_terms(answer: Answer, model: WordVectors) -> list[tuple[str, list[tuple[str, float]]]]:
    """Of each of two terms that are compared the nearest words and their cosines; nothing for other answers."""
    if answer.kind is not Kind.SIMILARITY:
        return []
    texts = list(dict.fromkeys(term.text for term in answer.terms))
    return [(text, nearest_words(model, resolve(model, text))) for text in texts]


def nearest_words(model: WordVectors, reading: Reading) -> list[tuple[str, float]]:
    """The words nearest to a term, its own words left out, and their cosines."""
    [scores], [rows] = model.index.search(reading.vector[None], _NEIGHBOURS + len(reading.rows))
    found = zip(rows.tolist(), scores.tolist(), strict=True)
    near = [(model.vocabulary.word(row), cosine) for row, cosine in found if row >= 0 and row not in reading.rows]
    return near[:_NEIGHBOURS]


def _standing(share: float) -> str:
    """Where a pair stands among others; rounded down, so that it never claims all of them."""
    word, part = ("more", share) if share >= 0.5 else ("less", 1 - share)
    return f"{word} alike than {min(int(part * 1000) / 10, 99.9):.1f} % of pairs"
