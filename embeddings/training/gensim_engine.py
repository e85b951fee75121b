"""gensim's word2vec and fastText, a piece of an epoch at a time, with checkpoints of plain arrays.

gensim can read the sentences itself (``corpus_file``) or be fed (``corpus_iterable``). Feeding is what is done here:
it is as fast on the cores that this was measured on, and with ``corpus_file`` each thread works out its learning rate
from its own share of the sentences, so that the rate jumps from epoch to epoch (gensim 4.4.0).
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import save_array
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
    as_words,
    method_of,
    read_piece,
    told_of,
)
from embeddings.training.parameters import Algorithm, Architecture, TrainingParameters

_STATE_FILES = {
    "vectors": "vectors.npy",
    "own": "own.npy",
    "ngrams": "ngrams.npy",
    "syn1": "syn1.npy",
    "syn1neg": "syn1neg.npy",
}


class GensimLearner:
    """A model in training. Raises `ModelError` if its arrays do not fit into memory."""

    def __init__(
        self, words: Sequence[str], counts: Counts, parameters: TrainingParameters, start: Start | None = None
    ) -> None:
        self.words = words
        self._known_words = np.array(words, object)
        self.total = int(counts.sum())
        self.parameters = parameters
        self.start = start
        self.seconds = 0.0
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

    def learn_piece(self, sentences: Path, place: Place, fed: Fed) -> bool:
        rows, at_end = read_piece(sentences, place.position, PIECE_WORDS)
        words = int((rows != SENTENCE_END).sum())
        after = Place(place.epoch, min(place.words + PIECE_WORDS, self.total))
        start_alpha, expected = alpha_at(self, place), max(after.words - place.words, 1)
        self._hold_old_words(place.epoch)
        with _quiet_gensim():
            self._model.train(
                corpus_iterable=_Piece(rows, self._known_words, fed),
                total_words=expected,
                epochs=1,
                start_alpha=start_alpha,
                end_alpha=max(alpha_at(self, after), self.parameters.min_alpha),
                compute_loss=self._has_loss,
                report_delay=3600.0,
            )
        if self._has_loss and words:
            place.loss = float(self._model.get_latest_training_loss()) / words
        place.words += words
        place.position += len(rows)
        if at_end:
            place.epoch, place.words, place.position = place.epoch + 1, 0, 0
        return at_end

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
    def method(self) -> str:
        return method_of(self.parameters)

    @property
    def told(self) -> dict[str, Any]:
        return told_of(self.parameters)

    @property
    def engine(self) -> dict[str, Any]:
        return {"name": "gensim", "version": version("gensim"), "threads": self.parameters.threads}

    def rows(self, first: int, end: int) -> Matrix:
        vectors: Matrix = self._model.wv.vectors[first:end]
        return vectors

    @property
    def ngrams(self) -> Matrix | None:
        return getattr(self._model.wv, "vectors_ngrams", None)

    def finish_epoch(self) -> None:
        """Bring the vectors of fastText's words up to date with those of their n-grams."""
        if self.ngrams is not None:
            self._model.wv.adjust_vectors()

    # ---- Checkpoints

    def save(self, folder: Path) -> None:
        for name, array in self._arrays().items():
            save_array(folder / _STATE_FILES[name], array)

    def load(self, folder: Path, place: Place) -> None:
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
    """The sentences of a piece as words; gensim goes through them once."""

    def __init__(self, rows: Rows, words: npt.NDArray[np.object_], fed: Fed) -> None:
        self._rows = rows
        self._words = words
        self._fed = fed

    def __iter__(self) -> Iterator[list[str]]:
        words = reported = 0
        for sentence in as_words(self._rows, self._words):
            words += len(sentence)
            yield sentence
            if words - reported >= PIECE_WORDS // 20:
                reported = words
                self._fed(words)


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
