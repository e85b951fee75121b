"""What every page brings along within itself, so that its first paint waits for no second answer on a slow line:
the style sheets, and the script that sets the mode. The policy names them by their hashes.
"""

import base64
import hashlib
from importlib.resources import files

from markupsafe import Markup

from service.host import POLICY


def _text(*names: str) -> str:
    folder = files("service.page") / "static"
    return "".join((folder / name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


STYLE = Markup(_text("drawing.css", "page.css"))  # noqa: S704  # files of our own
THEME = Markup(_text("theme.js"))  # noqa: S704
PAGE_POLICY = POLICY.replace("style-src 'self'", f"style-src 'self' {_hash(STYLE)}").replace(
    "script-src 'self'", f"script-src 'self' {_hash(THEME)}"
)
"""The Content-Security-Policy of a page."""
