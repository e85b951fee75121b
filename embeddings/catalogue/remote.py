"""A model folder behind a URL (object storage, a web server): fetched once, compared with its checksums, kept.

Any URL that fsspec knows will do. The files are fetched to a folder beside the copy's place, one after the other, and
exchanged for what stood there in one step when all of them have the checksums of model.json: there is a whole copy or
none. What a process that was killed has fetched is taken up by the next one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from embeddings.errors import ModelError
from embeddings.files import (
    FileSum,
    end_fetching,
    fetching_folder,
    file_sum,
    lock_place,
    put_in_place,
    sync_folder,
    writing,
)
from embeddings.models import MANIFEST_FILE, MAP_FILE, MOST_MANIFEST_BYTES, Manifest, parse_manifest
from embeddings.progress import Progress, no_progress

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(::[a-z][a-z0-9+.-]+)*://", re.ASCII)
_CREDENTIALS = re.compile(r"://[^/@]*@")
_BLOCK_BYTES = 8 << 20
_SILENT_SECONDS = 60
"""Without a byte from a web server, after which the fetch fails."""


def is_url(model: str) -> bool:
    """Whether ``model`` names a folder by a URL: ``s3://bucket/news``. One in Milvus is no folder."""
    return bool(_URL.match(model)) and not model.startswith("milvus:")


def copy_place(url: str, folder: Path) -> Path:
    """Where in ``folder`` the copy of the model at ``url`` is or would be."""
    import hashlib

    last = re.sub(r"[^A-Za-z0-9._-]", "-", url.rstrip("/").rpartition("/")[2])[:60]
    return folder / f"{last}-{hashlib.sha256(url.rstrip('/').encode()).hexdigest()[:12]}"


def fetch(url: str, place: Path, progress: Progress = no_progress) -> bool:
    """Bring the copy at ``place`` to what is at ``url`` now; gives whether that was another model than the one there.

    Of several processes one fetches, and the others wait. Raises `ModelError`, and then ``place`` is as it was.
    """
    with lock_place(place, waiting=lambda: progress("waiting for another process", 0, 1)), _saying(url):
        files, root = _file_system(url)
        content = _read_manifest(files, f"{root}/{MANIFEST_FILE}")
        with suppress(FileNotFoundError):
            if (place / MANIFEST_FILE).read_bytes() == content:
                end_fetching(place)
                return False
        manifest = parse_manifest(content, f"{_shown(url)}/{MANIFEST_FILE}")
        _fetch_all(files, root, manifest, content, place, progress)
    return True


def _fetch_all(files: Any, root: str, manifest: Manifest, content: bytes, place: Path, progress: Progress) -> None:
    partial = fetching_folder(place) / "model"
    with writing(place):
        partial.mkdir(exist_ok=True)
        for file in partial.iterdir():
            if file.name not in manifest.files:
                file.unlink()
        total = sum(expected.bytes for expected in manifest.files.values())
        _require_space(partial, place, total)
    done = 0
    for name, expected in manifest.files.items():
        _fetch_file(files, f"{root}/{name}", partial / name, expected, _part(progress, name, done, total))
        done += expected.bytes
    if files.exists(f"{root}/{MAP_FILE}"):
        with writing(place), files.open(f"{root}/{MAP_FILE}", "rb", cache_type="none") as file:
            (partial / MAP_FILE).write_bytes(file.read(MOST_MANIFEST_BYTES))
    with writing(place):
        (partial / MANIFEST_FILE).write_bytes(content)
        sync_folder(partial)
        put_in_place(partial, place)
    end_fetching(place)


def _fetch_file(files: Any, source: str, target: Path, expected: FileSum, progress: Progress) -> None:
    """Fetch a file, going on where an earlier attempt ended. Raises `ModelError` if it is not what model.json says."""
    for _ in range(2):
        began = target.stat().st_size if target.exists() else 0
        if began < expected.bytes or not began:
            _append(files, source, target, expected.bytes, progress)
        length = target.stat().st_size
        if length < expected.bytes:
            raise ModelError(f"{target.name} ends after {length:,} of {expected.bytes:,} bytes.")
        if file_sum(target) == expected:
            return
        target.unlink()
        if not began:
            break
        # What an earlier attempt left may be of another version: once more, from its beginning.
    raise ModelError(f"{target.name} is damaged there: its SHA-256 is not the one in {MANIFEST_FILE}.")


