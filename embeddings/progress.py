"""Progress of long work."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, the amount done and the total."""


def no_progress(stage: str, done: int, total: int) -> None:
    """The `Progress` that shows nothing."""
