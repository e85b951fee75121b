"""A name → a model folder on disk: those that come with the package, models of gensim-data, and the user's own."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings.answers import LocalModel
from embeddings.catalogue.bundled import BUNDLED, DEFAULT_MODEL, prepare_bundled, renew_index
from embeddings.catalogue.remote import copy_place, fetch, is_url
from embeddings.errors import ModelError
from embeddings.files import is_old_training, is_work_folder
from embeddings.models import Card, Manifest, WordVectors, open_as, read_manifest
from embeddings.progress import Progress, no_progress

if TYPE_CHECKING:
    from logging import Logger

    from embeddings.formats import ImportReport

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Listing:
    """A model of the user's folder: its manifest, or the problem that keeps it from being opened."""

    name: str
    path: Path
    manifest: Manifest | None = None
    problem: str | None = None


def home() -> Path:
    """The folder for all that is kept between runs: ``THISPLUSTHAT_HOME``, or the user's cache folder."""
    if chosen := os.environ.get("THISPLUSTHAT_HOME"):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("thisplusthat", appauthor=False)


def model_path(name: str) -> Path:
    """Where the model called ``name`` is or would be. Raises `ModelError` for what cannot be a name."""
    if not _NAME.fullmatch(name):
        raise ModelError(
            f"'{name}' cannot be the name of a model: letters, digits, '.', '_' and '-' can be in it, up to 100."
        )
    return home() / "models" / name


def model_place(model: str) -> Path:
    """Where the model is or would be that ``model`` names or, having a ``/`` in it, gives the folder of."""
    if is_url(model):
        raise ModelError(
            f"Models are written to folders of this machine, and {model} is none. Copy it there afterwards."
        )
    return Path(model).expanduser() if _is_path(model) else model_path(model)


def require_own(model: str, change: str) -> None:
    """Raises `ModelError` if ``model`` is at a URL or is a copy of one, whose files ``change`` would alter."""
    if is_in_milvus(model):
        raise ModelError(f"{model} is in Milvus, so its index cannot be {change} here. Milvus keeps its own.")
    copies = home() / "remote"
    kept = _is_path(model) and not is_url(model) and copies.resolve() in Path(model).expanduser().resolve().parents
    if is_url(model) or kept:
        service = " A service's models are changed on the machine that it runs on." if model.startswith("http") else ""
        what = "at a URL, and only a copy of it is kept here" if is_url(model) else "the copy of a model at a URL"
        raise ModelError(
            f"{model} is {what}, which is as its source is, so its index cannot be {change} here. Copy its folder to "
            f"one of your own, change that, and put it to where it came from.{service}"
        )


def _is_path(model: str) -> bool:
    return os.sep in model or bool(os.altsep and os.altsep in model)


def load_word_vectors(model: str | Path = DEFAULT_MODEL, progress: Progress = no_progress) -> WordVectors:
    """Open a model like `load_model`, or in Milvus if its address is given. Raises `ModelError`."""
    if is_in_milvus(model):
        from embeddings.milvus import open_milvus

        return open_milvus(str(model))
    return load_model(model, progress)


def is_in_milvus(model: str | Path) -> bool:
    """Whether ``model`` is the address of one in Milvus."""
    return str(model).startswith("milvus:")


def load_model(model: str | Path = DEFAULT_MODEL, progress: Progress = no_progress) -> LocalModel:
    """Open a model by its name, by its folder if a path is given (anything with a ``/``), or by its URL.

    One that comes with a package is unpacked at its first use, which takes seconds; one at a URL is fetched at its
    first use, and `renew` fetches it again where it has changed. Raises `ModelError`.
    """
    if is_in_milvus(model):
        raise ModelError(f"{model} is in Milvus, and this needs the folder of a model.")
    if isinstance(model, str) and is_url(model):
        return _load_copy(model, progress)
    if isinstance(model, Path) or _is_path(model):
        return open_as(LocalModel, Path(model).expanduser())
    path = model_path(model)
    if model in BUNDLED and not path.exists():
        prepare_bundled(model, path, progress)
    if not path.exists():
        raise ModelError(_unknown(model))
    if model in BUNDLED:
        renew_index(path, progress)
    try:
        return open_as(LocalModel, path)
    except ModelError as error:
        if model in BUNDLED:
            raise ModelError(f"{error} Delete the folder {path}, and the next query prepares it anew.") from error
        raise


def renew(model: str, progress: Progress = no_progress) -> bool:
    """Bring the copy of a model at a URL up to date, which is nothing for others; gives whether it has changed.

    Raises `ModelError`, and then the copy is as it was.
    """
    return is_url(model) and fetch(model, copy_place(model, home() / "remote"), progress)


def has_copy(model: str) -> bool:
    """Whether ``model`` is at a URL and was fetched before."""
    return is_url(model) and copy_place(model, home() / "remote").exists()


def _load_copy(url: str, progress: Progress) -> LocalModel:
    place = copy_place(url, home() / "remote")
    if not place.exists():
        fetch(url, place, progress)
    try:
        return open_as(LocalModel, place)
    except ModelError as error:
        raise ModelError(f"{error} Delete the folder {place}, and it is fetched anew.") from error


def list_models() -> list[Listing]:
    """All models of the user's folder by name, damaged ones with what is wrong with them; trainings are none."""
    folder = home() / "models"
    listings = []
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        if path.is_dir() and _NAME.fullmatch(path.name) and not (is_work_folder(path) or is_old_training(path)):
            try:
                listings.append(Listing(path.name, path, manifest=read_manifest(path)))
            except ModelError as error:
                listings.append(Listing(path.name, path, problem=str(error)))
    return listings


def pull(name: str, *, overwrite: bool = False, progress: Progress = no_progress) -> "ImportReport":
    """Download a model from gensim-data with gensim's downloader, which keeps the file in its own folder, and import
    it.

    Raises `ModelError`.
    """
    from gensim import downloader

    from embeddings.formats import ImportOptions, import_file

    path = model_path(name)
    if path.exists() and not overwrite:
        raise ModelError(f"There is a model '{name}' already. To get it again, add --overwrite.")
    progress("asking gensim-data", 0, 0)
    with _quiet(downloader.logger), redirect_stdout(sys.stderr):
        try:
            models = downloader.info()["models"]
            if name not in models:
                raise ModelError(f"gensim-data has no model '{name}'. It has: {', '.join(sorted(models))}.")
            progress("downloading", 0, 0)
            file = Path(downloader.load(name, return_path=True))
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(f"gensim-data's '{name}' cannot be downloaded: {error}. Try again when online.") from error
    if not file.exists():
        raise ModelError(f"{file.parent} lacks {file.name}. Delete that folder and pull '{name}' again.")
    about = models[name]
    card = Card(
        name,
        parameters={**about.get("parameters", {}), "source": "gensim-data", "file": file.name},
        corpus=str(about.get("base_dataset", "unknown")),
        licence=str(about.get("license", "unknown")),
    )
    return import_file(file, path, card, ImportOptions(overwrite=overwrite), progress=progress)


@contextmanager
def _quiet(logger: "Logger") -> Iterator[None]:
    """Keep gensim from printing a traceback for each attempt without a network: what matters is in our own error."""
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _unknown(name: str) -> str:
    have = sorted({*BUNDLED, *(listing.name for listing in list_models())})
    hint = f" A folder is meant by its path: ./{name}." if Path(name).is_dir() else ""
    return f"There is no model '{name}'. There are: {', '.join(have)}. Others come by 'import' and 'pull'.{hint}"
