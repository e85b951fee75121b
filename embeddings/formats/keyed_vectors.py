"""gensim's KeyedVectors: Python pickles that are read as data, never unpickled."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.extras import need
from embeddings.formats.headers import require_dimension
from embeddings.formats.ngrams import NgramParameters, means_with_ngrams, require_ngrams
from embeddings.formats.pickle_data import Made, array_of, read_pickle, walk
from embeddings.formats.sources import Block, Faults, Source, reading, require_file, rows_per_block
from embeddings.formats.text import blocks_of
from embeddings.models import Model

_WORDS = ("index_to_key", "index2word", "index2entity")
_MATRICES = ("vectors", "syn0", "vectors_vocab")
"""Where vectors may be; fastText's ``vectors_vocab`` are without their n-grams, which are added on the way."""


def is_pickle(start: bytes, size: int) -> bool:  # noqa: ARG001
    return start[:1] == b"\x80" and start[1:2] in (b"\2", b"\3", b"\4", b"\5")


def read_keyed_vectors(path: Path, _faults: Faults) -> Source:
    """gensim's KeyedVectors, alone or within a model that was saved, of gensim 1 to 4. Nothing in the file is run."""
    require_file(path)
    found = list(walk(read_pickle(path)))
    for depth, made in enumerate(found):
        state = made.state
        if isinstance(state, dict) and (name := next((name for name in _WORDS if name in state), None)):
            return _source(path, path.name + ".wv" * depth, state, state[name])
    what = f"a {found[0].title}" if found else "no object"
    raise ModelError(
        f"{path} is a Python pickle, and opening one can run whatever its author put in, so it is read as data alone, "
        f"with or without --trust-pickle: it holds {what}, and not gensim's KeyedVectors. Ask for another format."
    )


def _source(path: Path, prefix: str, state: Mapping[str, Any], words: Any) -> Source:
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise ModelError(f"{path} is damaged: its words are no list of words.")
    own = next((found for name in _MATRICES if (found := _matrix(path, prefix, state, name)) is not None), None)
    if own is None:
        beside = f"{prefix}.vectors.npy"
        raise ModelError(
            f"{path} has no vectors in it. gensim keeps large arrays in files beside it ({beside}): put them there."
        )
    if own.shape[0] != len(words):
        raise ModelError(f"{path} is damaged: it has {len(own):,} vectors for {len(words):,} words.")
    dimension = require_dimension(path, own.shape[1])
    subwords = _subwords(path, prefix, state, dimension)
    whole = any(_has(path, prefix, state, name) for name in ("vectors", "syn0"))
    blocks = _blocks(words, own, _counts(path, state, words), None if whole else subwords)
    ngrams = None
    if subwords is not None:
        parameters, rows = subwords
        ngrams = ({"min_n": parameters.min_n, "max_n": parameters.max_n, "buckets": parameters.buckets}, rows)
    return Source(dimension, blocks, rows=len(words), subwords=ngrams)


def _subwords(
    path: Path, prefix: str, state: Mapping[str, Any], dimension: int
) -> tuple[NgramParameters, npt.NDArray[Any]] | None:
    """The n-grams of fastText's vectors, where they were saved as gensim 4 does."""
    lengths = [state.get(name) for name in ("min_n", "max_n", "bucket")]
    if "vectors_ngrams" not in state or not all(type(length) is int and length > 0 for length in lengths):
        return None
    rows = _matrix(path, prefix, state, "vectors_ngrams")
    if rows is None:
        raise ModelError(f"{path} lacks its file {prefix}.vectors_ngrams.npy beside it. Put it there.")
    min_n, max_n, buckets = (int(length) for length in lengths if length is not None)
    require_ngrams(path, min_n, max_n)
    if rows.shape != (buckets, dimension):
        raise ModelError(f"{path} is damaged: its n-grams are {rows.shape[0]:,} × {rows.shape[1]:,}, not {buckets:,}.")
    return NgramParameters(min_n, max_n, buckets), rows


