"""Writing a model folder: row by row beside its place, and then into it in one step."""

import json
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import file_sum, link, lock_place, make_empty, partial_of, put_in_place, sync_folder, writing
from embeddings.models.model import (
    COUNTS_FILE,
    FORMAT_VERSION,
    MANIFEST_FILE,
    MAP_FILE,
    NORMS_FILE,
    VECTORS_FILE,
    Card,
    Manifest,
    open_model,
)
from embeddings.models.vocabulary import open_array, save_vocabulary
from embeddings.progress import Progress, no_progress
from embeddings.search import INDEX_FILE, IndexParameters, IndexReport, build_index


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
        self.folder = partial_of(self.path)
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
                make_empty(self.folder)
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
    folder = partial_of(path)
    lock = lock_place(path)
    try:
        with writing(path):
            make_empty(folder)
            for name in model.manifest.files:
                if name != INDEX_FILE:
                    link(path / name, folder / name)
            progress("index", 0, 1)
            report = build_index(model.vectors, parameters, folder / INDEX_FILE)
            beside = [path / MAP_FILE] if (path / MAP_FILE).exists() else []  # of the vectors, which stay
            manifest = _complete(folder, path, model.dimension, len(model), model.manifest.card, report, beside=beside)
            progress("done", 1, 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()
    return manifest


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
        link(file, folder / file.name)
    sync_folder(folder)
    put_in_place(folder, path)
    return manifest
