"""gensim's KeyedVectors, which are Python pickles: opened only where that was allowed."""

import pickle
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.extras import need
from embeddings.formats.sources import Block, Faults, Source, rows_per_block
from embeddings.formats.text import blocks_of
from embeddings.models import Model


def read_keyed_vectors(path: Path, _faults: Faults) -> Source:
    """gensim's KeyedVectors, alone or within a model that was saved: a pickle, opened only once that was allowed."""
    KeyedVectors = need("gensim.models", "formats", "Reading gensim's files").KeyedVectors  # noqa: N806
    FastTextKeyedVectors = need("gensim.models.fasttext", "formats", "gensim").FastTextKeyedVectors  # noqa: N806
    try:
        saved = KeyedVectors.load(str(path), mmap="r")
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"{path} cannot be opened as gensim's KeyedVectors: {error!r}.") from error
    except OSError as error:
        beside = f"{path.name}.vectors.npy"
        raise ModelError(
            f"{path} cannot be read: {error}. gensim keeps large arrays in files beside it ({beside}): put them there."
        ) from error
    vectors = getattr(saved, "wv", saved)
    if not isinstance(vectors, KeyedVectors):
        raise ModelError(f"{path} holds a {type(saved).__name__}, and not gensim's KeyedVectors.")
    subwords = None
    if isinstance(vectors, FastTextKeyedVectors) and vectors.bucket > 0:
        ngrams = {"min_n": int(vectors.min_n), "max_n": int(vectors.max_n), "buckets": int(vectors.bucket)}
        subwords = (ngrams, vectors.vectors_ngrams)
    counts = vectors.expandos.get("count")
    words = [str(word) for word in vectors.index_to_key]
    blocks = _sliced(words, vectors.vectors, None if counts is None else counts.tolist())
    return Source(vectors.vector_size, blocks, rows=len(words), subwords=subwords)


def write_keyed_vectors(model: Model, path: Path, count: int) -> None:
    """gensim's KeyedVectors, with the counts where they are known; large ones get files beside ``path``."""
    KeyedVectors = need("gensim.models", "formats", "Writing gensim's files").KeyedVectors  # noqa: N806
    vectors = KeyedVectors(model.dimension)
    vectors.add_vectors(list(islice(model.vocabulary, count)), _whole(model, count))
    if model.counts[:count].any():  # one by one, since add_vectors fails on its own extras (gensim 4.4.0)
        for word, number in zip(vectors.index_to_key, model.counts.tolist(), strict=False):
            vectors.set_vecattr(word, "count", number)
    vectors.save(str(path))


def _sliced(words: list[str], vectors: Any, counts: list[int] | None) -> Iterator[Block]:
    size = rows_per_block(vectors.shape[1])
    for start in range(0, len(words), size):
        some = slice(start, min(start + size, len(words)))
        places = range(some.start + 1, some.stop + 1)
        yield Block(words[some], vectors[some], places, None if counts is None else counts[some])


def _whole(model: Model, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.concatenate([vectors for _, vectors in blocks_of(model, count)])
