"""Other people's vector files ↔ models: one table of formats, and the treatment of bad rows.

Rows are read in blocks and written straight into the new model, so the matrix is never in memory twice.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import (
    carry_over,
    lock_place,
    place_of,
    put_in_place,
    save_array,
    sync_folder,
    work_folder,
    writing,
)
from embeddings.formats.binary import read_word2vec_binary, write_word2vec_binary
from embeddings.formats.detection import Beginning, format_inside
from embeddings.formats.fasttext import is_fasttext_binary, read_fasttext_binary
from embeddings.formats.keyed_vectors import is_pickle, read_keyed_vectors, write_keyed_vectors
from embeddings.formats.parquet import is_parquet, read_parquet, write_parquet
from embeddings.formats.safetensors import (
    is_safetensors,
    read_model2vec,
    read_safetensors,
    write_model2vec,
    write_safetensors,
)
from embeddings.formats.sources import LONGEST_WORD, Block, Faults, Source, decode, finite_rows, reading
from embeddings.formats.text import (
    read_glove_text,
    read_word2vec_text,
    write_glove_text,
    write_projector,
    write_word2vec_text,
)
from embeddings.models import SUBWORDS_FILE, Card, Model, ModelWriter
from embeddings.progress import Progress, no_progress
from embeddings.search import IndexParameters

_MODEL2VEC_FILES = ("config.json", "model.safetensors", "tokenizer.json")
_MOST_DUPLICATES, _MOST_REPEATED = 1_000_000, 10
"""A file with more repeated words than this, and this many for each word, is taken for an attack."""

Reader = Callable[[Path, Faults], Source]
Writer = Callable[[Model, Path, int], None]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format of vectors. ``suffixes`` select it for export; import looks inside the file."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    read: Reader | None
    write: Writer | None
    begins: Beginning | None = None
    """Knows a file of it by its first bytes and its size. Formats of lines are told apart in `detection`."""


FORMATS = {
    entry.name: entry
    for entry in (
        Format("word2vec", "word2vec text", (".txt", ".txt.gz"), read_word2vec_text, write_word2vec_text),
        Format("word2vec-binary", "word2vec binary", (".bin", ".bin.gz"), read_word2vec_binary, write_word2vec_binary),
        Format("glove", "GloVe text", (".glove.txt", ".glove", ".glove.txt.gz"), read_glove_text, write_glove_text),
        Format("fasttext", "fastText text", (".vec", ".vec.gz"), read_word2vec_text, write_word2vec_text),
        Format("fasttext-binary", "fastText model with n-grams", (), read_fasttext_binary, None, is_fasttext_binary),
        Format("gensim", "gensim KeyedVectors", (".kv",), read_keyed_vectors, write_keyed_vectors, is_pickle),
        Format("safetensors", "safetensors", (".safetensors",), read_safetensors, write_safetensors, is_safetensors),
        Format("model2vec", "model2vec folder", (".model2vec",), read_model2vec, write_model2vec),
        Format("parquet", "Parquet", (".parquet",), read_parquet, write_parquet, is_parquet),
        Format("projector", "TensorFlow Projector tables", (".tsv",), None, write_projector),
    )
}


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import."""

    path: Path
    """The folder of the new model."""
    format: str
    words: int
    dimension: int
    duplicates: int
    """Rows left out because their word came before. The first one is kept, which is the most frequent in sorted files.
    """
    zero_rows: int
    """Rows of zeros, which are kept: the word is known, and a query with it says that it points nowhere."""
    skipped: int
    """Rows left out because they were bad."""
    faults: tuple[str, ...]
    """The first faults."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. Fields with a help are options of ``thisplusthat import``."""

    format: str | None = field(
        default=None, metadata={"help": "Its format, where looking inside is not enough.", "metavar": "FORMAT"}
    )
    skip_faults: bool = False
    """Leave out bad rows, and count them."""
    trust_pickle: bool = field(default=False, metadata={"help": "Needless: pickles are read as data, and never run."})
    overwrite: bool = field(default=False, metadata={"help": "Replace an existing model of this name."})
    index: IndexParameters | None = None


def import_file(
    path: Path,
    destination: Path,
    card: Card,
    options: ImportOptions | None = None,
    progress: Progress = no_progress,
) -> ImportReport:
    """Turn a file of vectors into a model folder at ``destination``, named by ``card``.

    A bad row (too few numbers, not UTF-8, not finite) stops the import and nothing is written, unless
    `ImportOptions.skip_faults` leaves such rows out and counts them. Raises `ModelError`.
    """
    options = options or ImportOptions()
    if not path.exists():
        raise ModelError(f"{path} does not exist.")
    chosen = detect_format(path) if options.format is None else named_format(options.format)
    if chosen.read is None:
        raise ModelError(f"{chosen.title} can be exported to, but not imported.")
    faults = Faults(path, skip=options.skip_faults)
    source = chosen.read(path, faults)
    counts = _Counts()
    with ModelWriter(
        destination, source.dimension, overwrite=options.overwrite, expected_rows=source.rows or 0
    ) as writer:
        seen: set[str] = set()
        for block in source.blocks:
            progress("reading", block.places[-1] if block.places else 0, source.rows or 0)
            _append(writer, block, source.unit, seen, faults, counts)
        if not writer.words:
            raise ModelError(f"{path} holds not one word that can be used. {' '.join(faults.messages)}".strip())
        subwords = None
        if source.subwords is not None:
            subwords, vectors = source.subwords
            with reading(path):
                save_array(writer.folder / SUBWORDS_FILE, np.asarray(vectors, np.float32))
        parameters = card.parameters or {**source.parameters, "imported_from": path.name, "format": chosen.name}
        method = source.method if card.method == "unknown" else card.method
        manifest = writer.finish(
            replace(card, method=method, parameters=parameters, subwords=subwords), options.index, progress
        )
    return ImportReport(
        destination,
        chosen.name,
        manifest.count,
        manifest.dimension,
        counts.duplicates,
        counts.zero_rows,
        faults.skipped,
        tuple(faults.messages),
    )


