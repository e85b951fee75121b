"""Words ↔ rows where both are in Milvus: what was asked for last is kept, all else is looked up there.

Two collections are read. That of words has a row of the model in each entity: ``row`` (the primary key), ``word``,
``count``, ``vector``. That of spellings has the folded form of words as its key, for `embeddings.models.fold` is
what brings the spellings of a word together: ``folded``, ``row`` (of the most frequent), ``spellings`` ([row, word],
...) and ``letters``, which says how often each letter stands in it.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from embeddings.errors import ModelError
from embeddings.milvus.connection import MilvusConnection, quoted
from embeddings.models import fold, folded_key, ranked_variants
from embeddings.search import Matrix

LETTERS = 32
MOST_HITS = 16_384
"""Milvus gives no more in one answer."""

_PAGE = 4096
_KEPT = 20_000
_NEAR = 1000

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A row of the model as Milvus has it."""

    word: str
    count: int
    vector: Matrix


class FetchCache(Generic[Key, Value]):
    """What was fetched last, up to a number of things; safe to use from many threads."""

    def __init__(self, fetch: Callable[[Sequence[Key]], dict[Key, Value]], size: int = _KEPT) -> None:
        self._fetch = fetch
        self._size = size
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """The values of ``keys``; those that are not kept are fetched, some thousand at a time."""
        found: dict[Key, Value] = {}
        missing = []
        with self._lock:
            for key in dict.fromkeys(keys):
                if key in self._kept:
                    found[key] = self._kept[key]
                    self._kept.move_to_end(key)
                else:
                    missing.append(key)
        for start in range(0, len(missing), _PAGE):
            fetched = self._fetch(missing[start : start + _PAGE])
            found |= fetched
            self.put(fetched)
        return found

    def put(self, values: dict[Key, Value]) -> None:
        with self._lock:
            self._kept |= values
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