def _has(path: Path, prefix: str, state: Mapping[str, Any], name: str) -> bool:
    return state.get(name) is not None or path.with_name(f"{prefix}.{name}.npy").is_file()


def _matrix(path: Path, prefix: str, state: Mapping[str, Any], name: str) -> npt.NDArray[Any] | None:
    """The matrix ``name`` [rows, columns] of floats in the pickle, or in the file that gensim put beside it."""
    if state.get(name) is not None:
        matrix = array_of(state[name])
        if matrix is None or matrix.ndim != 2 or matrix.dtype.kind != "f":
            raise ModelError(f"{path} is damaged: its '{name}' is no matrix of numbers.")
        return matrix
    beside = path.with_name(f"{prefix}.{name}.npy")
    if not beside.is_file():
        return None
    with reading(beside):
        try:
            matrix = np.lib.format.open_memmap(beside, mode="r")
        except (ValueError, OverflowError, TypeError, SyntaxError, RecursionError, MemoryError, KeyError) as error:
            raise ModelError(f"{beside} is cut off or damaged: {str(error)[:200]}. Get it again.") from error
    if matrix.ndim != 2 or matrix.dtype.kind != "f":
        raise ModelError(f"{beside} is damaged: it holds {matrix.dtype} {list(matrix.shape)}, not a matrix of numbers.")
    plain: npt.NDArray[Any] = matrix.view(np.ndarray)
    return plain


def _counts(path: Path, state: Mapping[str, Any], words: Sequence[str]) -> list[int] | None:
    """How often each word was counted, where that was saved: in ``expandos`` by gensim 4, in ``vocab`` before."""
    expandos, vocab = state.get("expandos"), state.get("vocab")
    counts: Any = None
    if isinstance(expandos, dict) and "count" in expandos:
        array = array_of(expandos["count"])
        counts = None if array is None else array.tolist()
    elif isinstance(vocab, dict) and vocab:
        entries = [vocab.get(word) for word in words]
        states = [entry.state if isinstance(entry, Made) and isinstance(entry.state, dict) else {} for entry in entries]
        counts = [entry.get("count") for entry in states]
    if counts is None or all(count is None for count in counts):
        return None
    if len(counts) != len(words) or not all(type(count) is int and count >= 0 for count in counts):
        raise ModelError(f"{path} is damaged: its counts are not those of its words.")
    return list(counts)


def write_keyed_vectors(model: Model, path: Path, count: int) -> None:
    """gensim's KeyedVectors, with the counts where they are known; large ones get files beside ``path``."""
    KeyedVectors = need("gensim.models", "formats", "Writing gensim's files").KeyedVectors  # noqa: N806
    vectors = KeyedVectors(model.dimension)
    vectors.add_vectors(list(islice(model.vocabulary, count)), _whole(model, count))
    if model.counts[:count].any():  # one by one, since add_vectors fails on its own extras (gensim 4.4.0)
        for word, number in zip(vectors.index_to_key, model.counts.tolist(), strict=False):
            vectors.set_vecattr(word, "count", number)
    vectors.save(str(path))


def _blocks(
    words: list[str],
    own: npt.NDArray[Any],
    counts: list[int] | None,
    subwords: tuple[NgramParameters, npt.NDArray[Any]] | None,
) -> Iterator[Block]:
    size = rows_per_block(own.shape[1]) // (1 if subwords is None else 32) or 1
    for start in range(0, len(words), size):
        some = slice(start, min(start + size, len(words)))
        vectors = own[some]
        if subwords is not None:
            written = [word.encode("utf-8", "surrogatepass") for word in words[some]]
            vectors = means_with_ngrams(vectors, written, subwords[1], subwords[0])
        places = range(some.start + 1, some.stop + 1)
        yield Block(words[some], vectors, places, None if counts is None else counts[some])


def _whole(model: Model, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.concatenate([vectors for _, vectors in blocks_of(model, count)])
