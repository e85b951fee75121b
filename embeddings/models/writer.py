"""Writing a model folder: row by row beside its place, then moved into place in one step."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import (
    FileSum,
    Lock,
    carry_over,
    file_sum,
    is_work_folder,
    link,
    lock_place,
    made_by_program,
    open_array,
    place_of,
    put_in_place,
    save_array,
    sync_folder,
    work_folder,
    writing,
)
from embeddings.models.model import (
    COUNTS_FILE,
    FORMAT_VERSION,
    MANIFEST_FILE,
    MAP_FILE,
    NORMS_FILE,
    SUBWORDS_FILE,
    VECTORS_FILE,
    Card,
    Manifest,
    read_manifest,
)
from embeddings.models.vocabulary import FILES as VOCABULARY_FILES
from embeddings.models.vocabulary import WORDS_FILE, save_vocabulary
from embeddings.progress import Progress, no_progress
from embeddings.search import INDEX_FILES, IndexParameters, IndexReport, build_index


class ModelWriter:
    """Writes a model row by row, so that the matrix never has to be in memory. Readers see nothing before `finish`.

        with ModelWriter(Path("news"), dimension=300) as writer:
            writer.append(words, vectors)
            writer.finish(Card("news"))

    Leaving the block without `finish` removes everything that was written.
    """

    def __init__(
        self,
        path: Path,
        dimension: int,
        *,
        overwrite: bool = False,
        expected_rows: int = 0,
        lock: Lock | None = None,
    ) -> None:
        """``expected_rows``, if known, reveals a full disk at once. ``lock`` is that of
        ``path``, where the caller holds it already.

        Raises `ModelError` if ``path`` exists (unless ``overwrite``), cannot be written, or is being written.
        """
        self.path = place_of(path)
        self.dimension = dimension
        self.overwrite = overwrite
        self.folder = self.path
        """Where the files are until `finish`; a caller may add subwords.npy."""
        self.words: list[str] = []
        self._expected_bytes = expected_rows * (dimension * 4 + 64)
        self._lock = lock
        self._held = ExitStack()
        self._norms: list[npt.NDArray[np.float32]] = []
        self._counts: list[npt.NDArray[np.uint64]] = []

    def __enter__(self) -> Self:
        with ExitStack() as held:
            if self._lock is None:
                held.enter_context(lock_place(self.path))
            require_free(self.path, overwrite=self.overwrite)
            self.folder = held.enter_context(work_folder(self.path)) / "model"
            with writing(self.path):
                self.folder.mkdir()
                self._require_space()
                self._rows_file: BinaryIO = held.enter_context((self.folder / VECTORS_FILE).open("wb"))
                self._write_header()
            self._held = held.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported, and what was not written is not wanted any more
            self._rows_file.close()
        self._held.close()

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
        *,
        measured: IndexReport | None = None,
    ) -> Manifest:
        """Build the vocabulary and the index and put the model in its place, in one step.

        An index ``measured`` on the same vectors before is built in the same way.
        """
        if not self.words:
            raise ModelError(f"There are no words to write to {self.path}.")
        stages = ("writing", "vocabulary", "index", "checksums")
        with writing(self.path):
            progress("writing", 0, len(stages))
            self._write_header()
            self._rows_file.close()
            save_array(self.folder / NORMS_FILE, np.concatenate(self._norms))
            save_array(self.folder / COUNTS_FILE, np.concatenate(self._counts))
            shape = (len(self.words), self.dimension)
            vectors = open_array(self.folder / VECTORS_FILE, np.float32, shape)
            with ThreadPoolExecutor(1) as beside:  # what one processor does, beside the index
                progress("vocabulary", 1, len(stages))
                vocabulary = beside.submit(save_vocabulary, self.words, self.folder)
                vectors_sum = beside.submit(file_sum, self.folder / VECTORS_FILE)
                progress("index", 2, len(stages))
                report = build_index(vectors, index or IndexParameters(), self.folder, measured)
                vocabulary.result()
            progress("checksums", 3, len(stages))
            manifest = Manifest(FORMAT_VERSION, self.dimension, len(self.words), card, report, {})
            manifest = _complete(self.folder, self.path, manifest, known={VECTORS_FILE: vectors_sum.result()})
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


def require_free(path: Path, *, overwrite: bool) -> None:
    """Raise `ModelError` if something is at ``path``, unless it is a model that may be overwritten. Hold its lock."""
    if not os.path.lexists(path):
        return
    if not overwrite:
        raise ModelError(f"{path} exists already. Choose another name, or ask to overwrite it.")
    if is_work_folder(path) or not made_by_program(path):
        raise ModelError(f"{path} is not a model, so it is not overwritten. Choose another name.")


def save_model(
    path: Path,
    words: Sequence[str],
    vectors: npt.NDArray[Any],
    card: Card,
    *,
    counts: Sequence[int] | None = None,
    index: IndexParameters | None = None,
) -> None:
    """Write ``words`` and ``vectors`` [count, dimension], most frequent first, as a new model folder at ``path``."""
    with ModelWriter(path, vectors.shape[1]) as writer:
        writer.append(words, vectors, counts)
        writer.finish(card, index)


def rebuild_index(
    path: Path,
    parameters: IndexParameters,
    progress: Progress = no_progress,
    lock: Lock | None = None,
    measured: IndexReport | None = None,
) -> Manifest:
    """Give the model at ``path`` another search index; nothing else changes. ``lock`` is that of ``path``,
    where the caller holds it already. An index ``measured`` on the same vectors before is built in the same way.
    Raises `ModelError`.
    """
    path = place_of(path)
    with ExitStack() as held:
        if lock is None:
            held.enter_context(lock_place(path))
        before = read_manifest(path)
        vectors = open_array(path / VECTORS_FILE, np.float32, (before.count, before.dimension))
        folder = held.enter_context(work_folder(path)) / "model"
        with writing(path):
            folder.mkdir()
            for name in before.files:
                if name not in INDEX_FILES:
                    link(path / name, folder / name)
            progress("index", 0, 1)
            report = build_index(vectors, parameters, folder, measured)
            beside = [path / MAP_FILE] if (path / MAP_FILE).exists() else []  # of the vectors, which stay
            manifest = _complete(folder, path, replace(before, index=report), beside)
            progress("done", 1, 1)
    return manifest


def _complete(
    folder: Path,
    path: Path,
    manifest: Manifest,
    beside: Sequence[Path] = (),
    known: Mapping[str, FileSum] = MappingProxyType({}),
) -> Manifest:
    """Write ``manifest`` with the files in ``folder``, see to it that all is on the disk, and put it at ``path``.

    Files ``beside`` come along without being listed, and so does what a user has put into the model that stands there.
    Checksums that are ``known`` are not computed again.
    """
    names = sorted(file.name for file in folder.iterdir())
    files = {name: known[name] if name in known else file_sum(folder / name) for name in names}
    manifest = replace(manifest, format_version=FORMAT_VERSION, files=files)
    text = json.dumps(manifest.as_dict(), indent=2, ensure_ascii=False) + "\n"
    (folder / MANIFEST_FILE).write_text(text, encoding="utf-8")
    for file in beside:
        link(file, folder / file.name)
    carry_over(path, folder, _own_files(path))
    sync_folder(folder)
    put_in_place(folder, path)
    return manifest


def _own_files(path: Path) -> set[str]:
    """The files of the model at ``path`` that the program wrote."""
    own = {
        MANIFEST_FILE,
        MAP_FILE,
        *INDEX_FILES,
        VECTORS_FILE,
        NORMS_FILE,
        COUNTS_FILE,
        SUBWORDS_FILE,
        *VOCABULARY_FILES,
        WORDS_FILE,
    }
    with suppress(ModelError):
        own |= read_manifest(path).files.keys()
    return own
