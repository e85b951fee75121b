"""A model on disk: a folder with a manifest, unit rows, a vocabulary and a search index.

A folder is written beside its place and exchanged for what stood there in one step, and it is read through memory
maps: opening takes milliseconds whatever the size, and many processes share one copy.
"""

import ctypes
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from embeddings import vocabulary
from embeddings.errors import ModelError
from embeddings.index import INDEX_FILE, Index, IndexParameters, IndexReport, Matrix, build_index, open_index
from embeddings.vocabulary import Vocabulary, open_array, open_vocabulary, save_vocabulary

FORMAT_VERSION = 1
MANIFEST_FILE = "model.json"
VECTORS_FILE = "vectors.npy"
NORMS_FILE = "norms.npy"
COUNTS_FILE = "counts.npy"
SUBWORDS_FILE = "subwords.npy"

Progress = Callable[[str, int, int], None]
"""Called with the name of a stage, how much of it is done and how much there is."""


def no_progress(stage: str, done: int, total: int) -> None:
    """The `Progress` that shows nothing."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a model says of itself: where it comes from and how it was made."""

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


@dataclass(frozen=True, slots=True)
class FileSum:
    """The length in bytes and the SHA-256 of one file of a model."""

    bytes: int
    sha256: str


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
        """Raises KeyError or TypeError where ``content`` does not have the form of a manifest."""
        index = dict(content["index"])
        index["parameters"] = IndexParameters(**index["parameters"])
        return cls(
            format_version=int(content["format_version"]),
            dimension=int(content["dimension"]),
            count=int(content["count"]),
            card=Card(**{name: content[name] for name in Card.__dataclass_fields__}),
            index=IndexReport(**index),
            files={name: FileSum(**of_file) for name, of_file in content["files"].items()},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _OpenFiles:
    vectors: Matrix
    norms: npt.NDArray[np.float32]
    counts: npt.NDArray[np.uint64]
    vocabulary: Vocabulary
    subwords: Matrix | None


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

    @cached_property
    def index(self) -> Index:
        """The search index, opened when the first search needs it."""
        return open_index(self.vectors, self.manifest.index, self.folder / INDEX_FILE)


class ModelWriter:
    """Writes a model row by row, so that the matrix never has to be in memory; nothing is seen before `finish`.

        with ModelWriter(Path("news"), dimension=300) as writer:
            writer.append(words, vectors)
            writer.finish(Card("news"))

    Leaving the block without `finish` removes everything that was written.
    """

    def __init__(self, path: Path, dimension: int, *, overwrite: bool = False, expected_rows: int = 0) -> None:
        """``expected_rows``, where known, lets a disk that is too small be noticed at once.

        Raises `ModelError` if ``path`` exists (unless ``overwrite``), cannot be written, or is being written.
        """
        self.path = path.absolute()
        self.dimension = dimension
        self.overwrite = overwrite
        self.words: list[str] = []
        self._expected_bytes = expected_rows * (dimension * 4 + 64)
        self._norms: list[npt.NDArray[np.float32]] = []
        self._counts: list[npt.NDArray[np.uint64]] = []

    @property
    def folder(self) -> Path:
        """Where the files are until `finish`; a caller may add subwords.npy."""
        return self.path.with_name(f".{self.path.name}.partial")

    def __enter__(self) -> Self:
        from filelock import FileLock, Timeout

        if self.path.exists() and not self.overwrite:
            raise ModelError(f"{self.path} exists already. Choose another name, or ask to overwrite it.")
        if self.path.exists() and not (self.path / MANIFEST_FILE).exists():
            raise ModelError(f"{self.path} is not a model, so it is not overwritten. Choose another name.")
        with _writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._require_space()
            lock_file = self.path.with_name(f".{self.path.name}.lock")
            lock_file.touch()  # FileLock would wait for a place that cannot be written to
            self._lock = FileLock(lock_file)
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise ModelError(f"Another process is writing {self.path}. Wait for it, or stop it.") from error
            # With the lock held, what stands here was left by a process that was killed.
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            self._rows_file: BinaryIO = (self.folder / VECTORS_FILE).open("wb")
            self._write_header()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported, and what was not written is not wanted any more
            self._rows_file.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()

    def append(self, words: Sequence[str], vectors: npt.NDArray[Any], counts: Sequence[int] | None = None) -> None:
        """Add ``words`` and their ``vectors`` [n, dimension] of any length. Raises `ModelError` for a value that is
        not a number and for words and vectors that do not match.
        """
        if vectors.shape != (len(words), self.dimension):
            raise ModelError(
                f"{len(words):,} words of {self.dimension} dimensions came with vectors of shape {vectors.shape}."
            )
        # In 64 bits, since the squares of large 32-bit values overflow.
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        if not np.isfinite(norms).all():
            bad = int(np.flatnonzero(~np.isfinite(norms))[0])
            raise ModelError(f"The vector of '{words[bad]}' holds a value that is not a finite number.")
        rows = (vectors / np.where(norms > 0, norms, 1)[:, None]).astype(np.float32)
        with _writing(self.path):
            self._rows_file.write(np.ascontiguousarray(rows).data)
        self.words.extend(words)
        self._norms.append(np.minimum(norms, np.finfo(np.float32).max).astype(np.float32))
        self._counts.append(np.asarray(counts if counts is not None else np.zeros(len(words)), np.uint64))

    def finish(
        self,
        card: Card,
        index: IndexParameters | None = None,
        progress: Progress = no_progress,
    ) -> Manifest:
        """Build the vocabulary and the index and put the model in its place, in one step."""
        if not self.words:
            raise ModelError(f"There is not one word to write to {self.path}.")
        stages = ("writing", "vocabulary", "index", "checksums")
        with _writing(self.path):
            progress("writing", 0, len(stages))
            self._write_header()
            self._rows_file.close()
            np.save(self.folder / NORMS_FILE, np.concatenate(self._norms), allow_pickle=False)
            np.save(self.folder / COUNTS_FILE, np.concatenate(self._counts), allow_pickle=False)
            progress("vocabulary", 1, len(stages))
            save_vocabulary(self.words, self.folder)
            progress("index", 2, len(stages))
            shape = (len(self.words), self.dimension)
            vectors = open_array(self.folder / VECTORS_FILE, np.float32, shape)
            report = build_index(vectors, index or IndexParameters(), self.folder / INDEX_FILE)
            progress("checksums", 3, len(stages))
            names = sorted(file.name for file in self.folder.iterdir())
            files = {name: _sum(self.folder / name) for name in names}
            manifest = Manifest(FORMAT_VERSION, self.dimension, len(self.words), card, report, files)
            text = json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False) + "\n"
            (self.folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
            for file in self.folder.iterdir():
                _sync(file)
            _sync(self.folder)
            _put_in_place(self.folder, self.path)
            progress("done", len(stages), len(stages))
        return manifest

    def _write_header(self) -> None:
        # numpy pads this header so that an array can grow along its first axis and the header be written again.
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(self.words), self.dimension)}
        self._rows_file.seek(0)
        np.lib.format.write_array_header_1_0(self._rows_file, header)

    def _require_space(self) -> None:
        free = shutil.disk_usage(self.path.parent).free
        if free < self._expected_bytes:
            needed = f"about {self._expected_bytes / 1e6:,.0f} MB"
            raise ModelError(f"{self.path} needs {needed} and its disk has {free / 1e6:,.0f} MB left.")


