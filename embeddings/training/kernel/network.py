"""The matrices of a model in training, and calls of the C functions with every size checked before.

The C code has no threads and takes no memory: both come from here.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.native import Library, address, aligned_rows, load_library
from embeddings.search import Matrix
from embeddings.text import Counts
from embeddings.training.parameters import Algorithm, Architecture, TrainingParameters

CHUNK_WORDS = 10_000
"""Words that a thread learns from at a time."""
_SENTENCE, _AHEAD, _OUTPUTS, _MOST_LANES, _POOL, _CBOW_POOL = 8192, 2, 6, 16, 64, 256
"""Sizes in learn.c and step.h."""
_BLOCK_ROWS = 50_000
_LANES = {"avx512": 16, "avx2": 8}
_POINTERS = ("inputs", "outputs", "keep", "alias", "ngram_start", "ngrams", "share")
_SIZES = ("words", "stride", "dimension")
ALIAS = np.dtype([("limit", np.uint32), ("other", np.int32)])
"""model.h's Alias."""
_SETTINGS = ("window", "negative", "shrink_windows", "cbow", "cbow_mean")

Numbers = npt.NDArray[np.int64]


class _Model(ctypes.Structure):
    """model.h's Model."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in _POINTERS),
        *((name, ctypes.c_int64) for name in _SIZES),
        *((name, ctypes.c_int32) for name in _SETTINGS),
    )


class StretchTally(ctypes.Structure):
    """What came of a stretch of text: words read, pairs of inputs and centres, and the loss of a sample of them."""

    _fields_ = (
        ("words", ctypes.c_int64),
        ("pairs", ctypes.c_int64),
        ("loss", ctypes.c_double),
        ("sampled", ctypes.c_int64),
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Sentences for one thread: ids from ``first`` to before ``end``, and what they are learned with."""

    first: int
    end: int
    rate: float
    slope: float
    """How much the rate goes down with each word."""
    seed: int


