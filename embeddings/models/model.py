"""A model on disk: a folder with a manifest, unit rows, a vocabulary and a search index.

A folder is written beside its place and exchanged for what stood there in one step, and it is read through memory
maps: opening takes milliseconds whatever the size, and many processes share one copy.
"""

import json
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import FileSum, file_sum, open_array, open_regular, reading_file
from embeddings.models import vocabulary
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, RowTexts, open_texts
from embeddings.models.subwords import LONGEST_NGRAM
from embeddings.models.vocabulary import Vocabulary, open_vocabulary
from embeddings.parameters import of_file
from embeddings.progress import Progress, no_progress
from embeddings.search import Index, IndexReport, Matrix, open_index

FORMAT_VERSION = 1
MANIFEST_FILE = "model.json"
VECTORS_FILE = "vectors.npy"
NORMS_FILE = "norms.npy"
COUNTS_FILE = "counts.npy"
SUBWORDS_FILE = "subwords.npy"
MAP_FILE = "map.json"
"""A map of the model's vectors: beside the model's own files, but not part of the model."""
MOST_MANIFEST_BYTES = 16 << 20
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Card:
    """What a model says about itself: where it comes from and how it was made."""

    name: str
    method: str = "unknown"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    corpus: str = "unknown"
    licence: str = "unknown"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    joiner: str = "_"
    """What joins the words of a phrase into one word of the vocabulary: ``united_states``."""
    subwords: Mapping[str, int] | None = None
    """``min_n``, ``max_n`` and ``buckets`` of the character n-grams whose vectors are in subwords.npy."""
    training: Mapping[str, Any] | None = None
    """How the model was trained, if it was trained here: corpus, stages, epochs, versions."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of model.json."""

    format_version: int
    dimension: int
    count: int
    card: Card
    index: IndexReport
    files: Mapping[str, FileSum]

    def as_dict(self) -> dict[str, Any]:
        """The manifest as JSON shows it: the card's entries stand at the top level."""
        content = asdict(self)
        card = content.pop("card")
        first = {"format_version": content.pop("format_version"), "name": card.pop("name")}
        size = {"dimension": content.pop("dimension"), "count": content.pop("count")}
        together: dict[str, Any] = first | size | card | content
        return together

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError where ``content`` does not have the form of a manifest."""
        manifest = of_file(
            cls,
            {name: content[name] for name in ("format_version", "dimension", "count")}
            | {
                "card": of_file(Card, {name: content[name] for name in Card.__dataclass_fields__ if name in content}),
                "index": IndexReport.from_dict(content["index"]),
                "files": {name: of_file(FileSum, summed) for name, summed in content["files"].items()},
            },
        )
        if min(manifest.dimension, manifest.count) < 1:
            raise ValueError("a model has words and dimensions")
        for name in manifest.files:
            if not _FILE_NAME.fullmatch(name) or name in (MANIFEST_FILE, MAP_FILE):
                raise ValueError(f"no model has a file {name[:40]!r}")
        _require_ngrams(manifest.card.subwords)
        return manifest


@dataclass(frozen=True, slots=True, eq=False)
class _OpenFiles:
    vectors: Matrix
    norms: npt.NDArray[np.float32]
    counts: npt.NDArray[np.uint64]
    vocabulary: Vocabulary
    subwords: Matrix | None
    index: Index
    display: RowTexts | None
    descriptions: RowTexts | None


class Model:
    """An opened model. Rows are unit vectors, most frequent word first; row number = frequency rank - 1."""

    def __init__(self, folder: Path, manifest: Manifest, files: _OpenFiles) -> None:
        self.folder = folder
        self.manifest = manifest
        self.vectors = files.vectors
        self.norms = files.norms
        self.counts = files.counts
        self.vocabulary = files.vocabulary
        self.subwords = files.subwords
        self.index = files.index
        self._display = files.display
        self._descriptions = files.descriptions

    @property
    def name(self) -> str:
        return self.manifest.card.name

    @property
    def dimension(self) -> int:
        return self.manifest.dimension

    def __len__(self) -> int:
        return self.manifest.count

    def __repr__(self) -> str:
        return f"<Model {self.name}: {len(self):,} words × {self.dimension}>"

    @property
    def place(self) -> str:
        return str(self.folder)

    def vectors_of(self, rows: npt.NDArray[np.int64] | Sequence[int]) -> Matrix:
        """The unit vectors of ``rows``, float32 [rows, dimension]."""
        vectors: Matrix = self.vectors.take(rows, axis=0)
        return vectors

    def count_of(self, row: int) -> int:
        """How often the word of a row occurs in the corpus; 0 if unknown."""
        return int(self.counts[row])

    def display(self, row: int) -> str | None:
        """The usual spelling of the word of a row, if it differs from the vocabulary's."""
        return self._display.of(row) if self._display else None

    def description(self, row: int) -> str | None:
        """What the word of a row is, in one line, if known."""
        return self._descriptions.of(row) if self._descriptions else None

    def displays(self, rows: Sequence[int]) -> Sequence[str | None]:
        """`display` of each of ``rows``."""
        return (None,) * len(rows) if self._display is None else self._display.of_each(rows)

    def descriptions(self, rows: Sequence[int]) -> Sequence[str | None]:
        """`description` of each of ``rows``."""
        return (None,) * len(rows) if self._descriptions is None else self._descriptions.of_each(rows)

    @property
    def texts(self) -> tuple[RowTexts | None, RowTexts | None, RowTexts | None]:
        """Words, displays and descriptions by row, for kernels."""
        return self.vocabulary.texts, self._display, self._descriptions

    @cached_property
    def total_count(self) -> int:
        """How often all words together occur in the corpus; 0 if unknown."""
        return int(self.counts.sum())

    def ngram_vectors(self, buckets: Sequence[int]) -> Matrix:
        """The vectors of character n-grams [buckets, dimension]; only of models whose card has ``subwords``."""
        assert self.subwords is not None
        vectors: Matrix = self.subwords[list(buckets)]
        return vectors

    def check(self) -> None:
        """Compare every file with its checksum. Raises `ModelError`."""
        verify_model(self.folder)


