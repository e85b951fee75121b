"""One answered request: counted and logged."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from embeddings import Answer, Failure
from service.host.logs import now, write
from service.host.metrics import count_error, count_request

_METHODS = frozenset(("GET", "POST", "HEAD", "OPTIONS"))


@dataclass(slots=True)
class Record:
    """What is recorded about a request."""

    started: float
    """By `perf_counter`."""
    request_id: str
    method: str
    path: str
    address: str | None
    route: str = "none"
    status: int = 200
    answers: Sequence[Answer | Failure] = ()
    error: str = ""
    key: str = ""

    def count(self) -> None:
        """Add it to the figures."""
        method = self.method if self.method in _METHODS else "other"
        count_request(self.route, method, self.status, perf_counter() - self.started, self.answers)
        if self.error:
            count_error(self.error)

    def log(self) -> None:
        """Write its line."""
        content: dict[str, Any] = {
            "time": now(),
            "level": "info" if self.status < 500 else "error",
            "event": "request",
            "request_id": self.request_id,
            "method": self.method[:20],
            "path": self.path[:200],
            "status": self.status,
            "ms": round((perf_counter() - self.started) * 1000, 3),
            "address": self.address,
        }
        if self.answers:
            content |= {"query": self.answers[0].query[:200], "queries": len(self.answers)}
        if self.error:
            content["error"] = self.error
        if self.key:
            content["key"] = self.key
        write(content)
