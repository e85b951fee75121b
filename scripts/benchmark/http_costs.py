"""What the costliest request that the service permits takes, of every kind: processor time for each query in it.

Requests go to the application in this process, one thread, nothing cached; what is given is the least of some runs. The
kinds are found by going along the routes: every route of the service is in one of the requests, or is named as free.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from flask import Flask

from embeddings import Model

BUDGET_MS = 50.0
"""Processor time that one query may take, on GloVe's 400,000 words."""
_RUNS = 3
_FREE = (
    *("/healthz", "/readyz", "/admin/reload", "/static/", "/docs", "/openapi.json", "/favicon.ico", "/robots.txt"),
    "/mcp",
)
"""Routes that compute nothing; tools of /mcp ask what the others ask."""


@dataclass(frozen=True, slots=True)
class CostlyRequest:
    """A request of a kind, and how many queries it holds."""

    kind: str
    path: str
    body: dict[str, Any] | None = None
    queries: int = 1


def costly_requests(model: Model) -> list[CostlyRequest]:
    """The costliest of each kind, as far as they were found by trying."""
    rng = np.random.default_rng(1)
    frequent = [word for word in model.vocabulary.words(range(min(20_000, len(model)))) if word.isalpha()]
    words = [frequent[place] for place in rng.permutation(len(frequent)).tolist()]
    unknown = ["".join(rng.choice(list("bcdfghjklmnpqrstvwxz"), 5)) for _ in range(1000)]
    near = ["".join(rng.choice(list("aeinrst"), 6)) for _ in range(1000)]
    total, mixed = " + ".join(words[:64]), " - ".join(words[:64])
    pairs = ", ".join(f"{words[2 * place]} : {words[2 * place + 1]}" for place in range(31))
    analogy, odd = f"{pairs} :: {words[62]} : ?", ", ".join(words[:64])
    weighted = " + ".join(f"{1 + place / 7:.3f}*{word}" for place, word in enumerate(words[:64]))
    few, few_weighted = " - ".join(words[:8]), " + ".join(weighted.split(" + ")[:8])
    runs = [words[place : place + 150] for place in range(1000)]
    long = [" - ".join(run[:64]) for run in runs[:50]]
    return [
        *_queries("64 terms", total, mixed=mixed, analogy=analogy, odd=odd, weighted=weighted),
        _get("64 terms, 3CosMul", "/api/v1/query", q=mixed, k=1000, method="3cosmul"),
        _get("64 terms, 3CosMul, exact", "/api/v1/query", q=mixed, k=1000, method="3cosmul", exact="true"),
        _get("8 terms, 3CosMul, exact", "/api/v1/query", q=few, k=1000, method="3cosmul", exact="true"),
        _get("8 weights, 3CosMul, exact", "/api/v1/query", q=few_weighted, k=1000, method="3cosmul", exact="true"),
        _get("1,000 explained", "/api/v1/query", q=analogy, k=1000, explain="true"),
        _get("100 explained", "/api/v1/query", q=analogy, k=100, explain="true"),
        _get("an unknown word", "/api/v1/query", q=near[0]),
        _get("64 unknown words", "/api/v1/query", q=" + ".join(near[:64])),
        _get("one term of 280 unknown words", "/api/v1/query", q=" ".join(near[:280])),
        _get("395 short unknown words", "/api/v1/query", q=" ".join(word[:4] for word in unknown[:395])),
        _get("signs", "/api/v1/query", q="'" * 1990),
        _get("quotes", "/api/v1/query", q='"' + "a b " * 480 + '"'),
        _get("brackets", "/api/v1/query", q="(" * 15 + total + ")" * 15),
        _get("analogy by its parts", "/api/v1/analogy", a=" ".join(words[:200]), b=words[1], c=words[2], k=1000),
        _get("neighbours of a long phrase", "/api/v1/neighbours", word=" ".join(words[:200]), k=1000),
        _get("similarity of long phrases", "/api/v1/similarity", a=" ".join(words[:120]), b=" ".join(words[120:240])),
        _get("completion of nothing", "/api/v1/vocabulary", prefix="", limit=1000),
        _get("completion of a letter", "/api/v1/vocabulary", prefix="a", limit=1000),
        _get("a word", f"/api/v1/words/{quote(words[0])}", k=1000),
        _get("an unknown word, described", f"/api/v1/words/{quote(' '.join(near[:280]))}"),
        _get("vectors, in the address", "/api/v1/vectors", word=words[0]),
        _get("a card", f"/api/v1/models/{quote(model.name)}"),
        _get("cards", "/api/v1/models"),
        CostlyRequest("odd one out", "/api/v1/odd-one-out", {"words": words[:64], "k": 1000}),
        CostlyRequest("a batch", "/api/v1/query", {"queries": _sums(words, 1000), "k": 10}, 1000),
        CostlyRequest("a batch of unknown words", "/api/v1/query", {"queries": near}, 1000),
        CostlyRequest("a batch of 64 terms", "/api/v1/query", {"queries": long, "k": 1000}, 50),
        CostlyRequest("1,000 vectors", "/api/v1/vectors", {"words": [" ".join(run) for run in runs]}, 1000),
        CostlyRequest("embeddings", "/v1/embeddings", {"input": words[:2048], "model": model.name}, 2048),
        CostlyRequest("embeddings, a long text", "/v1/embeddings", {"input": "to " * 2666, "model": model.name}),
        CostlyRequest("embeddings, a text too long", "/v1/embeddings", {"input": "a " * 10**6, "model": model.name}),
        CostlyRequest("embeddings, unknown", "/api/v1/embeddings", {"input": " ".join(near), "model": model.name}),
        _get("page", f"/search/{quote('king - man + woman')}"),
        _get("page, 64 terms", f"/search/{quote(total)}", k=1000),
        _get("page, odd one out", f"/search/{quote(odd)}"),
        _get("page, analogy", f"/search/{quote(analogy)}", k=1000),
        _get("page of a long query", "/search", q=". " + total, k=1000),
        _get("page, similarity", f"/search/{quote('coffee <> tea')}"),
        _get("page, unknown words", f"/search/{quote(' + '.join(near[:64]))}"),
        _get("picture", "/picture.svg", q=total, k=1000),
        _get("answer as text", "/answer.txt", q=total, k=1000),
        _get("answer as CSV", "/answer.csv", q=total, k=1000),
        _get("answer as JSON", "/answer.json", q=total, k=1000),
        _get("page of a word", f"/word/{quote(words[3])}"),
        CostlyRequest("comparison", f"/compare?{urlencode({'q': total, 'k': 1000})}", queries=2),
        CostlyRequest(
            "comparison, 3CosMul", f"/compare?{urlencode({'q': mixed, 'k': 1000, 'method': '3cosmul'})}", queries=2
        ),
        _get("picture, PNG", "/picture.png", q=total, k=1000),
        _get("axes, PNG", "/axes.png", x="man:woman", y="poor:rich", words=", ".join(words[:120])),
        _get("plane, PNG", "/plane.png", words=", ".join(words[:120])),
        _get("plane by UMAP, PNG", "/plane.png", words=", ".join(words[:60]), by="umap"),
        _get("map, PNG", "/map.png"),
        _get("axes", "/axes", x="man:woman", y="poor:rich", words=", ".join(words[:120])),
        _get("axes as CSV", "/axes.csv", x="man:woman", y="poor:rich", words=", ".join(words[:120])),
        _get("plane", "/plane", words=", ".join(words[:120])),
        _get("plane as CSV", "/plane.csv", words=", ".join(words[:120])),
        _get("embedded answer", "/embed", q=total, k=1000),
        _get("models, as OpenAI's", "/v1/models"),
        _get("a model, as OpenAI's", f"/v1/models/{quote(model.name)}"),
        _get("problems", "/problems"),
        _get("a problem", "/problems/not-found"),
        _get("status", "/status"),
        _get("home", "/"),
        _get("map", "/map"),
        _get("map as JSON", "/map.json"),
        _get("about", "/about"),
        _get("metrics", "/metrics"),
    ]  # fmt: skip


