"""gensim's word2vec and fastText, a piece of an epoch at a time, with checkpoints of plain arrays.

Pieces are of a fixed number of words, so that where a checkpoint falls changes nothing of what is learned.

gensim can read the sentences itself (``corpus_file``) or be fed (``corpus_iterable``). Feeding is what is done here:
it is as fast on the cores that this was measured on, and with ``corpus_file`` each thread works out its learning rate
from its own share of the sentences, so that the rate jumps from epoch to epoch (gensim 4.4.0).
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import save_array
from embeddings.search import Matrix
from embeddings.text import Counts
from embeddings.training.parameters import Algorithm, Architecture, TrainingParameters

PIECE_WORDS = 1_000_000
_STATE_FILES = {
    "vectors": "vectors.npy",
    "own": "own.npy",
    "ngrams": "ngrams.npy",
    "syn1": "syn1.npy",
    "syn1neg": "syn1neg.npy",
}

Fed = Callable[[int], None]
"""Called now and then with the words of a piece that have been handed to the threads."""


@dataclass(slots=True)
class Place:
    """How far training has come: whole epochs, then words and bytes of the file of sentences."""

    epoch: int = 0
    words: int = 0
    bytes: int = 0
    seconds: float = 0.0
    loss: float | None = None
    random: list[Any] = field(default_factory=list)
    """State of numpy's Mersenne twister."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Vectors of a model that is trained on: ``rows`` of the vocabulary have ``vectors``, others begin by chance."""

    rows: npt.NDArray[np.int64]
    vectors: Matrix
    """[rows, dimension], with their lengths."""
    ngrams: Matrix | None = None


