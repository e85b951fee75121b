"""The part ``http`` of scripts/benchmark: the service against a route that does nothing and against gensim.

Server and load are on one machine, so the figures to look at are the ratios. All servers run at once with the same
gunicorn settings, and load goes to them in turn, round after round; what is given is the median of the rounds. No query
is asked twice, so no cache has an answer. The service runs as ``thisplusthat serve`` runs it: metrics, logs, limits of
size and all.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
from gensim.models import KeyedVectors

from embeddings import Model
from scripts.benchmark.http_processes import HOST, Request, Server, free_port, load, loading, running, thisplusthat

OURS, CONSTANT, GENSIM = "this project", "a constant route", "gensim most_similar"
EARLIER = "an earlier version"
CONNECTIONS = 32
BATCH = 1000
_SLOWER = (GENSIM, EARLIER)
_WARM_UP = ("--warm-up", "0.5")
_MOST_BATCHES = 30
"""That are sent in a second; whoever answers more has a shorter round."""


def triples(model: Model, seed: int) -> Iterator[tuple[str, str, str]]:
    """Three frequent words at random, for ever: no three come again in the time of a benchmark."""
    rng = np.random.default_rng(seed)
    plain = [word for word in model.vocabulary.words(range(min(20_000, len(model)))) if word.isalpha()]
    while True:
        for chosen in rng.integers(len(plain), size=(1000, 3)).tolist():
            if len(set(chosen)) == 3:
                a, b, c = (plain[place] for place in chosen)
                yield a, b, c


def queries(model: Model, seed: int) -> Iterator[str]:
    """Analogies and sums in turn."""
    for number, (a, b, c) in enumerate(triples(model, seed)):
        yield f"{a} : {b} :: {c} : ?" if number % 2 else f"{b} - {a} + {c}"


def asking(texts: Iterator[str], number: int) -> list[Request]:
    return [("GET", f"/api/v1/query?q={quote(text)}", None) for text in islice(texts, number)]


def measure_http(
    model: Model, rounds: int, seconds: float, workers: int = 2, threads: int = 8, earlier: Path | None = None
) -> dict[str, Any]:
    """Throughput and latency against the peers, batches of one client and of as many as workers, memory, completion.

    ``earlier`` is a checkout of an earlier version, which is served too, with the packages that are installed here.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = _start(stack, model, folder, workers, threads)
        if earlier is not None:
            servers[EARLIER] = _start_earlier(stack, model.name, earlier, folder, (workers, threads))
        asked, words = queries(model, seed=1), triples(model, seed=2)
        ours = servers[OURS]
        at_32: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
        alone: dict[str, list[dict[str, Any]]] = {name: [] for name in servers}
        completions: list[dict[str, Any]] = []
        one_client: list[dict[str, float]] = []
        client_each: list[dict[str, float]] = []
        singles: list[float] = []
        for _ in range(rounds):
            for found, connections in ((at_32, CONNECTIONS), (alone, 1)):
                for name in servers:
                    requests = _requests(name, asked, words, int(3000 * (seconds + 1)))
                    options = (*_WARM_UP, "--again") if name == CONSTANT else _WARM_UP
                    found[name].append(load(servers[name], requests, connections, seconds, *options))
            completions.append(load(ours, _prefixes(model), 1, seconds, "--again", *_WARM_UP))
            one_client.append(_load_of_batches(ours, asked, 1, seconds))
            client_each.append(_load_of_batches(ours, asked, workers, seconds))
            singles.append(_seconds(ours, asking(asked, BATCH)))
        memory = [entry["private_mb"] for entry in ours.memory().values()]
    of_batches = {"one client": one_client, f"{workers} clients, as many as processes": client_each}
    return _summary(at_32, alone, completions, of_batches, singles, memory) | {
        "settings": f"{workers} workers, {threads} threads; {rounds} rounds of {seconds:g} s"
    }


def _start(stack: ExitStack, model: Model, folder: Path, workers: int, threads: int) -> dict[str, Server]:
    saved = folder / "vectors.kv"
    vectors = KeyedVectors(model.dimension)
    vectors.add_vectors(list(model.vocabulary), np.array(model.vectors))
    vectors.fill_norms()
    vectors.save(str(saved))
    peers = {CONSTANT: ("constant()", "/constant"), GENSIM: ("gensim_service()", "/most_similar?positive=king")}
    port = free_port()
    command = thisplusthat(port, str(model.folder), workers, threads)
    servers = {OURS: stack.enter_context(running(command, port, "/readyz"))}
    for name, (app, path) in peers.items():
        port = free_port()
        command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "--bind", f"{HOST}:{port}"]
        command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
        command += [
            "--keep-alive",
            "5",
            "--worker-tmp-dir",
            os.environ.get("TMPDIR", "/tmp"),
            f"scripts.benchmark.http_peers:{app}",
        ]
        servers[name] = stack.enter_context(running(command, port, path, {"THISPLUSTHAT_PEER": str(saved)}))
    return servers


