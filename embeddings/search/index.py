"""Nearest neighbours by cosine: exact, or through an index whose recall was measured. Knows rows, not words.

The index is one of lists, which the project's own kernel searches (`list_search`), or FAISS's codes (`faiss_codes`)
where no kernel is compiled. Either finds candidates, which are ranked by their exact vectors. How far it has to look is
measured when it is built, for each kind of query on targets made of the model's own rows.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import HeldFile, row_reader
from embeddings.native import missing_kernel
from embeddings.search.brute_force import Matrix, Rows, exact_search, rank, without_missing, without_rows
from embeddings.search.list_file import LISTS_FILE, read_lists
from embeddings.search.list_search import LARGEST_K, ListSearch, Reach
from embeddings.search.recall import Asked, SearchKind
from embeddings.search.report import FAISS_FILE, IndexReport

if TYPE_CHECKING:
    import faiss

INDEX_FILES = (LISTS_FILE, FAISS_FILE)
"""An index is one of these in the model's folder, or none."""

_MAPPED_BYTES = 2_000_000_000
"""Rows of larger matrices are read for ranking, not mapped: with each that is looked at Linux maps the fifteen pages
around it too, and a process would soon have all of a matrix resident that it uses little of."""
EXACT_BELOW = 20_000
"""Up to this many rows exact search takes less time than codes and their ranking."""
_PRODUCT_CANDIDATES = 768
"""Rows that each of the two searches of 3CosMul in lists gives, at least."""
_PRODUCTS_OF_LISTS = 1200
"""The most results for which no more rows are asked for than lists can give: they hold .9995 of them at least."""


