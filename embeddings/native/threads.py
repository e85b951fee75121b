"""Work of a kernel by as many threads as there are processors; ctypes lets go of the interpreter meanwhile."""

import os
from collections.abc import Callable


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def by_threads(count: int, work: Callable[[slice], None], fewest: int) -> None:
    """Do ``work`` for ``count`` things, a part by each processor, of ``fewest`` at least."""
    parts = max(1, min(processors(), count // fewest))
    bounds = [count * part // parts for part in range(parts + 1)]
    slices = list(map(slice, bounds[:-1], bounds[1:]))
    if parts == 1:
        work(slices[0])
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(work, slices))
