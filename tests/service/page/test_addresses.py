"""Addresses that hold any text, and come back as it."""

from urllib.parse import quote, unquote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.page.addresses import _READABLE, fits_into_a_path, search_address, with_parameters, word_address


@pytest.mark.parametrize(
    "query", ["king - man", "a/b", "100%", "what?", "#1", "C++", "\"rock 'n' roll\"", "日本 🙂", "مرحبا", "<b>"]
)
def test_a_query_stands_in_a_path_and_comes_back(query: str) -> None:
    parts = urlsplit(search_address(query))
    assert unquote(parts.path) == f"/search/{query}"
    assert not parts.query
    assert not parts.fragment
    assert parts.path.isascii()


@pytest.mark.parametrize("query", [".", "..", "a/../b", "/a", "a//b", "a/", "a\nb", ""])
def test_what_browsers_and_proxies_would_change_in_a_path_stands_in_a_parameter(query: str) -> None:
    assert not fits_into_a_path(query)
    assert search_address(query).startswith("/search?q=")
    assert word_address(query).startswith("/word?w=")


def test_parameters_follow() -> None:
    assert search_address("a b", {"k": "5"}) == "/search/a%20b?k=5"
    assert word_address("..", {"model": "m"}) == "/word?w=..&model=m"
    assert with_parameters("/x", {}) == "/x"


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_addresses_are_escaped_as_urllib_does(text: str) -> None:
    assert with_parameters("/x", {"q": text, "a b": text}) == f"/x?{urlencode({'q': text, 'a b': text})}"
    if fits_into_a_path(text):
        assert search_address(text) == f"/search/{quote(text, safe=_READABLE)}"
