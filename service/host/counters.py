"""Counters that all processes of a server share in memory: no files, nothing to clean up.

Each process writes to its own page, and a reader adds all pages up. A process that replaces another continues its page,
so that no number ever falls.
"""

import mmap
import struct
import threading
from collections.abc import Iterable, Iterator

_NAMES, _CELLS = 1 << 18, 1 << 13
"""Bytes for the names of a page, and its numbers."""
_PAGE = 8 + _NAMES + 8 * _CELLS
_SEPARATOR = "\x1f"

Key = tuple[str, ...]
"""What is counted, and its labels."""


class Counters:
    """Numbers by name and labels. They only grow, except those that are set."""

    def __init__(self, pages: int = 1) -> None:
        self._memory = mmap.mmap(-1, pages * _PAGE)
        self._pages = pages
        self._lock = threading.Lock()
        self.turn_to(0)

    def turn_to(self, page: int) -> None:
        """Count on this page from now on; no other process uses it."""
        start = page * _PAGE
        self._length_at = start
        self._names_at = start + 8
        view = memoryview(self._memory)[start + 8 + _NAMES : start + _PAGE]
        self._cells = view.cast("d")
        self._places = {key: place for place, key in enumerate(self._keys(page))}
        self._lock = threading.Lock()

    def add(self, key: Key, number: float = 1) -> None:
        self.add_all([(key, number)])

    def add_all(self, numbers: Iterable[tuple[Key, float]]) -> None:
        """Add a number to each, under one lock."""
        places, cells = self._places, self._cells
        with self._lock:
            for key, number in numbers:
                place = places.get(key)
                cells[self._new(key) if place is None else place] += number

    def put(self, key: Key, number: float) -> None:
        """Set a number that rises and falls."""
        with self._lock:
            place = self._places.get(key)
            self._cells[self._new(key) if place is None else place] = number

    def totals(self) -> dict[Key, float]:
        """The numbers of all pages together, in the order of their names."""
        found: dict[Key, float] = {}
        for page in range(self._pages):
            start = page * _PAGE + 8 + _NAMES
            for place, key in enumerate(self._keys(page)):
                found[key] = found.get(key, 0) + struct.unpack_from("d", self._memory, start + 8 * place)[0]
        return dict(sorted(found.items()))

    def forget(self, page: int, name: str) -> None:
        """Reset the values that a process set before it ended."""
        start = page * _PAGE + 8 + _NAMES
        for place, key in enumerate(self._keys(page)):
            if key[0] == name:
                struct.pack_into("d", self._memory, start + 8 * place, 0)

    def _keys(self, page: int) -> Iterator[Key]:
        start = page * _PAGE
        length = struct.unpack_from("q", self._memory, start)[0]
        text = self._memory[start + 8 : start + 8 + length].decode()
        return (tuple(line.split(_SEPARATOR)) for line in text.split("\n")[:-1])

    def _new(self, key: Key) -> int:
        """Reserve a place for a new name. The length is written last, so that nobody reads half a name."""
        line = (_SEPARATOR.join(key).replace("\n", " ") + "\n").encode("utf-8", "backslashreplace")
        length = struct.unpack_from("q", self._memory, self._length_at)[0]
        place = len(self._places)
        if place == _CELLS or length + len(line) > _NAMES:
            raise OverflowError("more is counted than there is room for")
        self._memory[self._names_at + length : self._names_at + length + len(line)] = line
        struct.pack_into("q", self._memory, self._length_at, length + len(line))
        self._places[key] = place
        return place