AnyModel = TypeVar("AnyModel", bound=Model)


def open_model(folder: Path) -> Model:
    """Open a model folder by memory map. Raises `ModelError` naming the file that is missing, short or damaged.

    Lengths are compared here, since that is quick; `verify_model` compares the checksums as well.
    """
    return open_as(Model, folder)


def open_as(kind: type[AnyModel], folder: Path) -> AnyModel:
    """Open a model folder as a subclass of `Model`; see `open_model`."""
    while True:
        before = _identity(folder)
        try:
            model = kind(folder, *_open(folder))
        except ModelError:
            if _identity(folder) == before:
                raise
        else:
            if _identity(folder) == before:
                return model
        # The folder was exchanged for a newer one while it was read: read that one.


def verify_model(folder: Path, progress: Progress = no_progress) -> Manifest:
    """Compare every file of a model with its checksum. Raises `ModelError` naming the first that differs."""
    manifest = read_manifest(folder)
    for position, (name, expected) in enumerate(manifest.files.items()):
        progress(name, position, len(manifest.files))
        if file_sum(folder / name).sha256 != expected.sha256:
            raise ModelError(f"{folder / name} is damaged: its SHA-256 is not the one in {MANIFEST_FILE}.")
    _open(folder)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read model.json and compare the files' lengths with it. Raises `ModelError`."""
    path = folder / MANIFEST_FILE
    with reading_file(path):
        if not path.exists():
            raise ModelError(f"{folder} is not a model: it has no {MANIFEST_FILE}.")
        with open_regular(path) as file:
            content = file.read(MOST_MANIFEST_BYTES)
    manifest = parse_manifest(content, str(path))
    for name, expected in manifest.files.items():
        with reading_file(folder / name):
            found = (folder / name).stat()
        if not stat.S_ISREG(found.st_mode):
            raise ModelError(f"{folder / name} is no file.")
        if found.st_size != expected.bytes:
            raise ModelError(
                f"{folder / name} has {found.st_size:,} bytes where {MANIFEST_FILE} says {expected.bytes:,}."
            )
    return manifest


def parse_manifest(content: bytes, place: str) -> Manifest:
    """The manifest that the bytes of a model.json hold; ``place`` is where they are from. Raises `ModelError`."""
    try:
        entries = json.loads(content)
        version = entries["format_version"]
        if version > FORMAT_VERSION:
            raise ModelError(
                f"{place} has format version {version}, and this program reads up to {FORMAT_VERSION}. Update it."
            )
        return Manifest.from_dict(entries)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{place} is damaged: {type(error).__name__}: {str(error)[:200]}.") from error


def _require_ngrams(subwords: Mapping[str, int] | None) -> None:
    """Raises KeyError or ValueError for n-grams that take for ever to find."""
    if subwords is not None:
        shortest, longest, buckets = (subwords[name] for name in ("min_n", "max_n", "buckets"))
        if not (shortest >= 0 and longest <= LONGEST_NGRAM and buckets > 0):
            raise ValueError(f"n-grams of {shortest} to {longest} characters in {buckets} buckets")


def _open(folder: Path) -> tuple[Manifest, _OpenFiles]:
    manifest = read_manifest(folder)
    shape = (manifest.count, manifest.dimension)
    required = {VECTORS_FILE, NORMS_FILE, COUNTS_FILE, *vocabulary.FILES}
    if missing := sorted(required - manifest.files.keys()):
        raise ModelError(f"{folder / MANIFEST_FILE} does not list {missing[0]}.")
    subwords = manifest.card.subwords

    def texts(name: str) -> RowTexts | None:
        return open_texts(folder / name, manifest.count) if name in manifest.files else None

    vectors = open_array(folder / VECTORS_FILE, np.float32, shape)
    files = _OpenFiles(
        vectors=vectors,
        norms=open_array(folder / NORMS_FILE, np.float32, shape[:1]),
        counts=open_array(folder / COUNTS_FILE, np.uint64, shape[:1]),
        vocabulary=open_vocabulary(folder, manifest.count, has_texts=vocabulary.WORDS_FILE in manifest.files),
        subwords=None
        if subwords is None
        else open_array(folder / SUBWORDS_FILE, np.float32, (subwords["buckets"], manifest.dimension)),
        index=open_index(vectors, manifest.index, folder, folder / VECTORS_FILE),
        display=texts(DISPLAY_FILE),
        descriptions=texts(DESCRIPTIONS_FILE),
    )
    return manifest, files


def _identity(folder: Path) -> int | None:
    with suppress(FileNotFoundError):
        return folder.stat().st_ino
    return None
