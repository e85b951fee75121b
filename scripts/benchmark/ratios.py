"""What `make bench-check` compares: ratios of one run with those that are committed. Higher is better for all."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).resolve().parents[2] / "benchmarks" / "ratios.json"
TOLERANCE = 0.2
Parts = Mapping[str, Callable[[], dict[str, Any]]]


@dataclass(frozen=True)
class Loss:
    """A ratio that fell by more than is tolerated; ``now`` is None if it was not measured."""

    name: str
    committed: float
    now: float | None

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.name}: {self.committed:g} was committed, and it was not measured"
        share = 100 * (1 - self.now / self.committed)
        return f"{self.name}: {self.committed:g} was committed, {self.now:g} now ({share:.0f} % less)"


def losses(now: Mapping[str, float], committed: Mapping[str, float], tolerance: float = TOLERANCE) -> list[Loss]:
    """Ratios that are more than ``tolerance`` below the committed ones, or missing, the worst first."""
    found = [Loss(name, before, now.get(name)) for name, before in committed.items()]
    lost = [loss for loss in found if loss.now is None or loss.now < (1 - tolerance) * loss.committed]
    return sorted(lost, key=lambda loss: -1 if loss.now is None else loss.now / loss.committed)


def check(parts: Parts, committed: Mapping[str, Mapping[str, float]], show: Callable[[str], None]) -> list[Loss]:
    """The losses of all parts. A part with a loss is measured once more, and the better of two counts: what else the
    machine does for a moment is no loss.
    """
    lost = []
    for part, measure in parts.items():
        expected = committed.get(part, {})
        ratios: dict[str, float] = measure()["ratios"]
        if again := losses(ratios, expected):
            show(f"{part}: once more, because of {again[0]}")
            second: dict[str, float] = measure()["ratios"]
            ratios = {name: max(value, second.get(name, value)) for name, value in (second | ratios).items()}
        for name, value in ratios.items():
            show(f"{value:>8g}  {name}" + (f"  (committed: {expected[name]:g})" if name in expected else ""))
        lost += losses(ratios, expected)
    return lost


def lowest(parts: Parts, runs: int = 2) -> dict[str, dict[str, float]]:
    """The ratios of each part, each the lowest of some runs: what is committed should be reached again."""
    found: dict[str, dict[str, float]] = {}
    for part, measure in parts.items():
        each = [measure()["ratios"] for _ in range(runs)]
        found[part] = {name: min(ratios[name] for ratios in each if name in ratios) for name in each[0]}
    return found


def load(path: Path = COMMITTED) -> dict[str, dict[str, float]]:
    """Part → name → ratio."""
    ratios: dict[str, dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    return ratios


def save(ratios: Mapping[str, Mapping[str, float]], machine: Mapping[str, Any], path: Path = COMMITTED) -> None:
    """Other parts that are there stay."""
    kept = load(path) if path.exists() else {}
    text = json.dumps({"machine": dict(machine), "ratios": {**kept, **ratios}}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