@dataclass(slots=True)
class _Counts:
    duplicates: int = 0
    zero_rows: int = 0


def _append(writer: ModelWriter, block: Block, unit: str, seen: set[str], faults: Faults, counts: _Counts) -> None:
    """Write the rows of ``block`` that can be used and whose words were not ``seen``."""
    finite = finite_rows(block.vectors)
    kept = []
    for row, (word, place) in enumerate(zip(block.words, block.places, strict=True)):
        if not finite[row]:
            what = f"the vector of '{word[:100]}' holds a value that is not a finite number."
            faults.skip_row(f"{unit} {place:,}", what)
        elif len(word) > LONGEST_WORD:
            faults.skip_row(f"{unit} {place:,}", f"{len(word):,} letters cannot be a word.")
        elif not word or "\0" in word or decode(word.encode("utf-8", "surrogatepass")) is None:
            faults.skip_row(f"{unit} {place:,}", f"{word!r} cannot be a word: it is empty, or no text.")
        elif "\r" in word.strip("\r"):
            what = f"{word[:100]!r} cannot be a word: it holds the end of a line, as old Macs wrote it."
            faults.skip_row(f"{unit} {place:,}", what)
        elif word in seen:
            counts.duplicates += 1
            if counts.duplicates > _MOST_DUPLICATES and counts.duplicates > _MOST_REPEATED * len(seen):
                raise ModelError(
                    f"{faults.path}, {unit} {place:,}: the same words come again and again. It is no list."
                )
        else:
            seen.add(word)
            kept.append(row)
    every = len(kept) == len(block.words)
    vectors = block.vectors if every else block.vectors[kept]
    counts.zero_rows += int((~vectors.any(axis=1)).sum())
    words = block.words if every else [block.words[row] for row in kept]
    of_words = block.counts if every or block.counts is None else [block.counts[row] for row in kept]
    writer.append(words, vectors, of_words)


def export_model(
    model: Model,
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    overwrite: bool = False,
    restrict: int | None = None,
) -> Format:
    """Write ``model`` (or its ``restrict`` most frequent words) to ``path``, with the lengths that its rows had.

    The format is that of the path's suffix unless given. Raises `ModelError`; nothing half-written is left.
    """
    chosen = format_of_suffix(path) if format is None else named_format(format)
    if chosen.write is None:
        raise ModelError(f"{chosen.title} can be imported, but not exported to.")
    path = place_of(path)
    with lock_place(path, make_parents=False):
        if os.path.lexists(path):
            _require_replaceable(path, chosen, overwrite=overwrite)
        with work_folder(path) as work, writing(path):
            # Some formats come in several files, all named after the first.
            beside = work / "files"
            beside.mkdir()
            chosen.write(model, beside / path.name, min(len(model), restrict or len(model)))
            names = sorted(file.name for file in beside.iterdir())
            others = [path.with_name(name) for name in names if name != path.name]
            if there := [str(other) for other in others if os.path.lexists(other) and not overwrite]:
                raise ModelError(f"{', '.join(there)} exists already. Choose another name, or add --overwrite.")
            if path.is_dir():
                carry_over(path, beside / path.name, _MODEL2VEC_FILES)
            sync_folder(beside)
            for other in (*others, path):  # the one that is asked for last
                put_in_place(beside / other.name, other)
    return chosen


def _require_replaceable(path: Path, chosen: Format, *, overwrite: bool) -> None:
    """Raise `ModelError` if something at ``path`` must not be replaced."""
    if not overwrite:
        raise ModelError(f"{path} exists already. Choose another name, or add --overwrite.")
    if path.is_dir() != (chosen.name == "model2vec"):
        raise ModelError(f"{path} is a {'folder' if path.is_dir() else 'file'}, so it is not overwritten.")
    if path.is_dir() and os.listdir(path) and not all((path / name).is_file() for name in _MODEL2VEC_FILES):
        raise ModelError(f"{path} is a folder, but not model2vec's, so it is not overwritten. Choose another name.")


def named_format(name: str) -> Format:
    """The format called ``name``. Raises `ModelError` that lists all."""
    if name not in FORMATS:
        raise ModelError(f"There is no format '{name}'. There are: {', '.join(FORMATS)}.")
    return FORMATS[name]


def format_of_suffix(path: Path) -> Format:
    """The format to write a file of this name in; the longest suffix that fits decides. Raises `ModelError`."""
    fitting = [
        (len(suffix), entry.name)
        for entry in FORMATS.values()
        for suffix in entry.suffixes
        if path.name.endswith(suffix)
    ]
    if not fitting:
        known = ", ".join(f"{entry.suffixes[0]} ({entry.title})" for entry in FORMATS.values() if entry.suffixes)
        raise ModelError(f"'{path.name}' does not say in which format. End it in one of: {known}; or add --format.")
    return FORMATS[max(fitting)[1]]


def detect_format(path: Path) -> Format:
    """The format of a file, by its content. Raises `ModelError` if it is none of them."""
    name = format_inside(path, {entry.name: entry.begins for entry in FORMATS.values() if entry.begins})
    if name is None:
        titles = ", ".join(entry.title for entry in FORMATS.values() if entry.read)
        raise ModelError(f"{path} is in none of the formats that can be imported: {titles}.")
    return FORMATS[name]