class Network:
    """Inputs and outputs [rows, dimension rounded up to 64 bytes] and the tables that learning needs.

    Raises `KernelError` if there is no compiled kernel, MemoryError if the matrices do not fit.
    """

    def __init__(self, words: Sequence[str], counts: Counts, parameters: TrainingParameters) -> None:
        self.library: Library = load_library("embeddings.training")
        self.words, self.dimension = len(words), parameters.vector_size
        self.parameters = parameters
        fasttext = parameters.algorithm is Algorithm.FASTTEXT
        self.buckets = parameters.bucket if fasttext else 0
        self.inputs: Matrix = aligned_rows(self.words + self.buckets, self.dimension)
        self.outputs: Matrix = aligned_rows(self.words, self.dimension)
        self.share: npt.NDArray[np.float32] | None = None
        """How much of each step a row of the inputs takes; None is all of it."""
        self._keep = _keep(counts, parameters.sample)
        self._alias = self._alias_table(counts, parameters.ns_exponent)
        self.ngram_start: Numbers | None = None
        self._ngrams: npt.NDArray[np.int32] | None = None
        if fasttext:
            self.ngram_start, self._ngrams = self._ngram_rows(words)
        pointer, size, real = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        self._learn = self.library.function(
            "learn", None, [pointer, pointer, size, real, real, ctypes.c_uint64, pointer, pointer]
        )
        self._word_vectors = self.library.function("word_vectors", None, [pointer, size, size, pointer])

    def begin(self, seed: int) -> None:
        """Small random inputs, as word2vec and fastText have them; the outputs are zero."""
        random = np.random.default_rng(seed)
        for start in range(0, len(self.inputs), _BLOCK_ROWS):
            block = self.inputs[start : start + _BLOCK_ROWS]
            drawn = random.random((len(block), self.dimension), np.float32)
            block[:, : self.dimension] = (drawn * 2 - 1) / self.dimension

    # ---- Learning

    @property
    def scratch_size(self) -> int:
        """Numbers that a thread needs memory for, as thread_of in learn.c cuts it up."""
        window = self.parameters.window
        ring = 2 ** (2 * window).bit_length()
        floats = (2 * ring + 2) * self.inputs.shape[1]
        floats += (2 * window + 1) * (_OUTPUTS + 2) + 2 * _MOST_LANES + 16
        floats += _SENTENCE + (_AHEAD + 1) * self.parameters.negative
        pool = _CBOW_POOL if self.parameters.architecture is Architecture.CBOW else _POOL
        floats += max(pool, 16 * self.parameters.negative)
        return int(-(-floats // 16) * 16)

    def scratch(self) -> Matrix:
        """Memory for one thread."""
        return aligned_rows(1, self.scratch_size)

    def check(self, ids: npt.NDArray[np.int32]) -> None:
        """Raises TypeError, ValueError or IndexError if C could not read ``ids``."""
        address(ids, np.int32, ids.size, "ids")
        if ids.size and not (int(ids.min()) >= -1 and int(ids.max()) < self.words):
            raise IndexError(f"ids are {ids.min()} to {ids.max()}, and there are {self.words} words.")

    def learn(self, ids: npt.NDArray[np.int32], stretch: Stretch, scratch: Matrix) -> StretchTally:
        """Learn from a stretch of ``ids``, which `check` has seen. Threads may do so side by side."""
        if not 0 <= stretch.first <= stretch.end <= ids.size:
            raise IndexError(f"{stretch.first} to {stretch.end} is not within {ids.size} ids.")
        progress, model = StretchTally(), self._model()
        self._learn(
            ctypes.byref(model),
            ids.ctypes.data + 4 * stretch.first,
            stretch.end - stretch.first,
            stretch.rate,
            stretch.slope,
            stretch.seed,
            address(scratch, np.float32, self.scratch_size, "scratch"),
            ctypes.byref(progress),
        )
        return progress

    def vectors(self, first: int, end: int) -> Matrix:
        """The words' vectors [end - first, dimension], their n-grams' part in them."""
        first, end = max(first, 0), min(end, self.words)
        to = aligned_rows(max(end - first, 0), self.dimension)
        model = self._model()
        self._word_vectors(ctypes.byref(model), first, end, address(to, np.float32, to.size, "vectors"))
        return to[:, : self.dimension]

    def _model(self) -> _Model:
        p, stride = self.parameters, self.inputs.shape[1]
        lanes = _LANES.get(self.library.level, 4)
        rows = self.words + self.buckets
        ngrams = 0 if self._ngrams is None else self._ngrams.size
        return _Model(
            inputs=_where(self.inputs, np.float32, rows * stride, "inputs"),
            outputs=_where(self.outputs, np.float32, self.words * stride, "outputs"),
            keep=_where(self._keep, np.uint32, self.words, "keep"),
            alias=_where(self._alias, ALIAS, self.words, "alias"),
            ngram_start=_where(self.ngram_start, np.int64, self.words + 1, "ngram_start"),
            ngrams=_where(self._ngrams, np.int32, ngrams, "ngrams"),
            share=_where(self.share, np.float32, rows, "share"),
            words=self.words,
            stride=stride,
            dimension=-(-self.dimension // lanes) * lanes,
            window=p.window,
            negative=p.negative,
            shrink_windows=int(p.shrink_windows),
            cbow=int(p.architecture is Architecture.CBOW),
            cbow_mean=int(p.cbow_mean),
        )

    # ---- Tables

    def _alias_table(self, counts: Counts, exponent: float) -> npt.NDArray[Any]:
        weights = np.maximum(np.asarray(counts, np.float64), 1) ** exponent
        weights *= self.words / weights.sum()
        alias, order = np.empty(self.words, ALIAS), np.empty(self.words, np.int32)
        pointer = ctypes.c_void_p
        fill = self.library.function("alias_table", None, [pointer, ctypes.c_int64, pointer, pointer])
        fill(
            address(weights, np.float64, self.words, "weights"),
            self.words,
            address(alias, ALIAS, self.words, "alias"),
            address(order, np.int32, self.words, "order"),
        )
        return alias

    def _ngram_rows(self, words: Sequence[str]) -> tuple[Numbers, npt.NDArray[np.int32]]:
        marked = [f"<{word}>".encode() for word in words]
        starts = np.zeros(self.words + 1, np.int64)
        np.cumsum([len(word) for word in marked], out=starts[1:])
        text = np.frombuffer(b"".join(marked), np.int8)
        begins = np.zeros(self.words + 1, np.int64)
        p, pointer, number = self.parameters, ctypes.c_void_p, ctypes.c_int32
        fill = self.library.function(
            "ngram_rows",
            None,
            [pointer, pointer, ctypes.c_int64, number, number, ctypes.c_uint32, number, pointer, pointer],
        )
        given = (
            address(text, np.int8, int(starts[-1]), "text"),
            address(starts, np.int64, self.words + 1, "starts"),
            self.words,
            p.min_n,
            p.max_n,
            p.bucket,
            self.words,
            address(begins, np.int64, self.words + 1, "begins"),
        )
        fill(*given, None)
        rows = np.empty(int(begins[-1]), np.int32)
        fill(*given, address(rows, np.int32, rows.size, "rows"))
        return begins, rows


def _where(array: npt.NDArray[Any] | None, dtype: npt.DTypeLike, size: int, name: str) -> int | None:
    return None if array is None else address(array, dtype, size, name)


def _keep(counts: Counts, sample: float) -> npt.NDArray[np.uint32]:
    """For each word, a number that no random one may be above if an occurrence is to stay (word2vec's formula)."""
    most = (1 << 32) - 1
    if not sample:
        return np.full(len(counts), most, np.uint32)
    share = np.maximum(np.asarray(counts, np.float64), 1) / (sample * max(float(np.sum(counts)), 1.0))
    return np.minimum((np.sqrt(share) + 1) / share * most, most).astype(np.uint32)
