"""The engine that learns with the compiled kernel: skip-gram, CBOW and fastText with negative samples.

What is drawn for a stretch of text follows from the seed, the epoch and the place of the stretch: with one thread a run
repeats bit for bit, wherever it was stopped.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from threading import local
from typing import Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.search import Matrix
from embeddings.text import Counts
from embeddings.training.engine import (
    PIECE_WORDS,
    SENTENCE_END,
    Fed,
    Place,
    Rows,
    Start,
    alpha_at,
    method_of,
    read_piece,
    told_of,
)
from embeddings.training.kernel import CHUNK_WORDS, Network, Stretch, StretchTally
from embeddings.training.parameters import Algorithm, TrainingParameters

_STATE_FILES = {"inputs": "vectors.npy", "outputs": "outputs.npy"}
_BLOCK_ROWS = 50_000


def why_not(parameters: TrainingParameters) -> str | None:
    """The requested feature that the kernel lacks, or None."""
    if parameters.hs:
        return "hierarchical softmax (--hs)"
    if not parameters.negative:
        return "learning without negative samples (--negative 0)"
    return None


class KernelLearner:
    """A model in training. Raises `KernelError` without a kernel, `ModelError` if its arrays do not fit into memory."""

    def __init__(
        self, words: Sequence[str], counts: Counts, parameters: TrainingParameters, start: Start | None = None
    ) -> None:
        self.words = words
        self.total = int(counts.sum())
        self.parameters = parameters
        self.start = start
        self.seconds = 0.0
        _check_memory(len(words), parameters)
        self._network = Network(words, counts, parameters)
        self._network.begin(parameters.seed)
        self._memory = local()
        if start is not None:
            self._begin_from(start)

    # ---- Learning

    def learn_piece(self, sentences: Path, place: Place, fed: Fed) -> bool:
        rows, at_end = read_piece(sentences, place.position, PIECE_WORDS)
        self._network.check(rows)
        self._hold_old_words(place.epoch)
        words = reported = 0
        loss = sampled = 0.0
        for progress in self._run(rows, list(self._stretches(rows, place))):
            words += progress.words
            loss, sampled = loss + progress.loss, sampled + progress.sampled
            if words - reported >= PIECE_WORDS // 5:
                reported = words
                fed(words)
        if sampled:
            place.loss = loss / sampled
        place.words += words
        place.position += len(rows)
        if at_end:
            place.epoch, place.words, place.position = place.epoch + 1, 0, 0
        return at_end

    def _stretches(self, rows: Rows, place: Place) -> Iterator[Stretch]:
        """The piece in stretches of whole sentences, each with the rate at its start."""
        ends = np.flatnonzero(rows == SENTENCE_END) + 1
        words = ends - np.arange(1, len(ends) + 1)  # up to each end
        slope = (self.parameters.alpha - self.parameters.min_alpha) / max(self.total * self.parameters.epochs, 1)
        first = before = 0
        while first < len(rows):
            last = min(int(np.searchsorted(words, before + CHUNK_WORDS)), len(ends) - 1)
            end = int(ends[last])
            at = Place(place.epoch, place.words + before)
            seed = _seed(self.parameters.seed, place.epoch, place.position + first)
            yield Stretch(first, end, alpha_at(self, at), slope, seed)
            first, before = end, int(words[last])

    def _run(self, rows: Rows, stretches: Sequence[Stretch]) -> Iterator[StretchTally]:
        def learn(stretch: Stretch) -> StretchTally:
            if not hasattr(self._memory, "scratch"):
                self._memory.scratch = self._network.scratch()
            return self._network.learn(rows, stretch, self._memory.scratch)

        threads = min(self.parameters.threads, len(stretches))
        if threads <= 1:
            yield from map(learn, stretches)
            return
        with ThreadPoolExecutor(threads, "learning") as pool:
            yield from pool.map(learn, stretches)

    def _begin_from(self, start: Start) -> None:
        network, dimension = self._network, self.parameters.vector_size
        if start.ngrams is None or network.ngram_start is None:
            network.inputs[start.rows, :dimension] = start.vectors
            return
        network.inputs[network.words :, :dimension] = start.ngrams
        # A word's vector is the mean of its own and of its n-grams' vectors: its own makes up the rest.
        network.inputs[start.rows] = 0
        parts = np.diff(network.ngram_start) + 1
        for first in range(0, network.words, _BLOCK_ROWS):
            of = slice(*np.searchsorted(start.rows, (first, first + _BLOCK_ROWS)))
            rows = start.rows[of]
            rest = start.vectors[of] - network.vectors(first, first + _BLOCK_ROWS)[rows - first]
            network.inputs[rows, :dimension] = rest * parts[rows, None]

    def _hold_old_words(self, epoch: int) -> None:
        """Words of an older model stay in the first epoch, in which the layer behind them is learned, and move by small
        steps from then on; so do its n-grams.
        """
        if self.start is None:
            return
        step, network = self.parameters.init_step if epoch else 0.0, self._network
        share = np.ones(len(network.inputs), np.float32)
        share[self.start.rows] = step
        if self.start.ngrams is not None:
            share[network.words :] = step
        network.share = share

    # ---- What has been learned

    def rows(self, first: int, end: int) -> Matrix:
        return self._network.vectors(first, end)

    @property
    def ngrams(self) -> Matrix | None:
        network = self._network
        return network.inputs[network.words :, : network.dimension] if network.buckets else None

    @property
    def method(self) -> str:
        return method_of(self.parameters)

    @property
    def told(self) -> dict[str, Any]:
        return told_of(self.parameters)

    @property
    def engine(self) -> dict[str, Any]:
        return {"name": "kernel", "instructions": self._network.library.level, "threads": self.parameters.threads}

    def finish_epoch(self) -> None:
        """Nothing: a word's vector is worked out when it is asked for."""

    # ---- Checkpoints

    def save(self, folder: Path) -> None:
        for name, file in _STATE_FILES.items():
            np.save(folder / file, getattr(self._network, name), allow_pickle=False)

    def load(self, folder: Path, place: Place) -> None:  # noqa: ARG002 - what it draws follows from the place
        for name, file in _STATE_FILES.items():
            path, array = folder / file, getattr(self._network, name)
            try:
                saved = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise ModelError(f"{path} is missing or damaged: {error}.") from error
            if saved.shape != array.shape or saved.dtype != array.dtype:
                raise ModelError(f"{path} is of another training: {saved.shape} is not {array.shape}.")
            array[:] = saved

    def random_state(self) -> list[Any]:
        return []


def _seed(*numbers: int) -> int:
    """64 bits that have nothing to do with those of other numbers."""
    return int.from_bytes(blake2b(repr(numbers).encode(), digest_size=8).digest(), "little")


def _check_memory(words: int, parameters: TrainingParameters) -> None:
    """Raises `ModelError` if the matrices are larger than the machine's memory: the system would end the program."""
    buckets = parameters.bucket if parameters.algorithm is Algorithm.FASTTEXT else 0
    needed = (2 * words + buckets) * (-(-parameters.vector_size // 16) * 64)
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > there:
        raise ModelError(
            f"{words:,} words of {parameters.vector_size} dimensions need about {needed / 1e9:.1f} GB of memory, "
            f"and this machine has {there / 1e9:.1f} GB. Take a larger --min-count or a smaller --vector-size."
        )