def save_model(
    path: Path,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    card: Card,
    *,
    counts: Sequence[int] | None = None,
    index: IndexParameters | None = None,
    overwrite: bool = False,
) -> None:
    """Write ``words`` and ``vectors`` [count, dimension], most frequent first, as a model folder at ``path``."""
    with ModelWriter(path, vectors.shape[1], overwrite=overwrite) as writer:
        writer.append(words, vectors, counts)
        writer.finish(card, index)


def open_model(folder: Path) -> Model:
    """Open a model folder by memory map. Raises `ModelError` naming the file that is missing, short or damaged.

    Lengths are compared here, since that is quick; `verify_model` compares the checksums as well.
    """
    while True:
        before = _identity(folder)
        try:
            model = _open(folder)
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
        if _sum(folder / name).sha256 != expected.sha256:
            raise ModelError(f"{folder / name} is damaged: its SHA-256 is not the one in {MANIFEST_FILE}.")
    _open(folder)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read model.json and compare the files' lengths with it. Raises `ModelError`."""
    path = folder / MANIFEST_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content["format_version"]
        if version > FORMAT_VERSION:
            raise ModelError(
                f"{path} has format version {version}, and this program reads up to {FORMAT_VERSION}. Update it."
            )
        manifest = Manifest.from_dict(content)
    except FileNotFoundError as error:
        raise ModelError(f"{folder} is not a model: it has no {MANIFEST_FILE}.") from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged: {error!r}.") from error
    for name, expected in manifest.files.items():
        with _reading(folder / name):
            length = (folder / name).stat().st_size
        if length != expected.bytes:
            raise ModelError(f"{folder / name} has {length:,} bytes where {MANIFEST_FILE} says {expected.bytes:,}.")
    return manifest


