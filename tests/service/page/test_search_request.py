"""Parameters of addresses become options, and options parameters."""

import pytest

from embeddings import Options
from embeddings.answers import Method
from embeddings.errors import QueryError
from service.page.search_request import SearchRequest, read_search_request


def test_empty_parameters_are_as_good_as_none_and_defaults_are_left_out() -> None:
    asked = read_search_request({"model": "", "k": " ", "method": "", "restrict": "", "q": "x"})
    assert asked == SearchRequest(Options())
    assert asked.parameters == {}


def test_parameters_are_read_and_given_back() -> None:
    given = {"model": "m", "k": "5", "method": "3cosmul", "restrict": "1000", "exact": "true"}
    given |= {"without": "man:woman"}
    asked = read_search_request(given)
    assert asked == SearchRequest(
        Options(k=5, method=Method.MULTIPLY, restrict=1000, exact=True, without="man:woman"), "m"
    )
    assert asked.parameters == given


@pytest.mark.parametrize(
    ("name", "value"),
    [("k", "ten"), ("k", "0"), ("k", "1001"), ("method", "x"), ("restrict", "-1"), ("exact", "maybe")],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(QueryError, match=value.removeprefix("-") if name != "method" else "3cosadd"):
        read_search_request({name: value})