class MilvusVocabulary:
    """The same as `embeddings.models.Vocabulary`, and the same answers."""

    def __init__(self, connection: MilvusConnection, words: str, spellings: str, count: int) -> None:
        """``words`` and ``spellings`` are the names of the collections."""
        self._connection = connection
        self._of_words, self._of_spellings = words, spellings
        self._count = count
        self._words: FetchCache[int, str] = FetchCache(self._fetch_words)
        self._entries: FetchCache[int, Entry] = FetchCache(self._fetch_entries)
        self._spellings: FetchCache[str, list[tuple[int, str]]] = FetchCache(self._fetch_spellings)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, word: str) -> bool:
        return self.row(word) is not None

    def word(self, row: int) -> str:
        """The word at ``row``."""
        return self._words.get([row])[row]

    def words(self, rows: Iterable[int]) -> list[str]:
        """The words at ``rows``, in their order."""
        wanted = [int(row) for row in rows]
        found = self._words.get(wanted)
        return [found[row] for row in wanted]

    def row(self, word: str) -> int | None:
        """The row of exactly this word, or None."""
        return next((row for row, spelling in self._spellings_of(word) if spelling == word), None)

    def row_of_variant(self, word: str) -> int | None:
        """The row of the best other spelling of ``word``, or None."""
        return next(iter(self.variants(word)), None)

    def variants(self, word: str) -> list[int]:
        """The rows of the other spellings of ``word``, the best first."""
        return ranked_variants(word, self._spellings_of(word))

    def row_whatever_case(self, word: str) -> int | None:
        """The row of the most frequent word that differs from ``word`` only in case, or None."""
        capitals = word.upper()
        return min((row for row, other in self._spellings_of(word) if other.upper() == capitals), default=None)

    def expect(self, words: Iterable[str]) -> None:
        """Fetch the spellings of ``words`` in one go, and their vectors in another."""
        found = self._spellings.get(fold(word) for word in words)
        self._entries.get(row for spellings in found.values() for row, _ in spellings)

    def complete(self, prefix: str, limit: int = 10, offset: int = 0) -> list[str]:
        """Up to ``limit`` words that begin with ``prefix`` (whatever their case and accents), most frequent first,
        after the first ``offset``.

        The most frequent words are asked for first, then ever more of the others.
        """
        folded = folded_key(prefix)
        begins = f"folded >= {quoted(folded)} and folded < {quoted(folded + chr(0x10FFFF))}"
        found: list[tuple[int, str]] = []
        start, size = 0, MOST_HITS // 4
        while start < self._count and sum(row < start for row, _ in found) < offset + limit:
            hits = self._connection.call(
                "query",
                self._of_spellings,
                filter=f"{begins} and row >= {start} and row < {start + size}",
                output_fields=["spellings"],
                limit=MOST_HITS,
            )
            if len(hits) == MOST_HITS:
                size //= 2
                continue
            found += [(row, word) for hit in hits for row, word in hit["spellings"]]
            start, size = start + size, size * 8
        return [word for _, word in sorted(found)[offset : offset + limit]]

    def suggest(self, word: str, limit: int = 5) -> list[str]:
        """Up to ``limit`` words spelled like ``word``: fewest edits first, among equals the most frequent.

        Milvus names those whose letters are alike, nearest first. An edit adds and takes away a letter at the most, so
        what it does not name is farther than the last that it names, and the spelling of no word is farther than that.
        """
        from rapidfuzz.distance import OSA

        folded = fold(word)
        edits = 1 if len(folded) < 4 else 2 if len(folded) < 12 else 3
        letters = count_letters([folded])
        for most in (_NEAR, MOST_HITS):
            [hits] = self._connection.call(
                "search",
                self._of_spellings,
                data=list(letters),
                anns_field="letters",
                limit=min(most, self._count),
                output_fields=["folded", "spellings"],
            )
            near = [hit["entity"] for hit in hits]
            spellings = [entity["folded"] for entity in near]
            distances = [OSA.distance(folded, other, score_cutoff=edits) for other in spellings]
            best = sorted(
                (distance, *min(map(tuple, entity["spellings"])))
                for distance, entity in zip(distances, near, strict=True)
                if distance <= edits
            )[:limit]
            seen = float(((count_letters(spellings[-1:]) - letters) ** 2).sum()) if len(hits) == most else np.inf
            farthest = best[-1][0] if len(best) == limit else edits
            if seen > 2 * farthest**2:
                break
        return [found for _, _, found in best]

    def entries(self, rows: Iterable[int]) -> list[Entry]:
        """All that there is of ``rows``, in their order."""
        wanted = [int(row) for row in rows]
        found = self._entries.get(wanted)
        return [found[row] for row in wanted]

    def learn(self, words: dict[int, str], entries: dict[int, Entry] | None = None) -> None:
        """Keep what came with the hits of a search."""
        self._words.put(words)
        if entries:
            self._entries.put(entries)

    def _spellings_of(self, word: str) -> list[tuple[int, str]]:
        for folded in dict.fromkeys((fold(word), folded_key(word))):
            if found := self._spellings.get([folded])[folded]:
                return found
        return []

    def _fetch_words(self, rows: Sequence[int]) -> dict[int, str]:
        return {row: entry.word for row, entry in self._entries.get(rows).items()}

    def _fetch_entries(self, rows: Sequence[int]) -> dict[int, Entry]:
        fields = ["row", "word", "count", "vector"]
        hits = self._connection.call("query", self._of_words, filter=f"row in {list(rows)}", output_fields=fields)
        entries = {
            int(hit["row"]): Entry(hit["word"], int(hit["count"]), np.asarray(hit["vector"], np.float32))
            for hit in hits
        }
        if missing := set(rows) - entries.keys():
            raise ModelError(f"{self._of_words} has no row {min(missing):,}. Push the model again, with --replace.")
        self._words.put({row: entry.word for row, entry in entries.items()})
        return entries

    def _fetch_spellings(self, folded: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {key: [] for key in folded}
        listed = ", ".join(map(quoted, folded))
        fields = ["folded", "spellings"]
        for hit in self._connection.call(
            "query", self._of_spellings, filter=f"folded in [{listed}]", output_fields=fields
        ):
            found[hit["folded"]] = [(int(row), str(word)) for row, word in hit["spellings"]]
        return found


def count_letters(words: Sequence[str]) -> Matrix:
    """How often each letter (its code point modulo 32) stands in each of ``words``: float32 [words, 32]."""
    counts = np.zeros((len(words), LETTERS), np.float32)
    for row, word in enumerate(words):
        np.add.at(counts[row], [ord(letter) % LETTERS for letter in word], 1)
    return counts
