"""Pictures as PNG: SVG → pixels by resvg, with fonts of this machine."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from embeddings.errors import EmbeddingsError
from embeddings.extras import need

_SCALES = {24: 1.5, 48: 1.2}
"""Pixels for each of a picture's own, by the most texts in it; beyond, one. Time goes by the letters and the pixels."""
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")
_FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique")
_FIRST_OUTSIDE = 0x2E80
"""From here on are the scripts of East Asia and signs that DejaVu does not have: all fonts are looked through."""


class RasterError(EmbeddingsError):
    """A picture that cannot be drawn."""


def as_png(drawn: str) -> bytes:
    """``drawn``, a picture that is a file of its own, as PNG with up to 1.5 pixels for each of its own.

    Raises `MissingExtra` where resvg is not installed, `RasterError` where it fails.
    """
    resvg = need("resvg_py", "plot", "A picture as PNG")
    fonts = list(_fonts())
    is_covered = bool(fonts) and max(map(ord, drawn)) < _FIRST_OUTSIDE
    try:
        content: bytes = resvg.svg_to_bytes(
            svg_string=drawn,
            zoom=next((scale for most, scale in _SCALES.items() if drawn.count("<text") <= most), 1.0),
            skip_system_fonts=is_covered,
            font_files=fonts,
            sans_serif_family="DejaVu Sans" if fonts else None,
        )
    except ValueError as error:
        raise RasterError(f"The picture cannot be drawn as PNG: {error}. Take it as SVG.") from error
    return bytes(content)


@cache
def _fonts() -> tuple[str, ...]:
    """The files of DejaVu Sans, of the system or of matplotlib; none where there is neither."""
    places = [Path(folder) for folder in _FOLDERS]
    if spec := find_spec("matplotlib"):
        places += [Path(folder) / "mpl-data" / "fonts" for folder in spec.submodule_search_locations or ()]
    for place in places:
        found = [str(path) for name in _FONTS for path in sorted(place.rglob(f"{name}.ttf"))[:1]]
        if found:
            return tuple(found)
    return ()