def _open(folder: Path) -> Model:
    manifest = read_manifest(folder)
    shape = (manifest.count, manifest.dimension)
    required = {VECTORS_FILE, NORMS_FILE, COUNTS_FILE, *vocabulary.FILES}
    if missing := sorted(required - manifest.files.keys()):
        raise ModelError(f"{folder / MANIFEST_FILE} does not list {missing[0]}.")
    subwords = manifest.card.subwords
    files = _OpenFiles(
        vectors=open_array(folder / VECTORS_FILE, np.float32, shape),
        norms=open_array(folder / NORMS_FILE, np.float32, shape[:1]),
        counts=open_array(folder / COUNTS_FILE, np.uint64, shape[:1]),
        vocabulary=open_vocabulary(folder, manifest.count),
        subwords=None
        if subwords is None
        else open_array(folder / SUBWORDS_FILE, np.float32, (subwords["buckets"], manifest.dimension)),
    )
    return Model(folder, manifest, files)


def _identity(folder: Path) -> int | None:
    with suppress(FileNotFoundError):
        return folder.stat().st_ino
    return None


def _sum(path: Path) -> FileSum:
    with _reading(path), path.open("rb") as file:
        return FileSum(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(folder: Path, path: Path) -> None:
    """Rename ``folder`` to ``path``; what stood there is exchanged for it in one step and then removed."""
    if not path.exists():
        folder.rename(path)
    elif _exchange(folder, path):
        shutil.rmtree(folder)
    else:
        old = path.with_name(f".{path.name}.old")
        path.rename(old)
        folder.rename(path)
        shutil.rmtree(old)
    _sync(path.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders atomically where the system can (Linux: renameat2 with RENAME_EXCHANGE)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    at_cwd, exchange = -100, 2
    return bool(rename(at_cwd, os.fsencode(one), at_cwd, os.fsencode(other), exchange) == 0)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn what the system says of a failed write into a `ModelError` that tells what to do."""
    remedies = {
        errno.ENOSPC: "The disk is full. Free some space, or choose a folder on another disk.",
        errno.EDQUOT: "Your share of the disk is used up. Free some space, or choose a folder on another disk.",
        errno.EFBIG: "The file grew larger than this system allows.",
        errno.EROFS: "The disk is read-only. Choose another folder.",
        errno.EACCES: "You have no permission to write there. Choose another folder.",
        errno.EPERM: "You have no permission to write there. Choose another folder.",
    }
    try:
        yield
    except OSError as error:
        remedy = remedies.get(error.errno or 0, f"{error.strerror or error}.")
        raise ModelError(f"{path} cannot be written. {remedy}") from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}.") from error
