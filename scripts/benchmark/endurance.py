"""The service for a long time and in bad company: does it last, and is nobody cut off?

    python -m scripts.benchmark.endurance                      all trials, ten minutes of mixed load
    python -m scripts.benchmark.endurance --only kill --only sigterm --minutes 0.2

Each trial starts `thisplusthat serve` anew. Prints a table and writes JSON; exit code 1 if a trial was not passed.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request as Call
from urllib.request import urlopen

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from embeddings import Model, load_model
from embeddings.catalogue import DEFAULT_MODEL
from scripts.benchmark.http_benchmark import asking, queries
from scripts.benchmark.http_costs import costly_requests
from scripts.benchmark.http_processes import (
    HOST,
    Request,
    Server,
    free_port,
    load,
    loading,
    running,
    thisplusthat,
    wait_for,
)

TOKEN = "endurance-endurance-endurance"
SLOW_CLIENTS = 200
_TRICKLE = 0.2
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Setting:
    """What all trials have in common."""

    model: Model
    seconds: float
    """Of load in a trial; mixed load has the minutes of --minutes."""
    mixed_seconds: float
    workers: int
    threads: int
    connections: int


@contextmanager
def service(setting: Setting) -> Iterator[Server]:
    port = free_port()
    command = thisplusthat(port, str(setting.model.folder), setting.workers, setting.threads)
    with running(command, port, "/readyz", {"THISPLUSTHAT_ADMIN_TOKEN": TOKEN}) as server:
        yield server


def mixed_requests(model: Model) -> list[Request]:
    """Everything that people ask: most of it new each time, some of it wrong."""
    texts = queries(model, seed=4)
    words = [word for word in model.vocabulary.words(range(min(1000, len(model)))) if word.isalpha()]
    requests: list[Request] = []
    for number in range(3000):
        requests += asking(texts, 6)
        word = quote(words[number % len(words)])
        requests += [
            ("GET", f"/api/v1/vocabulary?prefix={word[:2]}", None),
            ("GET", f"/api/v1/words/{word}", None),
            ("GET", f"/api/v1/query?q={quote('a, b, c, ' + words[-number % len(words)])}&explain=true", None),
            ("GET", f"/api/v1/query?q={quote('king (')}", None),
            ("GET", f"/api/v1/query?q=nosuchword{number}", None),
            ("POST", "/api/v1/query", json.dumps({"queries": list(islice(texts, 20))})),
            ("POST", "/v1/embeddings", json.dumps({"model": model.name, "input": word})),
            ("POST", "/api/v1/query", "{"),
        ]
        requests += [("GET", "/healthz", None), ("GET", "/metrics", None)] if number % 20 == 0 else []
    return requests


def failed(found: dict[str, Any]) -> int:
    """Requests that got no whole answer, or a server's error."""
    broken = sum(found[how] for how in ("refused", "cut off", "closed before", "too late"))
    return broken + sum(count for status, count in found["statuses"].items() if status.startswith("5"))


# ---- Trials: each gives its figures and whether it was passed


def mixed(setting: Setting) -> dict[str, Any]:
    """Mixed load; the memory of the workers is flat in the second half."""
    times: list[float] = []
    samples: dict[str, list[float]] = {"anonymous_mb": [], "proportional_mb": [], "resident_mb": []}
    with service(setting) as server:
        requests = mixed_requests(setting.model)
        end = time.monotonic() + setting.mixed_seconds
        with loading(server, requests, setting.connections, setting.mixed_seconds, "--again") as result:
            while time.monotonic() < end:
                workers = server.memory().values()
                times.append(time.monotonic() / 60)
                for kind, values in samples.items():
                    values.append(sum(worker[kind] for worker in workers))
                time.sleep(max(0.2, setting.mixed_seconds / 200))
            found = result()
    half = len(times) // 2
    memory: dict[str, Any] = {}
    for kind, values in samples.items():
        slope = float(np.polyfit(times[half:], values[half:], 1)[0])
        memory |= {
            f"{kind}_{place}": round(values[at], 1) for place, at in (("first", 0), ("half", half), ("last", -1))
        }
        memory[f"{kind}_slope_per_minute"] = round(slope, 3)
    grown = memory["anonymous_mb_slope_per_minute"] * (times[-1] - times[half])
    return {"passed": bool(failed(found) == 0 and grown < 5), "failed": failed(found), **memory, **found}


def kill(setting: Setting) -> dict[str, Any]:
    """kill -9 of a worker under load: only what it had in its hands fails, and another takes its place."""
    with service(setting) as server, _distinct_load(setting, server) as result:
        time.sleep(setting.seconds / 3)
        before = server.workers()
        os.kill(before[0], signal.SIGKILL)
        killed = time.monotonic()
        wait_for(lambda: len(set(server.workers()) - {before[0]}) == len(before), "another worker", 30)
        replaced = time.monotonic() - killed
        found = result()
    in_its_hands = setting.connections
    passed = failed(found) <= in_its_hands and found["refused"] == 0 and found["too late"] == 0
    return {"passed": bool(passed), "failed": failed(found), "replaced_after_s": round(replaced, 2), **found}


