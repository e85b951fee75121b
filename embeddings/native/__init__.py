"""Compiled kernels: finding the library of a room, and the build of it that this processor can run."""

from embeddings.native.library import (
    FORCED,
    LEVELS,
    Library,
    address,
    aligned_rows,
    load_library,
    missing_kernel,
    processor_level,
)
from embeddings.native.threads import by_threads, processors

__all__ = [
    "FORCED",
    "LEVELS",
    "Library",
    "address",
    "aligned_rows",
    "by_threads",
    "load_library",
    "missing_kernel",
    "processor_level",
    "processors",
]
