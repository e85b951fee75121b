"""Addresses of the page: what a query or a word is called in a URL, whatever characters it is made of."""

from collections.abc import Mapping

from flask import has_request_context, request

_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
_READABLE = _PLAIN + "/:,()*+@!$'"
_IN_PATH = {byte: f"%{byte:02X}" for byte in range(256) if chr(byte) not in _READABLE}
_IN_PARAMETER = {byte: f"%{byte:02X}" for byte in range(256) if chr(byte) not in _PLAIN} | {ord(" "): "+"}


def at(path: str) -> str:
    """``path`` as a browser has to ask for it: below the prefix under which a proxy shows the service."""
    return (request.script_root if has_request_context() else "") + path


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
    """The address of ``path`` and, where there are any, its parameters."""
    if not parameters:
        return at(path)
    return at(f"{path}?") + "&".join(
        f"{_escape(name, _IN_PARAMETER)}={_escape(value, _IN_PARAMETER)}" for name, value in parameters.items()
    )


def _escape(text: str, escapes: Mapping[int, str]) -> str:
    """What urllib.parse.quote and quote_plus do, in a tenth of their time: a page of results has hundreds of links."""
    return text.encode().decode("latin-1").translate(escapes)


def _address(base: str, name: str, text: str, parameters: Mapping[str, str]) -> str:
    if fits_into_a_path(text):
        return with_parameters(f"{base}/{_escape(text, _IN_PATH)}", parameters)
    return with_parameters(base, {name: text, **parameters})