def _append(files: Any, source: str, target: Path, expected: int, progress: Progress) -> None:
    with writing(target):
        local = target.open("ab")
    with local, files.open(source, "rb", block_size=_BLOCK_BYTES, cache_type="none") as remote:
        if done := local.tell():
            try:
                remote.seek(done)
            except ValueError:  # a web server that sends whole files only
                local.truncate(0)
                done = 0
        while block := remote.read(min(_BLOCK_BYTES, expected + 1 - done)):
            with writing(target):
                local.write(block)
                local.flush()
            done += len(block)
            progress(target.name, done, expected)
            if done > expected:
                break


def _part(progress: Progress, name: str, before: int, total: int) -> Progress:
    """The progress of one file as that of all, in bytes."""
    return lambda _stage, done, _total: progress(f"fetching {name}", before + done, total)


def _require_space(partial: Path, place: Path, total: int) -> None:
    from shutil import disk_usage

    there = sum(file.stat().st_size for file in partial.iterdir())
    free = disk_usage(partial).free
    if free < total - there:
        raise ModelError(f"{place} needs {(total - there) / 1e6:,.0f} MB more and its disk has {free / 1e6:,.0f} left.")


def _read_manifest(files: Any, path: str) -> bytes:
    with files.open(path, "rb", cache_type="none") as file:
        content: bytes = file.read(MOST_MANIFEST_BYTES)
    return content


def _file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system of ``url``, and the path of the model in it. Raises `ModelError`."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise ModelError("Models are fetched by fsspec. Run: pip install 'thisplusthat[remote]'") from error
    web = url.partition("://")[0].lower() in ("http", "https")
    if web and re.search(r"[?#]", url):
        raise ModelError("The address of a folder has no '?' and no '#': the names of its files are joined to it.")
    try:
        if web:
            # aiohttp would end every download after five minutes.
            from aiohttp import ClientTimeout

            patience = ClientTimeout(total=None, sock_connect=_SILENT_SECONDS, sock_read=_SILENT_SECONDS)
            options = {"client_kwargs": {"timeout": patience, "trust_env": True}}
        else:
            options = {}
        files, root = fsspec.core.url_to_fs(url.rstrip("/"), **options)
    except ImportError as error:
        raise ModelError(
            f"Its library is not installed: {error}. For http(s):// run: pip install 'thisplusthat[remote]'; "
            "for s3:// pip install s3fs; for gs:// pip install gcsfs."
        ) from error
    except ValueError as error:
        some = "file, http, https, s3, gs, abfs, hdfs, sftp, memory"
        raise ModelError(f"{error}. Among others, there are: {some}.") from error
    return files, root.rstrip("/")


def _shown(url: str) -> str:
    """The URL without a password."""
    return _CREDENTIALS.sub("://", url.rstrip("/"))


@contextmanager
def _saying(url: str) -> Iterator[None]:
    """Say of every failure which model it was, and what can be done."""
    begin = f"The model at {_shown(url)} cannot be fetched:"
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{begin} {error}") from error
    except Exception as error:  # each file system has errors of its own
        cause = error.__cause__ if isinstance(error, FileNotFoundError) else None
        if isinstance(error, FileNotFoundError) and (cause is None or getattr(cause, "status", 0) == 404):
            missing = str(error.filename or error).rpartition("/")[2]
            raise ModelError(f"{begin} {missing} is not there. Is it the folder of a model?") from error
        # Of a web server, fsspec says that a file is missing whatever it answers, and even if it does not.
        what = _CREDENTIALS.sub("://", str(cause or error)) or type(error).__name__
        raise ModelError(f"{begin} {what}. Try again when the place can be reached.") from error