class Index:
    """Search over unit rows, float32 [count, dimension]."""

    def __init__(
        self,
        vectors: Matrix,
        codes: "faiss.Index | Callable[[], faiss.Index] | None" = None,
        candidates: int = 0,
        candidates_for: Mapping[str, int] | None = None,
        read_rows: Callable[[Rows], Matrix] | None = None,
        lists: "ListSearch | Callable[[], ListSearch] | None" = None,
    ) -> None:
        """Exact search, unless there are ``codes`` or ``lists``, or a function that reads them for the first search.

        ``candidates`` is how many finds of codes are ranked again for ten, unless ``candidates_for`` has a number of
        its own for the kind of search. ``read_rows`` gives the vectors of rows otherwise than from ``vectors``.
        """
        self.vectors = vectors
        measured = candidates_for or {}
        self._candidates_for = {asked: measured[asked] for asked in SearchKind if asked in measured}
        self.candidates = max([candidates, *self._candidates_for.values()])
        self._codes = codes
        self._lists = lists
        self._reading = threading.Lock()
        self._read_rows = read_rows

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def is_exact(self) -> bool:
        return self._codes is None and self._lists is None

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""
        rows = np.asarray(rows, np.int64)
        return self.vectors.take(rows, axis=0) if self._read_rows is None else self._read_rows(rows)

    def first_vectors(self, number: int) -> Matrix:
        """The unit vectors of the first rows, float32 [number, dimension]."""
        return self.vectors[:number]

    def search(
        self,
        targets: Matrix,
        k: int,
        *,
        exact: bool = False,
        restrict: int | None = None,
        asked: Asked = None,
    ) -> tuple[Matrix, Rows]:
        """The ``k`` rows nearest to each target: cosines and rows, both [targets, min(k, count)], best first.

        ``targets`` are unit vectors [targets, dimension]. ``restrict`` looks at the first rows only (the most
        frequent words), and exactly where these are few. ``asked`` says what kind of targets they are, or of what kind
        each is.
        """
        count = len(self.vectors) if restrict is None else min(restrict, len(self.vectors))
        k = min(k, count)
        if self._lists is not None and not exact and self._is_worth_lists(k, count):
            return self._search_lists(targets, k, count, asked)
        wanted = self.enough_candidates(k, asked)
        if exact or self._codes is None or restrict is not None or wanted > count // 4:
            return exact_search(self.vectors[:count], targets, k)
        found = self.find_candidates(targets, wanted)
        scores = np.empty((len(targets), k), np.float32)
        best = np.empty((len(targets), k), np.int64)
        for position, target in enumerate(targets):
            candidates = without_missing(found[position])
            if len(candidates) < k:  # the lists that were read hold no more
                scores[position], best[position] = (line[0] for line in exact_search(self.vectors, target[None], k))
            else:
                scores[position], best[position] = rank(self.vectors_of(candidates), candidates, target, k)
        return scores, best

    def nearest(
        self,
        target: Matrix,
        k: int,
        *,
        excluded: Sequence[int] = (),
        exact: bool = False,
        restrict: int | None = None,
        asked: SearchKind | None = None,
    ) -> tuple[list[float], list[int]]:
        """As `search` for one unit ``target`` [dimension], without the rows that are ``excluded``: cosines and rows,
        ``k`` of them, fewer only where there are no more.
        """
        count = len(self.vectors) if restrict is None else min(restrict, len(self.vectors))
        if self._lists is not None and not exact and self._is_worth_lists(k, count):
            lists = self._opened_lists()
            scores, rows = lists.nearest(target, k, asked, limit=count, excluded=excluded)
            if len(rows) == k and not lists.is_far(scores, asked):
                return scores, rows
            exact = True
        [found], [of_these] = self.search(target[None], k + len(excluded), exact=exact, restrict=restrict, asked=asked)
        return without_rows(found, of_these, excluded, k)

    def find_candidates(self, targets: Matrix, wanted: int) -> Rows:
        """The rows whose codes are nearest to each target, [targets, wanted], in the order of the codes; -1 where
        there are no more.
        """
        if self._lists is not None and wanted <= LARGEST_K:
            _, rows, found = self._opened_lists().nearest_of_each(targets, wanted, together=1)
            rows[np.arange(wanted) >= found[:, None]] = -1
            return rows
        codes = self._opened_codes()
        if codes is None:
            return exact_search(self.vectors, targets, wanted)[1]
        from embeddings.search.faiss_codes import faiss_threads

        with faiss_threads(1 if len(targets) == 1 else None):
            return np.asarray(codes.search(targets, wanted)[1], np.int64)

    def load(self) -> None:
        """Read the index now, not with the first search. Raises `ModelError` if it is damaged."""
        self._opened_codes()
        if self._lists is not None:
            self._opened_lists()

    def _is_worth_lists(self, k: int, count: int) -> bool:
        return k <= min(LARGEST_K, count // 8) and (count == len(self.vectors) or count > EXACT_BELOW)

    def _search_lists(self, targets: Matrix, k: int, limit: int, asked: Asked) -> tuple[Matrix, Rows]:
        lists = self._opened_lists()
        if len(targets) == 1:
            kind = asked if asked is None or isinstance(asked, str) else asked[0]
            one, of_one = lists.nearest(targets[0], k, kind, limit=limit)
            if len(of_one) == k and not lists.is_far(one, kind):
                return np.array([one], np.float32), np.array([of_one])
            return exact_search(self.vectors[:limit], targets, k)
        scores, rows, found = lists.nearest_of_each(targets, k, asked, limit=limit)
        if len(lost := np.flatnonzero((found < k) | lists.are_far(scores, asked))):
            scores[lost], rows[lost] = exact_search(self.vectors[:limit], targets[lost], k)
        return scores, rows

    def _opened_lists(self) -> ListSearch:
        if callable(self._lists):
            with self._reading:
                if callable(self._lists):
                    self._lists = self._lists()
        assert self._lists is not None
        return self._lists

    def _opened_codes(self) -> "faiss.Index | None":
        if callable(self._codes):
            with self._reading:
                if callable(self._codes):
                    self._codes = self._codes()
        return self._codes

    def enough_candidates(self, k: int, asked: Asked = None) -> int:
        """How many candidates to rank for the best ``k``, going by the number that was measured for ten."""
        kinds = [asked] if asked is None or isinstance(asked, str) else asked
        candidates = max(
            [self.candidates if kind is None else self._candidates_for.get(kind, self.candidates) for kind in kinds]
        )
        return max(candidates, candidates * k // 20)

    def candidates_for_products(self, k: int) -> int:
        """How many candidates to take of each of the two searches of 3CosMul: of codes three times those of 3CosAdd;
        found all true answers wherever it was measured.
        """
        if self._lists is not None:
            wanted = max(_PRODUCT_CANDIDATES, 4 * k)
            return min(wanted, LARGEST_K) if k <= _PRODUCTS_OF_LISTS else wanted
        candidates = 3 * self.candidates
        return max(candidates, candidates * k // 20)


def open_index(vectors: Matrix, report: IndexReport, folder: Path, vectors_file: Path | None = None) -> Index:
    """Open what `build_index` wrote; it is read when the first search needs it, of the file that is in ``folder`` now.
    Raises `ModelError` naming a file that does not fit, then or now.

    ``vectors_file`` is the .npy file that ``vectors`` are mapped from: of a large one rows are read, not mapped.
    """
    read_rows = None
    is_large = vectors_file is not None and vectors.nbytes > _MAPPED_BYTES
    if vectors_file is not None and is_large:
        read_rows = row_reader(vectors_file, *vectors.shape)
    if report.kind == "exact":
        return Index(vectors, read_rows=read_rows)
    if report.kind == "lists":
        file = HeldFile(folder / LISTS_FILE)
        if report.is_of_earlier_version:
            _warn(
                "%s was indexed by an earlier version, so it is searched row by row. Run: thisplusthat index %s",
                folder.name,
                folder,
            )
            return Index(vectors, read_rows=read_rows)
        reaches = _reaches(report, folder)
        rows_file = HeldFile(vectors_file) if vectors_file is not None and is_large else None
        if (missing := missing_kernel("embeddings.search")) is not None:
            _warn(
                "%s was indexed for the search kernel, which is missing here, so every search compares with all "
                "rows: %s `thisplusthat index` builds an index of FAISS.",
                folder,
                missing,
            )
            return Index(vectors, read_rows=read_rows)

        def lists() -> ListSearch:
            read = read_lists(file, folder / LISTS_FILE, *vectors.shape)
            return ListSearch(read, vectors, reaches, rows_file)

        return Index(vectors, read_rows=read_rows, lists=lists)
    from embeddings.search.faiss_codes import codes_reader

    codes = codes_reader(folder / FAISS_FILE, (len(vectors), vectors.shape[1]), report.probes)
    return Index(vectors, codes, report.candidates, report.candidates_for, read_rows)


def _warn(text: str, *values: object) -> None:
    import logging  # which little else of a query needs

    logging.getLogger("thisplusthat").warning(text, *values)


def _reaches(report: IndexReport, folder: Path) -> dict[SearchKind, Reach]:
    try:
        found = {SearchKind(asked): Reach(*map(float, each)) for asked, each in report.reach_for.items()}
        looks = [number for each in found.values() for number in astuple(each)[:-1]]
        within = all(0 <= number <= 4 for number in looks) and all(-1 <= each.floor <= 1 for each in found.values())
    except (TypeError, ValueError, AttributeError):
        within = False
    if not within:
        raise ModelError(f"The index of {folder} is damaged: reach_for in its model.json is {report.reach_for!r}.")
    return found
