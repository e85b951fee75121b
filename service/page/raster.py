"""Pictures as PNG, with fonts of this machine: simple letters by Pillow, other scripts by resvg, which knows how they
are joined and looks for fonts that have them.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.etree.ElementTree import ParseError

from embeddings.errors import EmbeddingsError
from embeddings.extras import need

_SCALES = {24: 1.5, 48: 1.2}
"""Pixels for each of a picture's own, by the most texts in it; beyond, one. Time goes by the letters and the pixels."""
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")
_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique")
_FIRST_OUTSIDE = 0x2E80
"""From here on are the scripts of East Asia and signs that DejaVu does not have: all fonts are looked through."""
_WHAT = "A picture as PNG"


class RasterError(EmbeddingsError):
    """A picture that cannot be drawn."""


def as_png(drawn: str) -> bytes:
    """``drawn``, a picture that is a file of its own, as PNG with up to 1.5 pixels for each of its own.

    Raises `MissingExtra` where Pillow or resvg is not installed, `RasterError` where it fails.
    """
    need("PIL", "plot", _WHAT)
    from service.page import canvas

    fonts = _fonts()
    try:
        if len(fonts) == len(_FONTS) and canvas.is_simple(drawn):
            return canvas.paint(drawn, fonts)
        return _by_resvg(drawn, list(fonts.values()))
    except (ParseError, ValueError) as error:
        raise RasterError(f"The picture cannot be drawn as PNG: {error}. Take it as SVG.") from error


def _by_resvg(drawn: str, fonts: list[str]) -> bytes:
    resvg = need("resvg_py", "plot", _WHAT)
    content: bytes = resvg.svg_to_bytes(
        svg_string=drawn,
        zoom=next((scale for most, scale in _SCALES.items() if drawn.count("<text") <= most), 1.0),
        skip_system_fonts=bool(fonts) and max(map(ord, drawn)) < _FIRST_OUTSIDE,
        font_files=fonts,
        sans_serif_family="DejaVu Sans" if fonts else None,
    )
    return bytes(content)


@cache
def _fonts() -> dict[str, str]:
    """The files of DejaVu Sans's faces, of the system or of matplotlib; none where there is neither."""
    places = [Path(folder) for folder in _FOLDERS]
    if spec := find_spec("matplotlib"):
        places += [Path(folder) / "mpl-data" / "fonts" for folder in spec.submodule_search_locations or ()]
    for place in places:
        found = {name: str(path) for name in _FONTS for path in sorted(place.rglob(f"{name}.ttf"))[:1]}
        if found:
            return found
    return {}
