"""The C functions that go over the numbers of a text, what they take, and the checks that C does not do."""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.native import load_library, missing_kernel

Ids = npt.NDArray[np.int32]
_ROOM = "embeddings.text"
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64
_ARGUMENTS: dict[str, Sequence[Any]] = {
    "tidy": (_POINTER, _SIZE, _POINTER, _POINTER, _POINTER),
    "expand": (_POINTER, _SIZE, _POINTER, _POINTER, _POINTER, _POINTER),
    "count": (_POINTER, _SIZE, _POINTER),
    "find_pairs": (_POINTER, _POINTER, _SIZE, _POINTER, _POINTER, _POINTER),
    "join_pairs": (_POINTER, _POINTER, _SIZE, _POINTER, _POINTER, _POINTER),
    "count_around": (_POINTER, _POINTER, _SIZE, _POINTER, _POINTER, _POINTER, _POINTER),
    "find_known": (_POINTER, _POINTER, _SIZE, _POINTER, _POINTER, _POINTER),
    "count_spellings": (_POINTER, _POINTER, _POINTER),
    "link_capitals": (_POINTER, _POINTER, _POINTER),
    "count_spans": (_POINTER, _POINTER, _POINTER, ctypes.c_uint64, _SIZE, _SIZE, _POINTER),
    "add_spans": (_POINTER, _SIZE, _POINTER),
    "find_subjects": (_POINTER, _POINTER, _POINTER),
}


def has_kernel() -> bool:
    """Whether the kernel of this room is compiled."""
    return missing_kernel(_ROOM) is None


def call(name: str, *given: Any) -> int:
    """What the function ``name`` returns; nothing that is worth reading where C says void."""
    return int(load_library(_ROOM).function(name, _SIZE, _ARGUMENTS[name])(*given))


def check_ids(ids: Ids, size: int) -> None:
    """Raises IndexError if C could not look ``ids`` up in a table of ``size``."""
    if len(ids) and int(ids.view(f"u{ids.itemsize}").max()) >= size:  # one that is below zero is a very high one
        raise IndexError(f"ids are {ids.min()} to {ids.max()}, and there are {size} words.")