def _queries(kind: str, total: str, **others: str) -> list[CostlyRequest]:
    texts = {"sum": total, **others}
    plain = [_get(f"{kind}, {name}", "/api/v1/query", q=text, k=1000) for name, text in texts.items()]
    exact = [
        _get(f"{kind}, {name}, exact", "/api/v1/query", q=text, k=1000, exact="true") for name, text in texts.items()
    ]
    restricted = [_get(f"{kind}, restricted", "/api/v1/query", q=total, k=1000, restrict=399_999)]
    return plain + exact + restricted


def _sums(words: list[str], number: int) -> list[str]:
    return [f"{words[place]} - {words[place + 1]} + {words[place + 2]}" for place in range(number)]


def _get(kind: str, path: str, **parameters: Any) -> CostlyRequest:
    return CostlyRequest(kind, f"{path}?{urlencode(parameters)}" if parameters else path)


def measure_costs(model: Model) -> dict[str, dict[str, Any]]:
    """Milliseconds of processor time a query, status and what a refusal says, for each kind, the costliest first."""
    from threadpoolctl import threadpool_limits

    from service.host import Settings
    from service.server import create_app

    app = create_app(Settings(models=(str(model.folder),), cache_answers=0, log_requests=False))
    requests = costly_requests(model)
    client = app.test_client()
    with threadpool_limits(limits=1):
        found = {each.kind: _measure(lambda each=each: _send(client, each), each) for each in requests}
    _check_all_routes_are_asked(app, requests)
    return dict(sorted(found.items(), key=lambda entry: -entry[1]["ms/query"]))


def over_budget(found: dict[str, dict[str, Any]]) -> list[str]:
    """The kinds that take longer than they may."""
    return [kind for kind, figures in found.items() if figures["ms/query"] > BUDGET_MS]


def _measure(send: Callable[[], Any], each: CostlyRequest) -> dict[str, Any]:
    spent = []
    for _ in range(_RUNS):
        started = time.process_time()
        response = send()
        spent.append((time.process_time() - started) * 1000)
        if spent[-1] > 40 * BUDGET_MS:
            break
    refusal = "" if response.status_code < 400 else str(response.get_data(as_text=True))
    said = refusal.partition('"detail":"')[2].partition('"')[0] or refusal.partition('"message":"')[2].partition('"')[0]
    return {
        "ms/query": round(min(spent) / each.queries, 3),
        "status": response.status_code,
        "bytes": len(response.get_data()),
        **({"refused": said[:120]} if said else {}),
    }


def _send(client: Any, each: CostlyRequest) -> Any:
    if each.body is None:
        return client.get(each.path)
    return client.post(each.path, data=json.dumps(each.body), content_type="application/json")


def _check_all_routes_are_asked(app: Flask, requests: list[CostlyRequest]) -> None:
    """A route that is new has to come into the list above."""
    adapter = app.url_map.bind("localhost")
    asked = {
        adapter.match(each.path.partition("?")[0], method="GET" if each.body is None else "POST", return_rule=True)[
            0
        ].rule
        for each in requests
    }
    missing = {rule.rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(_FREE)} - asked
    missing -= {"/word"}  # leads to /word/<text>
    if missing:
        raise RuntimeError(f"nobody has measured {', '.join(sorted(missing))}")
