"""The character n-grams of many words at once, hashed in fastText's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.models import LONGEST_NGRAM

_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True, slots=True)
class NgramParameters:
    """fastText's: lengths in characters, and how many buckets n-grams are hashed into."""

    min_n: int
    max_n: int
    buckets: int


def require_ngrams(path: Path, min_n: int, max_n: int) -> None:
    """Raises `ModelError` for lengths of n-grams that cannot be."""
    for name, length in (("min_n", min_n), ("max_n", max_n)):
        if not 0 <= length <= LONGEST_NGRAM:
            raise ModelError(
                f"{path} is damaged: its n-grams ({name}) are of {length:,} letters; 0 to {LONGEST_NGRAM} can be."
            )


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


def means_with_ngrams(
    own: npt.NDArray[np.float32], words: Sequence[bytes], rows: npt.NDArray[Any], parameters: NgramParameters
) -> npt.NDArray[np.float32]:
    """The means [words, dimension] of ``own`` vectors and those of the words' n-grams in ``rows`` [buckets, dimension].

    An empty word has no n-grams.
    """
    owners, buckets = ngrams_of(words, parameters)
    named = np.array([bool(word) for word in words], bool)[owners]
    owners, buckets = owners[named], buckets[named]
    sums, lengths = np.array(own, np.float32), 1 + np.bincount(owners, minlength=len(words))
    for start in range(0, len(owners), _ROWS_AT_ONCE):
        present, first = np.unique(owners[start : start + _ROWS_AT_ONCE], return_index=True)
        taken = rows.take(buckets[start : start + _ROWS_AT_ONCE], axis=0)
        with np.errstate(over="ignore", invalid="ignore"):
            sums[present] += np.add.reduceat(taken, first, axis=0)
    return np.asarray(sums / lengths[:, None], np.float32)
