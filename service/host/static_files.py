"""Files for browsers: their names change with their content, so browsers keep them, and each is compressed once."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flask import Response, request
from werkzeug.exceptions import NotFound

from service.host.compression import gzip, is_worth_it, takes_gzip

_YEAR = 365 * 24 * 3600
_HASHED = re.compile(r"(?P<stem>.+)\.(?P<version>[0-9a-f]{12})(?P<suffix>\.\w+)")
_IMPORT = re.compile(rb'(?<=from ")\./([\w./-]+)(?=")')
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".txt": "text/plain"}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    """In gzip, at the best compression; None if that is not worth it."""
    version: str
    """What changes whenever the content does."""
    content_type: str


class StaticFiles:
    """Files by name. A script imports the scripts beside it by their hashed names."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths
        self._files: dict[str, _File] = {}

    @classmethod
    def of_folder(cls, folder: Path) -> "StaticFiles":
        """All files below ``folder``."""
        return cls({path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()})

    def prepare(self) -> None:
        """Read and compress all files before processes are forked."""
        for name in self._paths:
            self._file(name)

    def hashed_name(self, name: str) -> str:
        """``page.css`` → ``page.0123456789ab.css``. Raises KeyError."""
        path = PurePosixPath(name)
        return str(path.with_name(f"{path.stem}.{self._file(name).version}{path.suffix}"))

    def send(self, name: str) -> Response:
        """A file. Browsers keep it for a year under its current name, and ask again under others. Raises NotFound."""
        hashed = _HASHED.fullmatch(name)
        plain = f"{hashed['stem']}{hashed['suffix']}" if hashed and name not in self._paths else name
        if plain not in self._paths:
            raise NotFound
        file = self._file(plain)
        packed = file.packed if takes_gzip(request.headers.get("Accept-Encoding", "")) else None
        response = Response(packed or file.content, content_type=file.content_type)
        if file.packed is not None:
            response.vary.add("Accept-Encoding")
        if packed is not None:
            response.headers["Content-Encoding"] = "gzip"
        response.set_etag(file.version if packed is None else f"{file.version}-gzip")
        if hashed and hashed["version"] == file.version:
            response.cache_control.max_age = _YEAR
            response.cache_control.public = response.cache_control.immutable = True
        else:
            response.cache_control.no_cache = True
        response.make_conditional(request)
        return response

    def _file(self, name: str) -> _File:
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> _File:
        path = self._paths[name]
        content = path.read_bytes()
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        if path.suffix == ".js":
            beside = PurePosixPath(name).parent

            def by_version(found: re.Match[bytes]) -> bytes:
                wanted = str(beside / found[1].decode())
                if wanted not in self._paths:
                    return found[0]
                return f"./{PurePosixPath(self.hashed_name(wanted)).relative_to(beside)}".encode()

            content = _IMPORT.sub(by_version, content)
        kind += "; charset=utf-8" if kind.startswith("text/") else ""
        packed = gzip(content, best=True) if is_worth_it(kind, len(content)) else None
        return _File(content, packed, hashlib.sha256(content).hexdigest()[:12], kind)
