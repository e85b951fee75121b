"""Vectors in safetensors files: with their words in the metadata or beside them, and model2vec's folders."""

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.formats.headers import require_dimension
from embeddings.formats.sources import Block, Faults, Source, require_file, rows_per_block
from embeddings.formats.tensors import Tensor, read_tensors, require_kind, write_tensors
from embeddings.formats.text import blocks_of
from embeddings.formats.word_lists import WordList, parse_words, read_words, words_beside
from embeddings.models import Model

_EMBEDDING_NAMES = ("embeddings", "embedding.weight", "vectors")
_PAD, _UNKNOWN = "[PAD]", "[UNK]"


def is_safetensors(start: bytes, size: int) -> bool:
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size


def read_safetensors(path: Path, _faults: Faults) -> Source:
    """One tensor [words, dimension]; the words as JSON in its metadata, or in a file beside it."""
    tensors, metadata = read_tensors(path)
    words = parse_words(path, metadata["vocabulary"]) if "vocabulary" in metadata else words_beside(path)
    return _source(path, tensors, words)


def read_model2vec(path: Path, _faults: Faults) -> Source:
    """A folder of model2vec (or of a StaticEmbedding): the rows of model.safetensors by the ids of tokenizer.json.

    Rows whose id no token has are left out, and so are added tokens beyond the rows.
    """
    tokenizer, file = path / "tokenizer.json", path / "model.safetensors"
    require_file(tokenizer)
    tensors, _ = read_tensors(file)
    return _source(file, tensors, read_words(tokenizer), tokenizer)


def _source(path: Path, tensors: dict[str, Tensor], words: WordList, tokenizer: Path | None = None) -> Source:
    matrix = require_kind(_matrix(path, tensors), "FIUB")
    rows, dimension = matrix.shape
    require_dimension(path, dimension)
    mapping, weights = _vector(tensors, "mapping", "IU"), _vector(tensors, "weights", "FB")
    number = rows if mapping is None else len(mapping)
    if mapping is not None and len(mapping) and not (int(mapping.min()) >= 0 and int(mapping.max()) < rows):
        raise ModelError(f"{path} is damaged: its mapping points beyond its {rows:,} rows.")
    if weights is not None and len(weights) != number:
        raise ModelError(f"{path} is damaged: it has {len(weights):,} weights for {number:,} rows.")
    if tokenizer is None and words.gapless and len(words.words) != number:
        raise ModelError(f"{path} has {number:,} rows, and there are {len(words.words):,} words for them.")
    words = words.without_spare(number)
    if not words.words:
        raise ModelError(f"{path} has not one row with a word.")
    if words.rows[-1] >= number:
        raise ModelError(
            f"{tokenizer or path} does not fit: the ids of its tokens are not 0 to {number - 1:,}, the rows of "
            f"{path.name}; {words.words[-1][:40]!r} has {words.rows[-1]:,}."
        )
    return Source(dimension, _blocks(matrix, words, mapping, weights), rows=len(words.words))


def _matrix(path: Path, tensors: dict[str, Tensor]) -> Tensor:
    matrices = [name for name, tensor in tensors.items() if len(tensor.shape) == 2]
    named = [name for name in _EMBEDDING_NAMES if name in matrices] or matrices
    if not named or (len(matrices) > 1 and named[0] not in _EMBEDDING_NAMES):
        raise ModelError(f"{path} has no tensor called {', '.join(_EMBEDDING_NAMES)}, nor one matrix alone.")
    return tensors[named[0]]


def _vector(tensors: dict[str, Tensor], name: str, kinds: str) -> npt.NDArray[Any] | None:
    """The tensor ``name`` [n], or None if there is none."""
    if name not in tensors:
        return None
    tensor = require_kind(tensors[name], kinds)
    if len(tensor.shape) != 1:
        raise ModelError(f"{tensor.path} is damaged: its tensor '{name}' has {len(tensor.shape)} axes, not one.")
    return tensor.read()


def _blocks(
    matrix: Tensor, words: WordList, mapping: npt.NDArray[Any] | None, weights: npt.NDArray[Any] | None
) -> Iterator[Block]:
    size = rows_per_block(matrix.shape[1])
    for start in range(0, len(words.words), size):
        stop = min(start + size, len(words.words))
        rows: Any = slice(start, stop) if words.gapless else np.asarray(words.rows[start:stop])
        vectors = matrix.rows(rows if mapping is None else mapping[rows])
        vectors = _as_floats(vectors)
        if weights is not None:
            vectors = vectors * weights[rows, None].astype(np.float32)
        yield Block(words.words[start:stop], vectors, [row + 1 for row in words.rows[start:stop]])


def _as_floats(vectors: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore", invalid="ignore"):
        return vectors.astype(np.float32, copy=False)


def write_safetensors(model: Model, path: Path, count: int) -> None:
    """The tensor ``embeddings`` and the words as JSON in the metadata's ``vocabulary``."""
    words = json.dumps(list(islice(model.vocabulary, count)), ensure_ascii=False)
    rows = (vectors for _, vectors in blocks_of(model, count))
    write_tensors(path, {"embeddings": (count, model.dimension)}, {"vocabulary": words}, {"embeddings": rows})


def write_model2vec(model: Model, path: Path, count: int) -> None:
    """A folder that model2vec's StaticModel opens: every word of the vocabulary is one token, found by white space."""
    words = list(islice(model.vocabulary, count))
    if clash := {_PAD, _UNKNOWN} & set(words):
        raise ModelError(f"The word {min(clash)!r} has a meaning of its own in a tokenizer. Choose safetensors.")
    path.mkdir()
    special_rows = [np.zeros((2, model.dimension), np.float32)]
    rows = chain(special_rows, (vectors for _, vectors in blocks_of(model, count)))
    shapes = {"embeddings": (count + 2, model.dimension)}
    write_tensors(path / "model.safetensors", shapes, {}, {"embeddings": rows})
    vocabulary = {word: token for token, word in enumerate([_PAD, _UNKNOWN, *words])}
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": token, "content": name, **special} for token, name in enumerate([_PAD, _UNKNOWN])],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": _UNKNOWN},
    }
    (path / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    config = {"model_type": "model2vec", "normalize": False, "hidden_dim": model.dimension, "seq_length": 1_000_000}
    (path / "config.json").write_text(json.dumps(config, indent=4), encoding="utf-8")
