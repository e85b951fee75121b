"""What `make bench-check` compares: ratios of one run with those that are committed. Higher is better for all."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMITTED = Path(__file__).resolve().parent.parent / "benchmarks" / "ratios.json"
TOLERANCE = 0.2


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


def check(
    parts: Mapping[str, Callable[[], dict[str, Any]]], committed: Mapping[str, float], show: Callable[[str], None]
) -> tuple[dict[str, float], list[Loss]]:
    """All ratios and the losses. A part with a loss is measured once more, and the better of two counts: what else the
    machine does for a moment is no loss.
    """
    now: dict[str, float] = {}
    for name, measure in parts.items():
        ratios: dict[str, float] = measure()["ratios"]
        expected = {ratio: value for ratio, value in committed.items() if ratio in ratios}
        if again := losses(ratios, expected):
            show(f"{name}: once more, because of {again[0]}")
            second: dict[str, float] = measure()["ratios"]
            ratios = {ratio: max(value, second.get(ratio, value)) for ratio, value in ratios.items()}
        now |= ratios
    return now, losses(now, committed)


def load(path: Path = COMMITTED) -> dict[str, float]:
    ratios: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["ratios"]
    return ratios


def save(ratios: Mapping[str, float], machine: Mapping[str, Any], path: Path = COMMITTED) -> None:
    text = json.dumps({"machine": dict(machine), "ratios": dict(ratios)}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
