"""The project's own pictures as pixels: those few elements of SVG that `svg` writes, drawn by Pillow.

That takes a fourth of resvg's time, which is 50 µs for each shape and opens a font again for each letter. Shapes are
drawn as numbers of colours on a larger canvas, which is then made smaller for smooth edges; letters come last.
"""

import math
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont

_LARGEST_ZOOM, _PIXELS, _FINER = 1.5, 1_000_000, 2
"""Pixels across for each of a picture's own, but no more than so many; points of the canvas across for each pixel."""
_WHITE = (255, 255, 255)
_FROM_ABOVE, _LEVEL = 2, 3
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_PART = re.compile(r"([MLhZz])([^MLhZz]*)")
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_SVG = "{http://www.w3.org/2000/svg}"
_SHAPES = ("rect", "line", "polygon", "circle", "path")
Style = Mapping[str, str]
Line = list[tuple[float, float]]


def is_simple(letters: str) -> bool:
    """Whether DejaVu Sans has all ``letters`` and they stand one after the other, from left to right."""
    codes = set(map(ord, letters))
    return all(code < 0x300 or 0x370 <= code < 0x590 or 0x1E00 <= code < 0x2E80 for code in codes)


def paint(drawn: str, fonts: Mapping[str, str]) -> bytes:
    """``drawn``, a picture by `svg.file` of simple letters, as PNG. ``fonts`` has the file of each of DejaVu Sans's
    faces. Raises `xml.etree.ElementTree.ParseError` where it is no XML.
    """
    root = fromstring(drawn)  # noqa: S314  # of this program, with all words escaped
    sheet = root.findtext(f"{_SVG}style", "")
    width, height = float(root.get("width", 1)), float(root.get("height", 1))
    zoom = min(_LARGEST_ZOOM, max(1.0, math.sqrt(_PIXELS / (width * height))))
    canvas = _Canvas(width, height, zoom)
    texts = []
    for element in root.iter():
        kind = element.tag.removeprefix(_SVG)
        if kind in _SHAPES:
            canvas.draw(kind, element, _style(element, sheet))
        elif kind == "text":
            texts.append((element, _style(element, sheet)))
    picture = canvas.reduced()
    pen = ImageDraw.Draw(picture)
    for element, style in texts:
        x, y = (float(element.get(name, 0)) * zoom for name in "xy")
        anchor = _ANCHORS[element.get("text-anchor", "start")]
        pen.text((x, y), element.text or "", _ink(style, "fill"), _font(fonts[_face(style)], style, zoom), anchor)
    return _packed(np.asarray(picture))


def _packed(colours: npt.NDArray[np.uint8]) -> bytes:
    """``colours`` [height, width, 3] as PNG, each row as the difference from the one above: half of the time of
    Pillow, which tries all ways for each row.
    """
    height, width, _ = colours.shape
    flat = colours.reshape(height, 3 * width)
    rows = np.zeros((height, 1 + 3 * width), np.uint8)
    rows[0, 1:] = flat[0]
    rows[1:, 0] = _FROM_ABOVE
    np.subtract(flat[1:], flat[:-1], out=rows[1:, 1:])
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.data, _LEVEL)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


