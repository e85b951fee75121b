"""Pictures as PNG."""

import struct
import sys

import pytest

from embeddings.errors import MissingExtra
from service.page import svg
from service.page.raster import RasterError, as_png


def test_a_picture_has_more_pixels_than_its_own_and_letters_of_any_script() -> None:
    frame = svg.Frame(300, 200, "title", "description")
    sizes = []
    for label in ("tea", "茶 👑", "شاي"):
        drawn = as_png(svg.file(svg.text(label, 20, 40, "tp-label"), frame, "A caption", "a source"))
        assert drawn.startswith(b"\x89PNG")
        sizes.append(struct.unpack(">II", drawn[16:24]))
    assert {width for width, _ in sizes} == {450}
    assert all(height > 300 for _, height in sizes)


def test_what_is_no_picture_and_what_is_not_installed_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for letters in ("tea", "茶"):
        with pytest.raises(RasterError):
            as_png(f"<svg{letters}")
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtra, match="plot"):
        as_png("<svg>茶</svg>")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtra, match="plot"):
        as_png("<svg/>")
