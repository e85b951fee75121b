"""Which requests are answered at once, and which wait in a lane because they may take long.

A request is told by what it asks for, before anything is computed: what takes a millisecond or two is answered as it
comes. Ordinary pages and single queries that are posted have a lane of their own; pictures, long queries, costly
options and many results another; batches, which take up to seconds, a third. So nobody who asks for little waits behind
whoever asks for much.
Where an answer can mean to wait for another machine (a model in Milvus, limits counted in Redis), all requests go to
threads.
"""

import re

from embeddings import Model
from service.host import ServedModels, Settings
from service.server.connections import Request

_LONG_QUERY = 240
"""Bytes of an address, from where its query may take longer than others."""
_SHORT_BODY = 1 << 9
_LONG_BODY = 1 << 12
_PLAIN = re.compile(
    rb"/(?:api/v1/(?:query|analogy|neighbours|odd-one-out|similarity|vocabulary|words/.*)|healthz|readyz|static/.*|)"
)
_COSTLY = re.compile(
    rb"(?:^|&)(?:exact|explain|method|restrict|all_forms|without|k=\d{3}|offset|limit=\d{3}|k=%|limit=%|%)"
)
_COSTLY_BODY = re.compile(rb"exact|explain|method|restrict|all_forms|without|queries|\d{3}|\\")
_PAGE = re.compile(
    rb"/(?:search|word|docs|problems|status|about|map|vocabulary|compare|openapi.json|api/v1/models)(?:/.*)?"
)
_OF_ONE = (b"/api/v1/query", b"/api/v1/odd-one-out", b"/mcp")
LITTLE, SOME, MUCH, WAITING = "little", "some", "much", "waiting"


class Admission:
    """The lanes of a service."""

    def __init__(self, settings: Settings, serving: ServedModels) -> None:
        redis = bool(settings.rate_limit_key or settings.rate_limit_address) and "redis" in settings.rate_limit_storage
        self._waits = redis or not all(isinstance(serving.model(name), Model) for name in serving.names)
        self.lanes = {WAITING: settings.threads, MUCH: 1} if self._waits else {LITTLE: 1, SOME: 1, MUCH: 1}
        """The number of threads of each."""

    def lane_of(self, request: Request) -> tuple[str, str] | None:
        """The lane of a request and its client, or None if it can be answered at once."""
        lane: str | None
        path, _, query = request.target.partition(b"?")
        if request.method in ("GET", "HEAD", "OPTIONS"):
            is_plain = query.startswith(b"q=") and b"&" not in query
            is_costly = len(request.target) >= _LONG_QUERY or (not is_plain and _COSTLY.search(query))
            if not is_costly and _PLAIN.fullmatch(path):
                lane = None
            else:
                lane = LITTLE if not is_costly and _PAGE.fullmatch(path) else SOME
        elif path in _OF_ONE and len(request.body) < _LONG_BODY:
            is_costly = len(request.body) >= _SHORT_BODY or _COSTLY_BODY.search(request.body)
            lane = SOME if is_costly else LITTLE
        else:
            lane = MUCH
        if self._waits:
            lane = WAITING if lane != MUCH else MUCH
        return None if lane is None else (lane, _client(request))


def _client(request: Request) -> str:
    """The client of a request: its key, or its address."""
    key = request.header(b"x-api-key") or request.header(b"authorization")
    return key.decode("latin-1") if key else request.address