class _Canvas:
    """Shapes as numbers of a palette, one byte a point."""

    def __init__(self, width: float, height: float, zoom: float) -> None:
        self._scale = zoom * _FINER
        self._image = Image.new("P", (round(width * zoom) * _FINER, round(height * zoom) * _FINER))
        self._pen = ImageDraw.Draw(self._image)
        self._numbers: dict[tuple[int, ...], int] = {_WHITE: 0}

    def reduced(self) -> Image.Image:
        """The picture in colours, of the size that it is to have."""
        self._image.putpalette([part for colour in list(self._numbers)[:256] for part in colour])
        return self._image.convert("RGB").reduce(_FINER)

    def draw(self, kind: str, element: Element, style: Style) -> None:
        """Draw a shape, what it is filled with first and then its outline."""
        fill, stroke = self._number(style, "fill"), self._number(style, "stroke")
        width = self._scale * float(style.get("stroke-width", 1))
        if kind == "circle":
            self._circle(element, fill, stroke, width)
        else:
            for line, closed in self._lines(kind, element):
                if fill is not None and kind != "line" and len(line) > 2:
                    self._pen.polygon(line, fill)
                if stroke is not None:
                    self._stroke([*line, line[0]] if closed else line, stroke, width, style)

    def _number(self, style: Style, name: str) -> int | None:
        ink = _ink(style, name)
        return None if ink is None else self._numbers.setdefault(ink, min(len(self._numbers), 255))

    def _circle(self, element: Element, fill: int | None, stroke: int | None, width: float) -> None:
        x, y, radius = (float(element.get(name, 0)) * self._scale for name in ("cx", "cy", "r"))
        if stroke is not None:
            outer = radius + width / 2
            self._pen.ellipse((x - outer, y - outer, x + outer, y + outer), fill, stroke, max(1, round(width)))
        elif fill is not None:
            self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill)

    def _lines(self, kind: str, element: Element) -> Iterator[tuple[Line, bool]]:
        """The lines that a shape is made of, and whether each is closed."""
        scale = self._scale
        if kind == "path":
            yield from _of_path(element.get("d", ""), scale)
            return
        if kind == "line":
            values = [float(element.get(name, 0)) * scale for name in ("x1", "y1", "x2", "y2")]
        elif kind == "polygon":
            values = [float(part) * scale for part in element.get("points", "").replace(",", " ").split()]
        else:
            right, bottom = (float(element.get(name, 0)) * scale for name in ("width", "height"))
            values = [0, 0, right, 0, right, bottom, 0, bottom]
        yield list(zip(values[::2], values[1::2], strict=True)), kind != "line"

    def _stroke(self, line: Line, number: int, width: float, style: Style) -> None:
        for part in _dashed(line, style["stroke-dasharray"], self._scale) if "stroke-dasharray" in style else (line,):
            self._pen.line(part, number, max(1, round(width)), "curve" if len(part) > 2 else None)
            if width > 2 and style.get("stroke-linecap") == "round":
                reach = width / 2
                for x, y in (part[0], part[-1]) if style.get("stroke-linejoin") != "round" else part:
                    self._pen.ellipse((x - reach, y - reach, x + reach, y + reach), number)


def _of_path(described: str, scale: float) -> Iterator[tuple[Line, bool]]:
    line: Line = []
    for command, rest in _PART.findall(described):
        if command in "Zz":
            yield line, True
            line = []
            continue
        x, _, y = rest.strip().replace(",", " ").partition(" ")
        if command == "M":
            if line:
                yield line, False
            line = [(float(x) * scale, float(y) * scale)]
        elif command == "L":
            line.append((float(x) * scale, float(y) * scale))
        else:
            line.append((line[-1][0] + float(x) * scale, line[-1][1]))
    if line:
        yield line, False


def _dashed(line: Line, described: str, scale: float) -> Iterator[Line]:
    """The dashes of a straight line."""
    dashes = [float(part) * scale for part in described.split()]
    (x1, y1), (x2, y2) = line[0], line[-1]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    at = 0.0
    while at < length:
        shares = at / length, min(at + dashes[0], length) / length
        yield [(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share) for share in shares]
        at += sum(dashes)


# ---- Styles


@lru_cache(256)
def _rules(sheet: str) -> list[tuple[frozenset[str], Style]]:
    """What the sheet says of elements with these classes, the more special last; the light look only."""
    rules = []
    for selectors, content in _RULE.findall(sheet.partition("@media")[0]):
        said = dict(part.split(":", 1) for part in content.split(";") if ":" in part)
        style = {name.strip(): value.strip() for name, value in said.items()}
        rules += [
            (frozenset(one.strip()[1:].split(".")), style) for one in selectors.split(",") if ":" not in one.strip()
        ]
    return sorted(rules, key=lambda rule: len(rule[0]))


@lru_cache(256)
def _of_classes(sheet: str, classes: str) -> dict[str, str]:
    own = frozenset(classes.split())
    style: dict[str, str] = {}
    for wanted, said in _rules(sheet):
        if wanted <= own:
            style |= said
    return style


def _style(element: Element, sheet: str) -> Style:
    """As in SVG the sheet goes before an element's attributes."""
    return dict(element.items()) | _of_classes(sheet, element.get("class", ""))


def _ink(style: Style, name: str) -> tuple[int, ...] | None:
    """The colour of what is filled or stroked, mixed with the white below it as far as it lets it through."""
    shown = style.get(name, "#000000" if name == "fill" else "none")
    if shown == "none":
        return None
    part = float(style.get("opacity", 1)) * float(style.get(f"{name}-opacity", 1))
    return tuple(round(255 + (value - 255) * part) for value in ImageColor.getrgb(shown)[:3])


def _face(style: Style) -> str:
    if int(style.get("font-weight", 400)) >= 600:
        return "DejaVuSans-Bold"
    return "DejaVuSans-Oblique" if style.get("font-style") == "italic" else "DejaVuSans"


def _font(file: str, style: Style, zoom: float) -> ImageFont.FreeTypeFont:
    return _opened(file, float(style.get("font-size", "14px").removesuffix("px")) * zoom)


@lru_cache(64)
def _opened(file: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.BASIC)
