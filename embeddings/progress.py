"""How far long work has come."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, how much of it is done and how much there is."""


def no_progress(stage: str, done: int, total: int) -> None:
    """The `Progress` that shows nothing."""
