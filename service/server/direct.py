"""The shortest path to an ordinary answer: the API's plain GET requests, without Flask.

Everything else (errors, conditions, keys, limits, other origins, proxies) goes through the application, which gives the
same answer to a plain request.
"""

from time import perf_counter

from flask import Flask
from pydantic import ValidationError

from embeddings.errors import EmbeddingsError
from service.api import REPLIES, timing_of
from service.host import (
    HEADERS,
    POLICY,
    Record,
    Settings,
    gzip,
    is_worth_it,
    request_id,
    served_models_of_app,
    takes_gzip,
)
from service.server.connections import Reply, Request, lines

_TYPE = "application/json"
_REPLIES = {path.encode(): (path, reply) for path, reply in REPLIES.items()}
_ALWAYS = lines([("Content-Type", _TYPE), *HEADERS, ("Content-Security-Policy", POLICY), ("Vary", "Accept-Encoding")])


class Direct:
    """Answers plain requests; the application answers everything else."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._serving = served_models_of_app(app)
        self._logs = settings.log_requests
        self._cached = f"Cache-Control: {app.config['CACHE_CONTROL']}\r\n"
        self._is_possible = not (
            settings.api_keys
            or settings.rate_limit_key
            or settings.rate_limit_address
            or settings.cors_origins
            or settings.trusted_proxies
        )

    def answer(self, request: Request) -> Reply | None:
        """The reply, or None if the application has to answer."""
        path, _, query = request.target.partition(b"?")
        found = _REPLIES.get(path)
        if found is None or not self._is_possible or request.method != "GET" or request.body or request.is_cut:
            return None
        if request.header(b"if-none-match"):
            return None
        started = perf_counter()
        try:
            tag, body, answer = found[1](self._serving, query.decode("latin-1"))
        except (EmbeddingsError, ValidationError):
            return None
        given = request.header(b"x-request-id")
        record = Record(started, request_id(given.decode("latin-1")), "GET", found[0], request.address, found[0])
        head = f'ETag: "{tag}"\r\n{self._cached}X-Request-ID: {record.request_id}\r\n'
        if answer is not None:
            record.answers = (answer,)
            head += f"Server-Timing: {timing_of(answer)}\r\n"
        if is_worth_it(_TYPE, len(body)) and takes_gzip(request.header(b"accept-encoding").decode("latin-1")):
            body = gzip(body)
            head = f"Content-Encoding: gzip\r\nETag: W/{head[6:]}"
        record.count()
        if self._logs:
            record.log()
        return Reply(200, head.encode() + _ALWAYS, body)