def _start_earlier(stack: ExitStack, model: str, checkout: Path, folder: Path, of_server: tuple[int, int]) -> Server:
    """The service of ``checkout``, which makes a model of its own form in a home of its own."""
    port = free_port()
    python, *service = thisplusthat(port, model, *of_server)
    home = {"PYTHONPATH": str(checkout.resolve()), "THISPLUSTHAT_HOME": str(folder / "earlier")}
    return stack.enter_context(running([python, "-P", *service], port, "/readyz", home))


def _requests(name: str, asked: Iterator[str], words: Iterator[tuple[str, str, str]], number: int) -> list[Request]:
    if name == CONSTANT:
        return [("GET", "/constant", None)]
    if name in (OURS, EARLIER):
        return asking(asked, number)
    parts = ([("positive", b), ("positive", c), ("negative", a)] for a, b, c in islice(words, number))
    return [("GET", f"/most_similar?{urlencode(part)}", None) for part in parts]


def _load_of_batches(server: Server, asked: Iterator[str], clients: int, seconds: float) -> dict[str, float]:
    """Queries a second of so many clients together, each a process that sends one batch after the other."""
    with ExitStack() as stack:
        loads = []
        for _ in range(clients):
            queries_of_each = [list(islice(asked, BATCH)) for _ in range(int(_MOST_BATCHES * (seconds + 1)))]
            batches: list[Request] = [("POST", "/api/v1/query", json.dumps({"queries": of})) for of in queries_of_each]
            loads.append((batches, 1, seconds, *_WARM_UP))
        results = [stack.enter_context(loading(server, *each)) for each in loads]
        found = [_median([result()]) for result in results]
    rate = sum(each["requests/s"] for each in found) * BATCH
    return {"queries/s": rate, "p50_ms": float(np.median([each["p50_ms"] for each in found]))}


def _prefixes(model: Model) -> list[Request]:
    rng = np.random.default_rng(3)
    chosen = model.vocabulary.words(rng.integers(min(100_000, len(model)), size=2000).tolist())
    lengths = rng.integers(1, 5, size=len(chosen)).tolist()
    prefixes = [word[:length] for word, length in zip(chosen, lengths, strict=True)]
    return [("GET", f"/api/v1/vocabulary?prefix={quote(prefix, safe='')}", None) for prefix in prefixes]


def _seconds(server: Server, requests: list[Request]) -> float:
    """How long all of them take, one after the other on one connection."""
    found = load(server, requests, 1, 600)
    if found["statuses"] != {"200": len(requests)}:
        raise RuntimeError(f"not all requests were answered: {found}")
    return float(found["seconds"])


def _summary(
    at_32: dict[str, list[dict[str, Any]]],
    alone: dict[str, list[dict[str, Any]]],
    completions: list[dict[str, Any]],
    batches: dict[str, list[dict[str, float]]],
    singles: list[float],
    memory: list[float],
) -> dict[str, Any]:
    many = {name: _median(found) for name, found in at_32.items()}
    rate = {name: found["requests/s"] for name, found in many.items()}
    of_batches = {
        clients: {name: round(float(np.median([each[name] for each in found])), 1) for name in ("queries/s", "p50_ms")}
        for clients, found in batches.items()
    }
    batch, single = of_batches["one client"]["p50_ms"] / 1000, float(np.median(singles))
    return {
        f"distinct queries, {CONNECTIONS} connections": many,
        "distinct queries, one connection": {name: _median(found) for name, found in alone.items()},
        "completion, one connection": {OURS: _median(completions)},
        f"batches of {BATCH:,} distinct queries": of_batches,
        f"{BATCH:,} queries": {
            "in one request": {"seconds": round(batch, 3)},
            "one by one": {"seconds": round(single, 3)},
        },
        "requests/s, share of the constant route's": round(rate[OURS] / rate[CONSTANT], 3),
        **{f"requests/s, times {name}'s": round(rate[OURS] / rate[name], 2) for name in rate if name in _SLOWER},
        "p99 / p50 at 32 connections": round(many[OURS]["p99_ms"] / many[OURS]["p50_ms"], 2),
        "a batch, share of the time one by one": round(batch / single, 3),
        "private memory of a worker, MB": max(memory),
    }


def _median(found: list[dict[str, Any]]) -> dict[str, float]:
    for each in found:
        if set(each["statuses"]) != {"200"} or any(each[how] for how in ("refused", "cut off", "too late")):
            raise RuntimeError(f"not all requests were answered: {each}")
    names = ("requests/s", "p50_ms", "p99_ms", "load_cpu_us")
    return {name: round(float(np.median([each[name] for each in found])), 3) for name in names}
