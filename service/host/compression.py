"""Bodies compressed with gzip, if the client accepts it."""

import re
import zlib

_LEAST = 1000
"""Bytes. Shorter bodies fit into one packet anyway."""
_TEXTS = re.compile(r"text/|application/(?:[a-z.+-]*json|javascript)|image/svg\+xml|application/xml")
_LEVEL, _BEST = 5, 9


def takes_gzip(accepted: str) -> bool:
    """Whether the header Accept-Encoding lists gzip, with a weight above zero."""
    accepted = accepted.lower()
    if "gzip" not in accepted and "*" not in accepted:
        return False
    weights = {}
    for part in accepted.split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = parameters.replace(" ", "") not in ("q=0", "q=0.", "q=0.0", "q=0.00", "q=0.000")
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))


def is_worth_it(content_type: str, length: int) -> bool:
    """Whether compressing a body of this type and length saves more than it costs."""
    return length >= _LEAST and _TEXTS.match(content_type) is not None


def gzip(body: bytes, *, best: bool = False) -> bytes:
    """``body`` in gzip, the same bytes each time. ``best`` is slower and smaller, for what is sent often."""
    packer = zlib.compressobj(_BEST if best else _LEVEL, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
