"""Which requests are answered at once, and which wait in a lane since they may take long.

A request is told by what it asks for, before anything is computed: what takes a millisecond or two is answered as it
comes. Pictures, pages, long queries and many results have a lane of their own; batches, which take up to seconds, have
another.
Where an answer can mean to wait for another machine (a model in Milvus, limits counted in Redis), all requests go to
threads.
"""

import re

from embeddings import Model
from service.host import Serving, Settings
from service.server.connections import Request

_LONG_QUERY = 240
"""Bytes of an address, from where its query may take longer than others."""
_LONG_BODY = 1 << 12
_PLAIN = re.compile(
    rb"/(?:api/v1/(?:query|analogy|neighbours|similarity|vocabulary|words/.*)|healthz|readyz|static/.*|)"
)
_COSTLY = re.compile(rb"(?:^|&)(?:exact|explain|method|restrict|all_forms|k=\d{3}|limit=\d{3}|k=%|limit=%|%)")
_OF_ONE = (b"/api/v1/query", b"/api/v1/odd-one-out")
SOME, MUCH, WAITING = "some", "much", "waiting"


class Admission:
    """The lanes of a service."""

    def __init__(self, settings: Settings, serving: Serving) -> None:
        redis = bool(settings.rate_limit_key or settings.rate_limit_address) and "redis" in settings.rate_limit_storage
        self._waits = redis or not all(isinstance(serving.model(name), Model) for name in serving.names)
        self.lanes = {WAITING: settings.threads, MUCH: 1} if self._waits else {SOME: 1, MUCH: 1}

    def lane_of(self, request: Request) -> tuple[str, str] | None:
        """The lane of a request and whom it is from, or None if it can be answered at once."""
        path, _, query = request.target.partition(b"?")
        if request.method in ("GET", "HEAD", "OPTIONS"):
            is_quick = _PLAIN.fullmatch(path) and len(request.target) < _LONG_QUERY and not _COSTLY.search(query)
            lane = None if is_quick else SOME
        else:
            lane = SOME if path in _OF_ONE and len(request.body) < _LONG_BODY else MUCH
        if self._waits:
            lane = WAITING if lane != MUCH else MUCH
        return None if lane is None else (lane, _client(request))


def _client(request: Request) -> str:
    """Whom a request is from: its key, or its address."""
    key = request.header(b"x-api-key") or request.header(b"authorization")
    return key.decode("latin-1") if key else request.address
