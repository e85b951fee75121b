"""Plots of the benchmark: recall against queries per second as ann-benchmarks draws it, and cost against size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.benchmark.measurement import OURS
from scripts.benchmark.report import settings_of

_STYLE = {"svg.hashsalt": "benchmark", "font.size": 9, "axes.grid": True, "grid.alpha": 0.3, "axes.axisbelow": True}
_MARKERS = "osD^vP*X<>hp"


def draw(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """SVG files in ``folder``: one of recall for each subject, one of growth for each that has it."""
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with matplotlib.rc_context(_STYLE):
        for found in results.values():
            size = f"{found.get('rows')}x{found.get('dimension')}"
            if "search" in found:
                written.append(_recall(found, folder / f"search-{size}.svg"))
            if "growth" in found:
                written.append(_growth(found, folder / f"growth-{size}.svg"))
    return written


def front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Of points (recall, queries/s) those that no other is better than in both, by recall."""
    best, kept = 0.0, []
    for recall, speed in sorted(points, reverse=True):
        if speed > best:
            best = speed
            kept.append((recall, speed))
    return kept[::-1]


def _recall(found: Mapping[str, Any], path: Path) -> Path:
    from matplotlib.figure import Figure

    search = found["search"]
    kinds = [kind for kind in ("analogies", "expressions", "neighbours") if kind in search]
    figure = Figure(figsize=(4.2 * len(kinds), 4), layout="constrained")
    panels = figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0]
    for axes, kind in zip(panels, kinds, strict=True):
        for number, peer in enumerate(search["building"]):
            points = [
                (each["recall@10"], each["queries/s"])
                for each in settings_of(search[kind], peer, search["building"]).values()
            ]
            some = [(1 - min(recall, 0.9999), speed) for recall, speed in front(points) if recall >= 0.5]
            if some:
                wide = 2.4 if peer == OURS else 1.1
                marker = _MARKERS[number % len(_MARKERS)]
                axes.plot(*zip(*some, strict=True), marker=marker, markersize=4, linewidth=wide, label=peer)
        axes.set(xscale="log", yscale="log", xlabel="recall@10", title=kind, xlim=(0.5, 0.00008))
        axes.set_xticks([0.5, 0.1, 0.01, 0.001, 0.0001], ["0.5", "0.9", "0.99", "0.999", "≥ 0.9999"])
        axes.minorticks_off()
    panels[0].set_ylabel("queries per second, one thread")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    figure.suptitle(f"{found['rows']:,} × {found['dimension']}: up and to the right is better")
    figure.savefig(path, metadata={"Date": None})
    return path


def _growth(found: Mapping[str, Any], path: Path) -> Path:
    from matplotlib.figure import Figure

    rows = found["growth"]["cost against rows"]
    peers = list(dict.fromkeys(map(_peer_of, rows)))
    costs = (("p50_ms", "a query at recall@10 ≥ 0.999, ms"), ("build_s", "building, s"), ("memory_mb", "memory, MB"))
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    panels = figure.subplots(1, len(costs))
    for axes, (key, title) in zip(panels, costs, strict=True):
        for number, peer in enumerate(peers):
            of = [each for name, each in rows.items() if _peer_of(name) == peer and each.get(key, 0) > 0]
            if of:
                wide = 2.4 if peer == OURS else 1.1
                places, values = [each["rows"] for each in of], [each[key] for each in of]
                axes.plot(places, values, marker=_MARKERS[number], markersize=4, linewidth=wide, label=peer)
        axes.set(xscale="log", yscale="log", xlabel="words", title=title)
    panels[0].legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    return path


def _peer_of(name: str) -> str:
    """``FAISS Flat: 25,000`` → ``FAISS Flat``."""
    return name.partition(": ")[0]
