"""Addresses of the page: what a query or a word is called in a URL, whatever characters it is made of."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

_READABLE = "/:,()*+@!$'~"


def search_address(query: str, parameters: Mapping[str, str] | None = None) -> str:
    """Where ``query`` is answered: ``/search/king%20-%20man``, which can be shared."""
    return _address("/search", "q", query, parameters or {})


def word_address(word: str, parameters: Mapping[str, str] | None = None) -> str:
    """Where ``word`` has its own page."""
    return _address("/word", "w", word, parameters or {})


def fits_into_a_path(text: str) -> bool:
    """Whether ``text`` comes through browsers and proxies whole: they take ``..``, ``.`` and ``//`` out of a path."""
    return text.isprintable() and not {"", ".", ".."} & set(text.split("/"))


def with_parameters(path: str, parameters: Mapping[str, str]) -> str:
    """``path`` and, where there are any, its parameters."""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _address(base: str, name: str, text: str, parameters: Mapping[str, str]) -> str:
    if fits_into_a_path(text):
        return with_parameters(f"{base}/{quote(text, safe=_READABLE)}", parameters)
    return with_parameters(base, {name: text, **parameters})