def sighup(setting: Setting) -> dict[str, Any]:
    """SIGHUP under load, three times: nothing fails."""
    return _reload(setting, lambda server: os.kill(server.process.pid, signal.SIGHUP))


def admin_reload(setting: Setting) -> dict[str, Any]:
    """POST /admin/reload under load, three times: nothing fails."""

    def reload(server: Server) -> None:
        call = Call(f"{server.url}/admin/reload", method="POST", headers={"Authorization": f"Bearer {TOKEN}"})
        with urlopen(call, timeout=60) as response:
            response.read()

    return _reload(setting, reload)


def _reload(setting: Setting, reload: Callable[[Server], None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for options in ((), ("--fresh",)):
        with service(setting) as server, _distinct_load(setting, server, *options) as result:
            for _ in range(3):
                time.sleep(setting.seconds / 5)
                reload(server)
            found["fresh" if options else "kept"] = result()
    # A connection that is kept open may be closed just when the next request is sent; a client sends that again.
    passed = all(failed(each) - each["closed before"] == 0 for each in found.values())
    return {"passed": bool(passed), "failed": sum(map(failed, found.values())), **found}


def sigterm(setting: Setting) -> dict[str, Any]:
    """SIGTERM under load: what was sent gets its whole answer, and the server ends with exit code 0."""
    found: dict[str, Any] = {}
    for options in ((), ("--fresh",)):
        with service(setting) as server, _distinct_load(setting, server, *options) as result:
            time.sleep(setting.seconds / 2)
            server.process.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            code = server.process.wait(timeout=60)
            each = {**result(), "exit_code": code, "ended_after_s": round(time.monotonic() - asked, 2)}
            found["fresh" if options else "kept"] = each
    cut_off = sum(each["cut off"] + each["too late"] for each in found.values())
    passed = cut_off == 0 and all(each["exit_code"] == 0 for each in found.values())
    return {"passed": bool(passed), "cut off": cut_off, **found}


def slow_clients(setting: Setting) -> dict[str, Any]:
    """Two hundred clients that send a byte now and then, while others are answered."""
    stop = threading.Event()
    with service(setting) as server:
        alone = _load_distinct(setting, server)
        connections = [socket.create_connection((HOST, server.port), timeout=5) for _ in range(SLOW_CLIENTS)]
        trickling = threading.Thread(target=_trickle, args=(connections, stop))
        trickling.start()
        try:
            meanwhile = _load_distinct(setting, server)
        finally:
            stop.set()
            trickling.join()
            for connection in connections:
                connection.close()
        after = _load_distinct(setting, server)
    share = meanwhile["requests/s"] / alone["requests/s"]
    passed = failed(meanwhile) == 0 and failed(after) == 0 and share > 0.5
    return {"passed": bool(passed), "share_of_requests/s": round(share, 2), "alone": alone, "meanwhile": meanwhile}


def _trickle(connections: list[socket.socket], stop: threading.Event) -> None:
    text = (
        b"POST /api/v1/query HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
    )
    sent = 0
    while not stop.wait(_TRICKLE):
        for number, connection in enumerate(connections):
            try:  # half of them are slow in the head already, half in the body
                connection.send(text[sent : sent + 1] if number % 2 else (text if sent == 0 else b" "))
            except OSError:
                continue  # the server had enough of it
        sent += 1


def fairness(setting: Setting) -> dict[str, Any]:
    """Eight clients that send the costliest requests of every kind, and a ninth that asks for ordinary answers and
    pages: its 99th percentile is at most five times what it is alone.
    """
    costly: list[Request] = [
        ("GET", each.path, None) if each.body is None else ("POST", each.path, json.dumps(each.body))
        for each in costly_requests(setting.model)
    ]
    asked = queries(setting.model, seed=7)
    pages: list[Request] = [("GET", f"/search/{quote(text)}", None) for text in islice(asked, 3000)]
    found: dict[str, Any] = {}
    ratios = {}
    with service(setting) as server:
        for kind, ordinary in (("query", asking(asked, 20_000)), ("page", pages)):
            alone = load(server, ordinary, 1, setting.seconds, "--again", "--warm-up", "1")
            with loading(server, costly, 8, setting.seconds + 3, "--again") as result:
                time.sleep(1)
                meanwhile = load(server, ordinary[::-1], 1, setting.seconds, "--again", "--warm-up", "1")
                found |= {f"{kind} alone": alone, f"{kind} meanwhile": meanwhile, f"costly beside {kind}": result()}
            ratios[f"{kind}: p99, times alone"] = round(meanwhile["p99_ms"] / alone["p99_ms"], 2)
    passed = max(ratios.values()) <= 5 and not any(map(failed, found.values()))
    return {"passed": bool(passed), "failed": sum(map(failed, found.values())), **ratios, **found}


def huge_bodies(setting: Setting) -> dict[str, Any]:
    """Bodies of 200 MB, with and without a length, are refused while others are answered, and no memory stays."""
    with service(setting) as server:
        _load_distinct(setting, server)
        before = sum(each["private_mb"] for each in server.memory().values())
        with _distinct_load(setting, server) as result:
            statuses = [_post_much(server, chunked=chunked) for chunked in (False, True) * 3]
            found = result()
        after = sum(each["private_mb"] for each in server.memory().values())
    passed = failed(found) == 0 and all(status in (413, 0) for status in statuses) and after - before < 100
    figures = {"statuses_of_huge": statuses, "private_mb_before": round(before, 1), "private_mb_after": round(after, 1)}
    return {"passed": bool(passed), "failed": failed(found), **figures, **found}


def _post_much(server: Server, *, chunked: bool) -> int:
    """The status that 200 MB get; 0 if the server closes the connection without one."""
    head = "POST /api/v1/query HTTP/1.1\r\nHost: huge\r\nContent-Type: application/json\r\n"
    head += "Transfer-Encoding: chunked\r\n\r\n" if chunked else f"Content-Length: {200 * _MEGABYTE}\r\n\r\n"
    part = b"100000\r\n" + b" " * _MEGABYTE + b"\r\n" if chunked else b" " * _MEGABYTE
    with socket.create_connection((HOST, server.port), timeout=60) as connection:
        try:
            connection.sendall(head.encode())
            for _ in range(200):
                connection.sendall(part)
        except OSError:
            pass  # it may refuse before it has read all, and the answer is there all the same
        try:
            received = connection.recv(4096)
        except OSError:
            return 0
    return int(received[9:12]) if received else 0


@contextmanager
def _distinct_load(setting: Setting, server: Server, *options: str) -> Iterator[Callable[[], dict[str, Any]]]:
    requests = asking(queries(setting.model, seed=5), int(3000 * setting.seconds))
    with loading(server, requests, setting.connections, setting.seconds, *options) as result:
        yield result


def _load_distinct(setting: Setting, server: Server) -> dict[str, Any]:
    with _distinct_load(setting, server) as result:
        return result()


TRIALS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "mixed": mixed,
    "kill": kill,
    "sighup": sighup,
    "admin-reload": admin_reload,
    "sigterm": sigterm,
    "slow-clients": slow_clients,
    "fairness": fairness,
    "huge-bodies": huge_bodies,
}
SHOWN = (
    "failed",
    "cut off",
    "requests",
    "requests/s",
    "p50_ms",
    "p99_ms",
    "longest_gap_ms",
    "refused",
    "closed before",
)


def show(name: str, found: dict[str, Any], console: Console) -> None:
    """The figures that are plain as a table, each load as one more line of it."""
    loads = {f"{name}, {part}": value for part, value in found.items() if isinstance(value, dict) and "p50_ms" in value}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    console.print(f"\n[bold]{name}: {'passed' if found['passed'] else 'NOT PASSED'}[/bold]")
    for column in ("", *SHOWN, "statuses"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for title, row in (loads or {name: found}).items():
        table.add_row(title, *(f"{row.get(column, '')}" for column in SHOWN), f"{row['statuses']}")
    console.print(table)
    for key, value in found.items():
        if key not in ("passed", "statuses", *SHOWN) and not isinstance(value, dict):
            console.print(f"  {key}: {value}")


@click.command()
@click.option("--model", default=DEFAULT_MODEL, show_default=True)
@click.option("--minutes", type=float, default=10.0, show_default=True, help="Of mixed load.")
@click.option("--seconds", type=float, default=15.0, show_default=True, help="Of load in the other trials.")
@click.option("--only", multiple=True, type=click.Choice(list(TRIALS)), help="This trial; may be given several times.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=8, show_default=True)
@click.option("--connections", type=click.IntRange(1), default=32, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), default=Path("endurance.json"), show_default=True)
def main(model: str, minutes: float, only: tuple[str, ...], output: Path, **setting_options: Any) -> None:
    """Try the service with long and bad load."""
    console = Console(highlight=False, soft_wrap=True, width=150)
    setting = Setting(load_model(model), mixed_seconds=minutes * 60, **setting_options)
    results: dict[str, Any] = {}
    for name in only or TRIALS:
        results[name] = TRIALS[name](setting)
        show(name, results[name], console)
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print(f"\nwritten to {output}")
    sys.exit(not all(found["passed"] for found in results.values()))


if __name__ == "__main__":
    main()
