"""Figures for Prometheus, of all processes of a server together."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from embeddings import Answer, Failure
from embeddings.models import WordVectors
from service.host.counters import Counters, Key

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BOUNDS = (*map(str, _SECONDS), "+Inf")
_SUM = "sum"

_COUNTED = {
    "thisplusthat_requests": ("Requests answered", ("route", "method", "status")),
    "thisplusthat_resolutions": ("Terms, by how they were found", ("way",)),
    "thisplusthat_errors": ("Problems and failures, by type", ("type",)),
    "thisplusthat_cache_hits": ("Answers that the cache had", ()),
    "thisplusthat_cache_misses": ("Answers that had to be computed", ()),
}
_MEASURED = {
    "thisplusthat_request_seconds": ("Time for a request", "route"),
    "thisplusthat_answer_seconds": ("Time for an answer", "kind"),
}
_CACHE_SIZE = "thisplusthat_cache_answers"
_HITS, _MISSES = ("thisplusthat_cache_hits",), ("thisplusthat_cache_misses",)


class _Kept:
    """The counters of this process; `share` exchanges them before processes are forked."""

    counters = Counters()


def share(processes: int) -> None:
    """Give this many processes, and this one, shared counters. Call it before they are forked."""
    _Kept.counters = Counters(processes + 1)


def turn_to(process: int) -> None:
    """Say which of the processes this one is, from 1."""
    _Kept.counters.turn_to(process)


def forget(process: int) -> None:
    """Remove the cache of a process that has ended from the figures."""
    _Kept.counters.forget(process, _CACHE_SIZE)


def count_request(route: str, method: str, status: int, seconds: float, answers: Iterable[Answer | Failure]) -> None:
    """A request, and its answers by their kind and their terms, or failures by their type."""
    numbers: dict[Key, float] = {("thisplusthat_requests", route, method, str(status)): 1.0}
    _observe(numbers, "thisplusthat_request_seconds", route, seconds)
    resolved: list[str] = []
    answered: dict[tuple[str, float], int] = {}
    """Of a batch many have taken the same time."""
    for answer in answers:
        if isinstance(answer, Failure):
            key = ("thisplusthat_errors", type(answer.error).__name__)
            numbers[key] = numbers.get(key, 0.0) + 1.0
        else:
            taken = answer.kind, answer.took_ms
            answered[taken] = answered.get(taken, 0) + 1
            resolved += [term.resolved for term in answer.terms]
    for (kind, took_ms), times in answered.items():
        _observe(numbers, "thisplusthat_answer_seconds", str(kind), took_ms / 1000, times)
    for way in set(resolved):
        numbers["thisplusthat_resolutions", way] = float(resolved.count(way))
    _Kept.counters.add_all(numbers.items())


def count_error(kind: str) -> None:
    _Kept.counters.add(("thisplusthat_errors", kind))


def count_cache(hits: int, misses: int) -> None:
    _Kept.counters.add_all((key, number) for key, number in ((_HITS, hits), (_MISSES, misses)) if number)


def set_cache_size(answers: int) -> None:
    _Kept.counters.put((_CACHE_SIZE,), answers)


def _observe(numbers: dict[Key, float], name: str, label: str, seconds: float, times: int = 1) -> None:
    """Add a time that was taken so many ``times`` to ``numbers``."""
    bound, total = (name, label, _BOUNDS[bisect_left(_SECONDS, seconds)]), (name, label, _SUM)
    numbers[bound] = numbers.get(bound, 0.0) + times
    numbers[total] = numbers.get(total, 0.0) + seconds * times


# ---- For people


@dataclass(frozen=True, slots=True)
class Activity:
    """What all processes together have done; None where nothing is known yet."""

    requests: int
    faults: int
    """Requests that failed by a fault of the service."""
    usual_ms: float | None
    """Half of all requests took no longer, to the bounds that are counted."""
    slow_ms: float | None
    """All but 1 in 100 took no longer."""
    cached: float | None
    """Share of the answers that the caches had."""


def activity() -> Activity:
    """The figures that people ask for."""
    totals = _Kept.counters.totals()
    requests = {key: value for key, value in totals.items() if key[0] == "thisplusthat_requests"}
    faults = sum(value for key, value in requests.items() if key[3].startswith("5"))
    counts = [
        sum(value for key, value in totals.items() if key[0] == "thisplusthat_request_seconds" and key[2] == bound)
        for bound in _BOUNDS
    ]
    hits, misses = totals.get(_HITS, 0), totals.get(_MISSES, 0)
    return Activity(
        requests=int(sum(requests.values())),
        faults=int(faults),
        usual_ms=_quantile_ms(counts, 0.5),
        slow_ms=_quantile_ms(counts, 0.99),
        cached=hits / (hits + misses) if hits + misses else None,
    )


def _quantile_ms(counts: list[float], share: float) -> float | None:
    """The bound below which this share of the requests stayed; the last bound is infinite."""
    total, seen = sum(counts), 0.0
    if not total:
        return None
    for count, seconds in zip(counts, _SECONDS, strict=False):
        seen += count
        if seen >= share * total:
            return seconds * 1000
    return _SECONDS[-1] * 1000


# ---- Prometheus's text format


def exposition(models: Iterable[WordVectors]) -> bytes:
    """All figures as Prometheus reads them."""
    totals = _Kept.counters.totals()
    lines: list[str] = []
    for name, (what, labels) in _COUNTED.items():
        lines += _head(f"{name}_total", what, "counter")
        found = {key: value for key, value in totals.items() if key[0] == name} or ({} if labels else {(name,): 0.0})
        lines += [_line(f"{name}_total", zip(labels, key[1:], strict=True), value) for key, value in found.items()]
    for name, (what, label) in _MEASURED.items():
        lines += _head(name, what, "histogram")
        lines += _histogram(name, label, totals)
    lines += _head(_CACHE_SIZE, "Answers in the caches of all processes", "gauge")
    lines.append(_line(_CACHE_SIZE, (), totals.get((_CACHE_SIZE,), 0)))
    lines += _of_models(list(models))
    return ("\n".join(lines) + "\n").encode()


def _histogram(name: str, label: str, totals: dict[Key, float]) -> Iterator[str]:
    for value in dict.fromkeys(key[1] for key in totals if key[0] == name):
        count = 0.0
        for bound in _BOUNDS:
            count += totals.get((name, value, bound), 0)
            yield _line(f"{name}_bucket", ((label, value), ("le", bound)), count)
        yield _line(f"{name}_sum", ((label, value),), totals.get((name, value, _SUM), 0))
        yield _line(f"{name}_count", ((label, value),), count)


def _of_models(models: list[WordVectors]) -> Iterator[str]:
    """Figures of the models, read when they are asked for."""
    yield from _head("thisplusthat_model_info", "Models served", "gauge")
    for model in models:
        card, factory = model.manifest.card, model.manifest.index.factory
        labels = {"model": model.name, "words": str(len(model)), "dimension": str(model.dimension)}
        labels |= {"method": card.method, "index": factory or "exact"}
        yield _line("thisplusthat_model_info", labels.items(), 1)
    yield from _head("thisplusthat_index_recall", "Measured recall@10 of the index", "gauge")
    for model in models:
        yield _line("thisplusthat_index_recall", {"model": model.name}.items(), model.manifest.index.recall)


def _head(name: str, what: str, kind: str) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]


def _line(name: str, labels: Iterable[tuple[str, str]], value: float) -> str:
    shown = ",".join(f'{label}="{_escape(text)}"' for label, text in sorted(labels))
    return f"{name}{{{shown}}} {float(value)!r}" if shown else f"{name} {float(value)!r}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
