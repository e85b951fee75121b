"""Who takes gzip, and what is worth it."""

import gzip as standard

import pytest

from service.host.compression import gzip, is_worth_it, takes_gzip


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("GZIP, deflate", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("identity, *;q=0", False),
    ],
)
def test_who_takes_gzip(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted) is takes


def test_texts_that_are_long_enough_are_worth_it() -> None:
    assert is_worth_it("application/json", 1000)
    assert is_worth_it("application/problem+json", 1000)
    assert is_worth_it("text/html; charset=utf-8", 5000)
    assert is_worth_it("image/svg+xml", 5000)
    assert not is_worth_it("application/json", 999)
    assert not is_worth_it("application/x-npy", 100_000)


def test_the_bytes_are_the_same_each_time() -> None:
    body = b"king queen " * 500
    assert gzip(body) == gzip(body)
    assert standard.decompress(gzip(body)) == standard.decompress(gzip(body, best=True)) == body
    assert len(gzip(body, best=True)) <= len(gzip(body)) < len(body) / 10
