"""Writing a model folder: row by row beside its place, and then into it in one step."""

import ctypes
import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.index import INDEX_FILE, IndexParameters, IndexReport, build_index
from embeddings.model import (
    COUNTS_FILE,
    FORMAT_VERSION,
    MANIFEST_FILE,
    MAP_FILE,
    NORMS_FILE,
    VECTORS_FILE,
    Card,
    Manifest,
    Progress,
    file_sum,
    no_progress,
    open_model,
)
from embeddings.vocabulary import open_array, save_vocabulary

if TYPE_CHECKING:
    from filelock import BaseFileLock

TRAINING_SUFFIX = ".training"
"""Of the folder beside a model that is being trained: no model, though it stands among them."""


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
        self.folder = _partial(self.path)
        """Where the files are until `finish`; a caller may add subwords.npy."""
        self.words: list[str] = []
        self._expected_bytes = expected_rows * (dimension * 4 + 64)
        self._norms: list[npt.NDArray[np.float32]] = []
        self._counts: list[npt.NDArray[np.uint64]] = []

    def __enter__(self) -> Self:
        if self.path.exists() and not self.overwrite:
            raise ModelError(f"{self.path} exists already. Choose another name, or ask to overwrite it.")
        if self.path.exists() and not (self.path / MANIFEST_FILE).exists():
            raise ModelError(f"{self.path} is not a model, so it is not overwritten. Choose another name.")
        self._lock = lock_place(self.path)
        try:
            with writing(self.path):
                _empty(self.folder)
                self._require_space()
                self._rows_file: BinaryIO = (self.folder / VECTORS_FILE).open("wb")
                self._write_header()
        except ModelError:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported, and what was not written is not wanted any more
            self._rows_file.close()
        self._leave()

    def _leave(self) -> None:
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
        lengths = np.where(norms > 0, norms, 1)[:, None]
        single = np.float32 if vectors.dtype == np.float32 and norms.max(initial=0) < 1e38 else np.float64
        rows = np.divide(vectors, lengths.astype(single), dtype=single).astype(np.float32, copy=False)
        with writing(self.path):
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
        with writing(self.path):
            progress("writing", 0, len(stages))
            self._write_header()
            self._rows_file.close()
            np.save(self.folder / NORMS_FILE, np.concatenate(self._norms), allow_pickle=False)
            np.save(self.folder / COUNTS_FILE, np.concatenate(self._counts), allow_pickle=False)
            shape = (len(self.words), self.dimension)
            vectors = open_array(self.folder / VECTORS_FILE, np.float32, shape)
            with ThreadPoolExecutor(1) as beside:  # Python's work, beside that of FAISS
                progress("vocabulary", 1, len(stages))
                vocabulary = beside.submit(save_vocabulary, self.words, self.folder)
                progress("index", 2, len(stages))
                report = build_index(vectors, index or IndexParameters(), self.folder / INDEX_FILE)
                vocabulary.result()
            progress("checksums", 3, len(stages))
            manifest = _complete(self.folder, self.path, self.dimension, len(self.words), card, report)
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


def rebuild_index(path: Path, parameters: IndexParameters, progress: Progress = no_progress) -> Manifest:
    """Give the model at ``path`` another search index; everything else stays as it is. Raises `ModelError`."""
    path = path.absolute()
    model = open_model(path)
    folder = _partial(path)
    lock = lock_place(path)
    try:
        with writing(path):
            _empty(folder)
            for name in model.manifest.files:
                if name != INDEX_FILE:
                    _link(path / name, folder / name)
            progress("index", 0, 1)
            report = build_index(model.vectors, parameters, folder / INDEX_FILE)
            beside = [path / MAP_FILE] if (path / MAP_FILE).exists() else []  # of the vectors, which stay
            manifest = _complete(folder, path, model.dimension, len(model), model.manifest.card, report, beside=beside)
            progress("done", 1, 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
    return manifest


def lock_place(
    path: Path, taken: str = "Another process is writing {path}. Wait for it, or stop it."
) -> "BaseFileLock":
    """Hold a place against other processes. Raises `ModelError` if one is there (``taken``), or it is read-only."""
    from filelock import FileLock, Timeout

    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file = path.with_name(f".{path.name}.lock")
        lock_file.touch()  # FileLock would wait for a place that cannot be written to
        lock = FileLock(lock_file)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise ModelError(taken.format(path=path)) from error
    return lock


@contextmanager
def alone(path: Path, progress: Progress = no_progress) -> Iterator[None]:
    """Prepare what is to be at ``path`` while no other process does; others wait. Raises `ModelError`."""
    from filelock import FileLock, Timeout

    lock_file = path.with_name(f".{path.name}.preparing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock_file.touch()  # FileLock would wait for ever for a place that cannot be written to
    except OSError as error:
        raise ModelError(
            f"{path} cannot be prepared: {error.strerror}. Set THISPLUSTHAT_HOME to a folder that can be written to."
        ) from error
    lock = FileLock(lock_file)
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        progress("waiting for another process", 0, 1)
        held = lock.acquire()
    with held:
        yield


def _partial(path: Path) -> Path:
    """Where the model that is to be at ``path`` is written."""
    return path.with_name(f".{path.name}.partial")


def _empty(folder: Path) -> None:
    """Make ``folder`` anew. The lock is held, so what stands here was left by a process that was killed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _complete(
    folder: Path,
    path: Path,
    dimension: int,
    count: int,
    card: Card,
    index: IndexReport,
    *,
    beside: Sequence[Path] = (),
) -> Manifest:
    """Write the manifest of the files in ``folder``, see to it that all is on the disk, and put it at ``path``.

    Files ``beside`` come along without being listed.
    """
    files = {name: file_sum(folder / name) for name in sorted(file.name for file in folder.iterdir())}
    manifest = Manifest(FORMAT_VERSION, dimension, count, card, index, files)
    text = json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    for file in beside:
        _link(file, folder / file.name)
    sync_folder(folder)
    put_in_place(folder, path)
    return manifest


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)  # a file system without links


def sync_folder(folder: Path) -> None:
    """See to it that the files of ``folder`` are on the disk."""
    for file in folder.iterdir():
        _sync(file)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(folder: Path, path: Path) -> None:
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
def writing(path: Path) -> Iterator[None]:
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
