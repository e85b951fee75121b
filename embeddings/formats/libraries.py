"""Vectors as other libraries keep them: gensim's KeyedVectors, safetensors, model2vec folders, Parquet."""

import json
import pickle
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import ModelError
from embeddings.formats.sources import Block, Faults, Source, reading, rows_per_block
from embeddings.formats.text import blocks_of
from embeddings.models import Model

_EMBEDDING_NAMES = ("embeddings", "embedding.weight", "vectors")
_PAD, _UNKNOWN = "[PAD]", "[UNK]"


def read_keyed_vectors(path: Path, _faults: Faults) -> Source:
    """gensim's KeyedVectors, alone or within a model that was saved: a pickle, opened only once that was allowed."""
    from gensim.models import KeyedVectors
    from gensim.models.fasttext import FastTextKeyedVectors

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
    from gensim.models import KeyedVectors

    vectors = KeyedVectors(model.dimension)
    vectors.add_vectors(list(islice(model.vocabulary, count)), _whole(model, count))
    if model.counts[:count].any():  # one by one, since add_vectors fails on its own extras (gensim 4.4.0)
        for word, number in zip(vectors.index_to_key, model.counts.tolist(), strict=False):
            vectors.set_vecattr(word, "count", number)
    vectors.save(str(path))


def read_safetensors(path: Path, _faults: Faults) -> Source:
    """One tensor [words, dimension]; the words as JSON in its metadata, or a word a line in vocab.txt beside it."""
    words, metadata = None, _metadata(path)
    if "vocabulary" in metadata:
        words = json.loads(metadata["vocabulary"])
    for beside in (path.with_suffix(".txt"), path.with_name("vocab.txt")):
        if words is None and beside.exists():
            words = _lines(beside)
    if words is None:
        raise ModelError(
            f"{path} has no words: they are looked for in its metadata ('vocabulary', a JSON list) and, a word a "
            f"line, in {path.stem}.txt or vocab.txt beside it."
        )
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ModelError(f"{path} is damaged: its vocabulary is not a list of words.")
    return _read_tensor(path, words)


def write_safetensors(model: Model, path: Path, count: int) -> None:
    """The tensor ``embeddings`` and the words as JSON in the metadata's ``vocabulary``."""
    from safetensors.numpy import save_file

    words = json.dumps(list(islice(model.vocabulary, count)), ensure_ascii=False)
    save_file({"embeddings": _whole(model, count)}, path, metadata={"vocabulary": words})


def read_model2vec(path: Path, _faults: Faults) -> Source:
    """A folder of model2vec (or of a StaticEmbedding): the rows of model.safetensors by the ids of tokenizer.json."""
    tokenizer, tensors = path / "tokenizer.json", path / "model.safetensors"
    with reading(tokenizer):
        text = tokenizer.read_text(encoding="utf-8")
    try:
        vocabulary = json.loads(text)["model"]["vocab"]
        if isinstance(vocabulary, dict):
            words = sorted(vocabulary, key=lambda word: int(vocabulary[word]))
            ids = [vocabulary[word] for word in words]
        else:
            words = [piece for piece, _ in vocabulary]
            ids = list(range(len(words)))
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{tokenizer} is damaged, or no tokenizer with a vocabulary: {error!r}.") from error
    if ids != list(range(len(words))):
        raise ModelError(f"{tokenizer} is damaged: the ids of its tokens are not 0 to {len(words) - 1:,}.")
    return _read_tensor(tensors, words)


def write_model2vec(model: Model, path: Path, count: int) -> None:
    """A folder that model2vec's StaticModel opens: every word of the vocabulary is one token, found by white space."""
    from safetensors.numpy import save_file

    words = list(islice(model.vocabulary, count))
    if clash := {_PAD, _UNKNOWN} & set(words):
        raise ModelError(f"The word {min(clash)!r} has a meaning of its own in a tokenizer. Choose safetensors.")
    path.mkdir()
    rows = np.concatenate([np.zeros((2, model.dimension), np.float32), _whole(model, count)])
    save_file({"embeddings": rows}, path / "model.safetensors")
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


def read_parquet(path: Path, faults: Faults) -> Source:
    """A column of words (the first of text) and one of lists of numbers, or a column of numbers a dimension."""
    import pyarrow
    import pyarrow.parquet
    from pyarrow import types

    with reading(path):
        try:
            file = pyarrow.parquet.ParquetFile(path)
        except pyarrow.ArrowException as error:
            raise ModelError(f"{path} cannot be read as Parquet: {error}") from error
    schema = file.schema_arrow
    texts = [entry.name for entry in schema if types.is_string(entry.type) or types.is_large_string(entry.type)]
    lists = [entry.name for entry in schema if types.is_fixed_size_list(entry.type) or types.is_list(entry.type)]
    numbers = [entry.name for entry in schema if types.is_floating(entry.type)]
    columns = lists[:1] or numbers
    if not texts or not columns:
        raise ModelError(
            f"{path} needs a column of words and one of lists of numbers (or one of numbers for each dimension); "
            f"it has {', '.join(f'{entry.name} ({entry.type})' for entry in schema)}."
        )
    dimension = len(numbers) if not lists else _list_length(file, columns[0], path)
    counted = "count" in schema.names and types.is_integer(schema.field("count").type)
    wanted = [texts[0], *columns, *(["count"] if counted else [])]
    blocks = _read_batches(path, file, wanted, dimension, faults)
    return Source(dimension, blocks, rows=file.metadata.num_rows)


