"""Figures for Prometheus, of all processes of a server together.

`prometheus_client` keeps them in files that the processes share if PROMETHEUS_MULTIPROC_DIR is set when it is imported,
as `service.server` does; else they are those of this process.
"""

import os
from collections.abc import Iterable
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from embeddings import Answer, Failure
from embeddings.models import WordVectors

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUESTS = Counter("thisplusthat_requests", "Requests answered", ["route", "method", "status"])
REQUEST_SECONDS = Histogram("thisplusthat_request_seconds", "Time for a request", ["route"], buckets=_SECONDS)
ANSWER_SECONDS = Histogram("thisplusthat_answer_seconds", "Time for an answer", ["kind"], buckets=_SECONDS)
RESOLUTIONS = Counter("thisplusthat_resolutions", "Terms, by how they were found", ["way"])
ERRORS = Counter("thisplusthat_errors", "Problems and failures, by type", ["type"])
CACHE_HITS = Counter("thisplusthat_cache_hits", "Answers that the cache had")
CACHE_MISSES = Counter("thisplusthat_cache_misses", "Answers that had to be computed")
CACHE_SIZE = Gauge("thisplusthat_cache_answers", "Answers in the caches of all processes", multiprocess_mode="livesum")

# Looking a label up costs more than counting, and there are few combinations: routes are those that exist.
_requests, _request_seconds = cache(REQUESTS.labels), cache(REQUEST_SECONDS.labels)
_answer_seconds, _resolutions, _errors = cache(ANSWER_SECONDS.labels), cache(RESOLUTIONS.labels), cache(ERRORS.labels)


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    _requests(route, method, status).inc()
    _request_seconds(route).observe(seconds)


def count_answer(answer: Answer | Failure) -> None:
    """An answer by its kind and its terms, or a failure by its type."""
    if isinstance(answer, Failure):
        count_error(type(answer.error).__name__)
        return
    _answer_seconds(answer.kind.value).observe(answer.took_ms / 1000)
    for term in answer.terms:
        _resolutions(term.resolved).inc()


def count_error(kind: str) -> None:
    _errors(kind).inc()


class _Models(Collector):
    """What is known of the models, when it is asked for."""

    def __init__(self, models: Iterable[WordVectors]) -> None:
        self.models = list(models)

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "thisplusthat_model_info", "Models served", labels=["model", "words", "dimension", "method", "index"]
        )
        recall = GaugeMetricFamily("thisplusthat_index_recall", "Measured recall@10 of the index", labels=["model"])
        for model in self.models:
            report = model.manifest.index
            method = model.manifest.card.method
            info.add_metric([model.name, str(len(model)), str(model.dimension), method, report.factory or "exact"], 1)
            recall.add_metric([model.name], report.recall)
        return [info, recall]


def exposition(models: Iterable[WordVectors]) -> bytes:
    """All figures in Prometheus's text format."""
    of_models = CollectorRegistry()
    of_models.register(_Models(models))
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    else:
        together = REGISTRY
    return generate_latest(together) + generate_latest(of_models)
