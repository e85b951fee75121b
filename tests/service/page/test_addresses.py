"""Addresses that hold any text, and come back as it."""

from urllib.parse import unquote, urlsplit

import pytest

from service.page.addresses import fits_into_a_path, search_address, with_parameters, word_address


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