def _list_length(file: Any, column: str, path: Path) -> int:
    for batch in file.iter_batches(batch_size=1, columns=[column]):
        first = batch.column(0)[0].as_py()
        if first:
            return len(first)
    raise ModelError(f"{path} has no numbers in its column '{column}'.")


def _read_batches(path: Path, file: Any, columns: list[str], dimension: int, faults: Faults) -> Iterator[Block]:
    import pyarrow

    start = 1
    size = rows_per_block(dimension)
    try:
        for batch in file.iter_batches(batch_size=size, columns=columns):
            words, *rest = (batch.column(name) for name in columns)
            counts = rest.pop().to_pylist() if columns[-1] == "count" else None
            if pyarrow.types.is_floating(rest[0].type):
                rows = np.stack([column.to_numpy(zero_copy_only=False) for column in rest], axis=1)
                lines = list(rows.astype(np.float32, copy=False))
            else:
                lines = [np.asarray([] if row is None else row, np.float32) for row in rest[0].to_pylist()]
            kept = []
            for place, (word, line) in enumerate(zip(words.to_pylist(), lines, strict=True)):
                if word is None or line.shape != (dimension,):
                    what = (
                        "there is no word." if word is None else f"'{word}' has {len(line)} numbers, not {dimension}."
                    )
                    faults.skip_row(f"row {start + place:,}", what)
                else:
                    kept.append(place)
            every = words.to_pylist()
            vectors = np.stack([lines[place] for place in kept]) if kept else np.empty((0, dimension), np.float32)
            yield Block(
                [every[place] for place in kept],
                vectors,
                [start + place for place in kept],
                None if counts is None else [counts[place] or 0 for place in kept],
            )
            start += len(lines)
    except (pyarrow.ArrowException, OSError) as error:
        raise ModelError(f"{path} is cut off or damaged: {error}") from error


def write_parquet(model: Model, path: Path, count: int) -> None:
    """Columns ``word``, ``vector`` (a list of 32-bit floats) and ``count`` (0 where unknown)."""
    import pyarrow
    import pyarrow.parquet

    vector = pyarrow.list_(pyarrow.float32(), model.dimension)
    schema = pyarrow.schema([("word", pyarrow.string()), ("vector", vector), ("count", pyarrow.int64())])
    start = 0
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for words, vectors in blocks_of(model, count):
            lists = pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), model.dimension)
            counts = model.counts[start : start + len(words)].astype(np.int64)
            writer.write_table(pyarrow.table([words, lists, counts], schema=schema))
            start += len(words)


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    with reading(path):
        try:
            with safe_open(path, framework="numpy") as file:
                return file.metadata() or {}
        except SafetensorError as error:
            raise ModelError(f"{path} is cut off or damaged: {error}. Get it again.") from error


def _read_tensor(path: Path, words: list[str]) -> Source:
    from safetensors import SafetensorError, safe_open

    with reading(path):
        try:
            with safe_open(path, framework="numpy") as file:
                shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
                matrices = [name for name, shape in shapes.items() if len(shape) == 2]
                named = [name for name in _EMBEDDING_NAMES if name in matrices] or matrices
                if len(named) == 0 or (len(matrices) > 1 and named[0] not in _EMBEDDING_NAMES):
                    raise ModelError(
                        f"{path} has no tensor called {', '.join(_EMBEDDING_NAMES)}, nor one matrix alone."
                    )
                mapping = file.get_tensor("mapping") if "mapping" in shapes else None
                weights = file.get_tensor("weights") if "weights" in shapes else None
        except SafetensorError as error:
            raise ModelError(f"{path} is cut off or damaged: {error}. Get it again.") from error
    rows, dimension = shapes[named[0]]
    number = rows if mapping is None else len(mapping)
    if number != len(words):
        raise ModelError(f"{path} has {number:,} rows, and there are {len(words):,} words for them.")
    return Source(dimension, _tensor_blocks(path, named[0], words, dimension, mapping, weights), rows=number)


def _tensor_blocks(
    path: Path, name: str, words: list[str], dimension: int, mapping: Any, weights: Any
) -> Iterator[Block]:
    from safetensors import safe_open

    with reading(path), safe_open(path, framework="numpy") as file:
        tensor = file.get_tensor(name) if mapping is not None else file.get_slice(name)
        size = rows_per_block(dimension)
        for start in range(0, len(words), size):
            some = slice(start, min(start + size, len(words)))
            try:
                rows = tensor[some] if mapping is None else tensor[mapping[some]]
            except TypeError as error:
                raise ModelError(f"{path} holds a kind of number that numpy has not: {error}") from error
            vectors = rows.astype(np.float32, copy=False)
            if weights is not None:
                vectors = vectors * weights[some, None].astype(np.float32)
            yield Block(words[some], vectors, range(some.start + 1, some.stop + 1))


def _sliced(words: list[str], vectors: Any, counts: list[int] | None) -> Iterator[Block]:
    size = rows_per_block(vectors.shape[1])
    for start in range(0, len(words), size):
        some = slice(start, min(start + size, len(words)))
        places = range(some.start + 1, some.stop + 1)
        yield Block(words[some], vectors[some], places, None if counts is None else counts[some])


def _whole(model: Model, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.concatenate([vectors for _, vectors in blocks_of(model, count)])


def _lines(path: Path) -> list[str]:
    with reading(path):
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        except UnicodeDecodeError as error:
            raise ModelError(f"{path} is not UTF-8: {error}.") from error
