"""The character n-grams of many words at once, hashed in fastText's way."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)
LONGEST = 100
"""Characters of an n-gram beyond which its length is damaged, or made to keep a machine busy."""


@dataclass(frozen=True, slots=True)
class NgramParameters:
    """fastText's: lengths in characters, and how many buckets n-grams are hashed into."""

    min_n: int
    max_n: int
    buckets: int


def ngrams_of(
    words: Sequence[bytes], parameters: NgramParameters
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The n-grams of ``words`` (UTF-8): the word of each [n], ascending, and its bucket [n]."""
    marked = [b"<" + word + b">" for word in words]
    content = np.frombuffer(b"".join(marked) + b"\0", np.uint8)
    ends = np.cumsum([len(word) for word in marked], dtype=np.int64)
    begins_character = (content & 0xC0) != 0x80
    signed = content.view(np.int8).astype(np.int32).view(np.uint32)  # bytes above 127 count as negative numbers
    starts = np.flatnonzero(begins_character[:-1])
    owners = np.searchsorted(ends, starts, side="right")
    first = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    places, hashes = starts.copy(), np.full(len(starts), _BASIS)
    found: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for length in range(1, parameters.max_n + 1):
        going = places < ends[owners]
        starts, owners, places, hashes = starts[going], owners[going], places[going], hashes[going]
        if not len(starts):
            break
        moving = np.arange(len(places))
        while len(moving):
            hashes[moving] = (hashes[moving] ^ signed[places[moving]]) * _PRIME
            places[moving] += 1
            inside = places[moving] < ends[owners[moving]]
            moving = moving[inside & ~begins_character[places[moving]]]
        if length >= parameters.min_n:
            kept = slice(None) if length > 1 else np.flatnonzero((starts != first[owners]) & (places != ends[owners]))
            found.append((owners[kept], (hashes[kept] % np.uint32(parameters.buckets)).astype(np.int64)))
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    together = np.concatenate([owner for owner, _ in found])
    order = np.argsort(together, kind="stable")
    return together[order], np.concatenate([bucket for _, bucket in found])[order]
