"""What answering a query needs from a model, in a folder (`model`) or on a cluster (`milvus`)."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from embeddings.models.model import Manifest
from embeddings.search import Asked, Candidates, Matrix, Rows, SearchKind


class Words(Protocol):
    """Words ↔ rows; `embeddings.models` says what each does."""

    def __len__(self) -> int: ...

    def word(self, row: int) -> str: ...

    def words(self, rows: Sequence[int]) -> list[str]: ...

    def row(self, word: str) -> int | None: ...

    def row_of_variant(self, word: str) -> int | None: ...

    def variants(self, word: str) -> list[int]: ...

    def row_whatever_case(self, word: str) -> int | None: ...

    def complete(self, prefix: str, limit: int = 10, offset: int = 0) -> list[str]: ...

    def suggest(self, word: str, limit: int = 5) -> list[str]: ...

    def expect(self, words: Iterable[str]) -> None:
        """Announce words that will be looked up next, so that a remote vocabulary fetches them in one go."""


class Neighbours(Candidates, Protocol):
    """Search for rows; `embeddings.search` says what each does."""

    def search(
        self,
        targets: Matrix,
        k: int,
        *,
        exact: bool = False,
        restrict: int | None = None,
        asked: Asked = None,
    ) -> tuple[Matrix, Rows]: ...

    def nearest(
        self,
        target: Matrix,
        k: int,
        *,
        excluded: Sequence[int] = (),
        exact: bool = False,
        restrict: int | None = None,
        asked: SearchKind | None = None,
    ) -> tuple[list[float], list[int]]: ...


class WordVectors(Protocol):
    """A model that can be asked. Rows are unit vectors, most frequent word first; row number = frequency rank - 1."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def place(self) -> str:
        """Where it is, for people."""

    @property
    def vocabulary(self) -> Words: ...

    @property
    def index(self) -> Neighbours: ...

    def __len__(self) -> int: ...

    def vectors_of(self, rows: Rows | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""

    def count_of(self, row: int) -> int:
        """How often the word of a row occurs in the corpus; 0 if unknown."""

    def display(self, row: int) -> str | None:
        """The usual spelling of the word of a row, if it differs from the vocabulary's."""

    def description(self, row: int) -> str | None:
        """What the word of a row is, in one line, if known."""

    def displays(self, rows: Sequence[int]) -> Sequence[str | None]:
        """`display` of each of ``rows``."""

    def descriptions(self, rows: Sequence[int]) -> Sequence[str | None]:
        """`description` of each of ``rows``."""

    @property
    def total_count(self) -> int:
        """How often all words together occur in the corpus; 0 if unknown."""

    def ngram_vectors(self, buckets: Sequence[int]) -> Matrix:
        """The vectors of character n-grams [buckets, dimension]; only of models whose card has ``subwords``."""

    def check(self) -> None:
        """Check that it is intact. Raises `ModelError`."""
