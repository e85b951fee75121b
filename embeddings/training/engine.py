"""An engine learns vectors from numbered sentences, a piece of an epoch at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from embeddings.search import Matrix
from embeddings.training.parameters import TrainingParameters

PIECE_WORDS = 1_000_000
"""Pieces are of a fixed number of words, so that where a checkpoint falls changes nothing of what is learned."""
SENTENCE_END = -1

Rows = npt.NDArray[np.int32]
"""Rows of the vocabulary, a sentence after the other, each with `SENTENCE_END` behind it."""
Fed = Callable[[int], None]
"""Called now and then with the words of a piece that have been learned from."""


@dataclass(slots=True)
class Place:
    """How far training has come: whole epochs, then words and numbers of the file of sentences."""

    epoch: int = 0
    words: int = 0
    position: int = 0
    seconds: float = 0.0
    loss: float | None = None
    random: list[Any] = field(default_factory=list)
    """State of what the engine draws by, if it keeps any."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Vectors of a model that is trained on: ``rows`` of the vocabulary have ``vectors``, others begin by chance."""

    rows: npt.NDArray[np.int64]
    """In their order."""
    vectors: Matrix
    """[rows, dimension], with their lengths."""
    ngrams: Matrix | None = None


class LearnedVectors(Protocol):
    """Vectors that were learned, wherever."""

    @property
    def words(self) -> Sequence[str]: ...

    @property
    def total(self) -> int:
        """Words that were learned from in each epoch."""
        ...

    @property
    def parameters(self) -> TrainingParameters: ...

    @property
    def seconds(self) -> float:
        """How long learning took, where the engine was asked for all of it at once."""
        ...

    def rows(self, first: int, end: int) -> Matrix:
        """The vectors [end - first, dimension] of these words, with the lengths that training gave them."""
        ...

    @property
    def ngrams(self) -> Matrix | None:
        """[buckets, dimension] for fastText."""
        ...

    @property
    def method(self) -> str:
        """What the model says it was trained by."""
        ...

    @property
    def told(self) -> dict[str, Any]:
        """The parameters that count for this engine."""
        ...

    @property
    def engine(self) -> dict[str, Any]:
        """Which engine it was, and what is to be known of it."""
        ...


class Learner(LearnedVectors, Protocol):
    """A model in training."""

    def learn_piece(self, sentences: Path, place: Place, fed: Fed) -> bool:
        """Learn from the next `PIECE_WORDS` words and move ``place``; at the end of the file it goes to the next epoch.

        Returns whether that was the end of an epoch.
        """
        ...

    def finish_epoch(self) -> None:
        """Bring up to date what is only needed between epochs."""
        ...

    def save(self, folder: Path) -> None:
        """Write all arrays to ``folder``."""
        ...

    def load(self, folder: Path, place: Place) -> None:
        """Go on from the arrays of ``folder``. Raises `ModelError` for a file that is missing or damaged."""
        ...

    def random_state(self) -> list[Any]:
        """The state of what is drawn by, as JSON can hold it."""
        ...


def method_of(parameters: TrainingParameters) -> str:
    """Algorithm and architecture, as a model says what it was trained by."""
    return f"{parameters.algorithm.value} {parameters.architecture.value}"


def told_of(parameters: TrainingParameters) -> dict[str, Any]:
    """The parameters as model.json has them."""
    return {**asdict(parameters), "workers": parameters.threads}


def alpha_at(learner: LearnedVectors, place: Place) -> float:
    """The learning rate at ``place``: it goes down in a straight line."""
    parameters = learner.parameters
    share = min((place.epoch + place.words / learner.total) / parameters.epochs, 1.0)
    return parameters.alpha - (parameters.alpha - parameters.min_alpha) * share


def read_piece(path: Path, position: int, words: int) -> tuple[Rows, bool]:
    """Whole sentences from ``position`` on, with so many words or more, and whether the file ends with them."""
    size = path.stat().st_size // 4
    wanted = words + words // 4  # ends of sentences are numbers, too
    while True:
        with path.open("rb") as file:
            file.seek(4 * position)
            rows = np.fromfile(file, np.int32, wanted)
        ends = np.flatnonzero(rows == SENTENCE_END)
        # Words up to each end: the numbers up to it without the ends among them.
        enough = np.flatnonzero(ends - np.arange(len(ends)) >= words)
        if len(enough):
            rows = rows[: ends[enough[0]] + 1]
            return rows, position + len(rows) >= size
        if position + len(rows) >= size:
            return rows, True
        wanted *= 2


def sentences_of(path: Path, words: Sequence[str]) -> Iterator[list[str]]:
    """The sentences of a file of numbers, as words."""
    known, position, at_end = np.array(words, object), 0, False
    while not at_end:
        rows, at_end = read_piece(path, position, PIECE_WORDS)
        position += len(rows)
        yield from as_words(rows, known)


def as_words(rows: Rows, words: npt.NDArray[np.object_]) -> Iterator[list[str]]:
    """The sentences of ``rows`` as lists of ``words``."""
    start = 0
    for end in np.flatnonzero(rows == SENTENCE_END):
        yield words[rows[start:end]].tolist()
        start = int(end) + 1
