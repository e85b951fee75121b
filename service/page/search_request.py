"""What a page's address asks: the query, the model and the options, and the same as parameters of other addresses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from embeddings import Options
from embeddings.answers import Method
from embeddings.errors import QueryError


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """How the person at the page wants queries to be answered."""

    options: Options = field(default_factory=Options)
    model: str | None = None
    """None: the first one."""

    @property
    def of_model(self) -> dict[str, str]:
        """The model alone, for addresses where the other options mean nothing."""
        return {"model": self.model} if self.model else {}

    @property
    def parameters(self) -> dict[str, str]:
        """What differs from the defaults, as the page and the API call it."""
        chosen, usual = self.options, Options()
        return (
            self.of_model
            | ({"k": str(chosen.k)} if chosen.k != usual.k else {})
            | ({"method": chosen.method.value} if chosen.method is not usual.method else {})
            | ({"restrict": str(chosen.restrict)} if chosen.restrict is not None else {})
            | ({"exact": "true"} if chosen.exact else {})
            | ({"without": chosen.without} if chosen.without is not None else {})
        )


def read_search_request(arguments: Mapping[str, str]) -> SearchRequest:
    """Read the parameters of an address; an empty one is as good as none. Raises `QueryError` naming a wrong one."""
    given = {name: value.strip() for name, value in arguments.items() if value.strip()}
    options = Options(
        k=_read(given, "k", int, Options().k, "The number of results is a whole number from 1 to 1,000"),
        method=_read(given, "method", Method, Method.ADD, f"The method is one of {', '.join(Method)}"),
        restrict=_read(given, "restrict", int, None, "The search is restricted to a whole number of words"),
        exact=_read(given, "exact", _TRUTH.__getitem__, False, "Exact is true or false"),
        without=given.get("without"),
    )
    return SearchRequest(options, given.get("model"))


T = TypeVar("T")

_TRUTH = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


def _read(given: Mapping[str, str], name: str, reader: Callable[[str], T], usual: T, rule: str) -> T:
    try:
        return reader(given[name]) if name in given else usual
    except (ValueError, KeyError) as error:
        raise QueryError(f"{rule}, but {name} is '{given[name][:40]}'.") from error
