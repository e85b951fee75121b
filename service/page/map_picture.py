"""The map of a vocabulary as a picture to take away: a dot for each word, names of regions and of frequent words."""

import colorsys
from collections.abc import Callable

import numpy as np

from embeddings.plotting import VocabularyMap
from service.page import svg
from service.page.labels import FONT_SIZE, LABEL_MARGIN, Box, Dot, place_labels, shorten

_SIZE, _MARGIN = 1000.0, 30.0
_NAMED = 60
"""Frequent words that have their names at their dots."""
_TOO_COMMON = 60


def draw_map(shown: VocabularyMap, written: Callable[[str], str], caption: str, source: str) -> str:
    """``shown`` as SVG, a file of its own, with words as they are ``written``."""
    reach = _SIZE / 2 - _MARGIN
    places = np.stack([shown.coordinates[:, 0], -shown.coordinates[:, 1]], axis=1) * reach + _SIZE / 2
    parts, names = [], []
    for number, name in enumerate(shown.cluster_words):
        rows = np.flatnonzero(shown.clusters == number)
        if not len(rows):
            continue
        dots = "".join(f"M{svg.number(x - 1)} {svg.number(y)}h2" for x, y in places[rows].tolist())
        parts.append(svg.tag("path", d=dots, stroke=_colour(number), stroke_width=2.0, stroke_opacity="0.75"))
        x, y = np.median(places[rows], axis=0).tolist()
        names.append(Dot(x, y, 0.0, written(name), is_bold=True))
    first = _TOO_COMMON if len(shown.words) > 1000 else 0
    chosen = [row for row in range(first, len(shown.words)) if len(shown.words[row]) > 2][:_NAMED]
    words = [
        Dot(float(places[row, 0]), float(places[row, 1]), 1.5, shorten(written(shown.words[row]), 22)) for row in chosen
    ]
    labels = place_labels([*names, *words], Box(4, 4, _SIZE - 4, _SIZE - 4))
    for number, (dot, label) in enumerate(zip([*names, *words], labels, strict=True)):
        if label:
            baseline = label.box.bottom - FONT_SIZE * 0.32
            kind = "tp-end" if number < len(names) else "tp-note"
            parts.append(svg.text(dot.text, label.box.left + LABEL_MARGIN, baseline, kind))
    frame = svg.Frame(_SIZE, _SIZE, caption, f"Regions: {', '.join(map(written, shown.cluster_words))}.")
    return svg.file("".join(parts), frame, caption, source)


def _colour(number: int) -> str:
    """Hues a golden angle apart, as on the page's map."""
    red, green, blue = colorsys.hls_to_rgb((number * 137.5 % 360) / 360, 0.5, 0.5)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