class Learner:
    """A model in training. Raises `ModelError` if its arrays do not fit into memory."""

    def __init__(
        self, words: Sequence[str], counts: Counts, parameters: TrainingParameters, start: Start | None = None
    ) -> None:
        self.words = words
        self.total = int(counts.sum())
        self.parameters = parameters
        self.start = start
        try:
            self._model = _build(words, counts, parameters)
        except MemoryError as error:
            size = len(words) * parameters.vector_size * 8 / 1e9
            raise ModelError(
                f"{len(words):,} words of {parameters.vector_size} dimensions need about {size:.1f} GB of memory, "
                "which this machine does not have. Take a larger --min-count or a smaller --vector-size."
            ) from error
        if start is not None:
            self._begin_from(start)

    # ---- Learning

    def alpha(self, place: Place) -> float:
        """The learning rate at ``place``: it goes down in a straight line."""
        share = min((place.epoch + place.words / self.total) / self.parameters.epochs, 1.0)
        return self.parameters.alpha - (self.parameters.alpha - self.parameters.min_alpha) * share

    def learn_piece(self, sentences: Path, place: Place, fed: Fed) -> bool:
        """Learn from the next `PIECE_WORDS` words and move ``place``; at the end of the file it goes to the next epoch.

        Returns whether that was the end of an epoch.
        """
        start_alpha = self.alpha(place)
        piece = _Piece(sentences, place.bytes, fed)
        self._hold_old_words(place.epoch)
        after = Place(place.epoch, min(place.words + PIECE_WORDS, self.total))
        expected = max(after.words - place.words, 1)
        with _quiet_gensim():
            self._model.train(
                corpus_iterable=piece,
                total_words=expected,
                epochs=1,
                start_alpha=start_alpha,
                end_alpha=max(self.alpha(after), self.parameters.min_alpha),
                compute_loss=self._has_loss,
                report_delay=3600.0,
            )
        if self._has_loss and piece.words:
            place.loss = float(self._model.get_latest_training_loss()) / piece.words
        place.words += piece.words
        place.bytes = piece.end
        if piece.at_end:
            place.epoch, place.words, place.bytes = place.epoch + 1, 0, 0
        return piece.at_end

    @property
    def _has_loss(self) -> bool:
        return self.parameters.algorithm is Algorithm.WORD2VEC  # gensim does not work it out for fastText

    def _begin_from(self, start: Start) -> None:
        wv = self._model.wv
        if start.ngrams is None:
            wv.vectors[start.rows] = start.vectors
            return
        wv.vectors_ngrams[:] = start.ngrams
        for row, vector in zip(start.rows, start.vectors, strict=True):
            buckets = wv.buckets_word[row]
            # gensim's vector of a word is the mean of its own and of its n-grams' vectors.
            wv.vectors_vocab[row] = vector * (len(buckets) + 1) - wv.vectors_ngrams[buckets].sum(axis=0)
        wv.adjust_vectors()

    def _hold_old_words(self, epoch: int) -> None:
        """Words of an older model stay in the first epoch, in which the layer behind them is learned, and move by small
        steps from then on.
        """
        if self.start is None:
            return
        step = self.parameters.init_step if epoch else 0.0
        lock = np.ones(len(self.words), np.float32)
        lock[self.start.rows] = step
        wv = self._model.wv
        if self.start.ngrams is None:
            wv.vectors_lockf = lock
        else:
            wv.vectors_vocab_lockf = lock
            wv.vectors_ngrams_lockf = np.full(len(wv.vectors_ngrams), step, np.float32)

    # ---- What has been learned

    @property
    def vectors(self) -> Matrix:
        """[words, dimension], with the lengths that training gave them."""
        vectors: Matrix = self._model.wv.vectors
        return vectors

    @property
    def ngrams(self) -> Matrix | None:
        """[buckets, dimension] for fastText."""
        return getattr(self._model.wv, "vectors_ngrams", None)

    def finish_epoch(self) -> None:
        """Bring the vectors of fastText's words up to date with those of their n-grams."""
        if self.ngrams is not None:
            self._model.wv.adjust_vectors()

    # ---- Checkpoints

    def save(self, folder: Path) -> None:
        """Write all arrays to ``folder``."""
        for name, array in self._arrays().items():
            save_array(folder / _STATE_FILES[name], array)

    def load(self, folder: Path, place: Place) -> None:
        """Go on from the arrays of ``folder``. Raises `ModelError` for a file that is missing or damaged."""
        for name, array in self._arrays().items():
            path = folder / _STATE_FILES[name]
            try:
                saved = np.load(path, mmap_mode="r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise ModelError(f"{path} is missing or damaged: {error}.") from error
            if saved.shape != array.shape:
                raise ModelError(f"{path} is of another training: {saved.shape} is not {array.shape}.")
            array[:] = saved
        kind, keys, *rest = place.random
        self._model.random.set_state((kind, np.array(keys, np.uint32), *rest))
        self.finish_epoch()

    def random_state(self) -> list[Any]:
        """The state of what gensim draws by, as JSON can hold it."""
        kind, keys, *rest = self._model.random.get_state()
        return [kind, keys.tolist(), *rest]

    def _arrays(self) -> dict[str, Matrix]:
        model = self._model
        arrays = {name: getattr(model, name) for name in ("syn1", "syn1neg") if getattr(model, name, None) is not None}
        if self.ngrams is None:
            return {"vectors": model.wv.vectors, **arrays}
        return {"own": model.wv.vectors_vocab, "ngrams": model.wv.vectors_ngrams, **arrays}


def _build(words: Sequence[str], counts: Counts, parameters: TrainingParameters) -> Any:
    from gensim.models import FastText, Word2Vec

    same = ("vector_size", "window", "sample", "hs", "negative", "ns_exponent", "alpha", "min_alpha", "epochs", "seed")
    options: dict[str, Any] = {name: getattr(parameters, name) for name in same}
    options |= {
        "sg": int(parameters.architecture is Architecture.SKIPGRAM),
        "hs": int(parameters.hs),
        "cbow_mean": int(parameters.cbow_mean),
        "shrink_windows": parameters.shrink_windows,
        "batch_words": parameters.batch_words,
        "workers": parameters.threads,
        "min_count": 1,
        "sorted_vocab": 0,  # the words are sorted, and words met equally often keep their order
    }
    kind = Word2Vec
    if parameters.algorithm is Algorithm.FASTTEXT:
        kind = FastText
        options |= {"min_n": parameters.min_n, "max_n": parameters.max_n, "bucket": parameters.bucket}
    with _quiet_gensim():
        model = kind(**options)
        model.build_vocab_from_freq(dict(zip(words, map(int, counts), strict=True)))
    return model


class _Piece:
    """Sentences of a file from a byte on, until enough words have been given or the file ends."""

    def __init__(self, path: Path, start: int, fed: Fed) -> None:
        self._path = path
        self._start = start
        self._fed = fed
        self.words = 0
        self.end = start
        self.at_end = False

    def __iter__(self) -> Iterator[list[str]]:
        self.words, self.end, self.at_end = 0, self._start, False
        reported = 0
        with self._path.open("rb") as file:
            file.seek(self._start)
            for line in file:
                sentence = line.decode().split()
                self.words += len(sentence)
                self.end += len(line)
                yield sentence
                if self.words - reported >= PIECE_WORDS // 20:
                    reported = self.words
                    self._fed(self.words)
                if self.words >= PIECE_WORDS:
                    self.at_end = not file.read(1)
                    return
        self.at_end = True


@contextmanager
def _quiet_gensim() -> Iterator[None]:
    """gensim warns of what is meant here: pieces of an epoch, and a vocabulary that was counted elsewhere."""
    loggers = [logging.getLogger(f"gensim.models.{name}") for name in ("word2vec", "fasttext", "keyedvectors")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
