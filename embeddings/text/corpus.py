"""Training text from files, folders, archives, dumps, tables or a pipe. Faults that can be found early are reported
before anything is read: see `find_texts`.
"""

import codecs
import dataclasses
import io
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO, cast

from embeddings.errors import CorpusError, ModelError
from embeddings.files import DAMAGED, made_by_program, output_folder_of, unpacked
from embeddings.text.file_types import HEAD_BYTES, NotText, TextFormat, format_of_head, format_of_name
from embeddings.text.parquet import open_parquet

STANDARD_INPUT = "-"
NO_PARQUET_PIPE = "Parquet cannot be read from a pipe, since its table of contents is at its end. Name the file."


class OnError(StrEnum):
    STOP = "stop"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class CorpusParameters:
    """How files are read. Each field is an option of ``thisplusthat train``."""

    format: TextFormat = dataclasses.field(
        default=TextFormat.AUTO,
        metadata={"help": "What the files are; auto goes by their beginnings and names (.jsonl, .parquet, XML dumps)."},
    )
    field: str = dataclasses.field(
        default="text", metadata={"help": "Field of the objects in JSON lines that holds the text."}
    )
    column: str = dataclasses.field(default="text", metadata={"help": "Column of Parquet files that holds the text."})
    encoding: str = dataclasses.field(default="utf-8", metadata={"help": "Encoding of text files and of JSON lines."})
    strict: bool = dataclasses.field(
        default=False, metadata={"help": "Stop at bytes that are not of the encoding; otherwise they are counted."}
    )
    on_error: OnError = dataclasses.field(
        default=OnError.STOP,
        metadata={"help": "At a bad line, page or file: stop and name it, or skip it and count."},
    )

    def __post_init__(self) -> None:
        try:
            of_text = codecs.lookup(self.encoding)._is_text_encoding
            if of_text:
                codecs.getincrementaldecoder(self.encoding)("replace").decode(b"a")
        except (LookupError, ValueError):
            of_text = False
        if not of_text:
            raise CorpusError(
                f"There is no encoding '{self.encoding}'. --encoding is one of Python's, such as latin-1."
            )

    def format_of_name(self, name: str) -> TextFormat:
        """What a file is by its name, unless it was said."""
        return format_of_name(name, self.format)

    def format_of_head(self, name: str, kind: TextFormat, head: bytes) -> TextFormat:
        """What the file ``name`` is, ``kind`` by its name, now that its beginning is known. Raises `CorpusError`."""
        return format_of_head(name, kind, head, field=self.field, encoding=self.encoding)


@dataclass(frozen=True, slots=True)
class Text:
    """One file of a corpus, looked at but not read."""

    path: Path | str | None
    """None is the standard input; a string is the address of a file that Spark reads."""
    format: TextFormat
    bytes: int
    """As it lies there, packed; 0 where it is not known."""

    @property
    def name(self) -> str:
        return os.fsencode(self.path).decode("utf-8", "backslashreplace") if self.path else "standard input"


def find_texts(
    places: Sequence[str | Path], parameters: CorpusParameters, left_out: list[str] | None = None
) -> list[Text]:
    """The files that ``places`` name (files, folders, pipes, ``-``), each file opened and looked into.

    What is no text is left out of a folder; ``left_out`` gets a sentence for each. Raises `CorpusError` for a file that
    is missing, not readable, or lacks the column that is asked for, and, where it is named itself, empty or binary.
    """
    texts: list[Text] = []
    for place in places:
        if str(place) == STANDARD_INPUT:
            if parameters.format is TextFormat.PARQUET:
                raise CorpusError(NO_PARQUET_PIPE)
            texts.append(Text(None, parameters.format, 0))
            continue
        path = Path(place).expanduser()
        _require_input(path)
        if path.is_dir():
            texts += _of_folder(path, parameters, [] if left_out is None else left_out)
        else:
            texts.append(_look_at(path, parameters))
    if not texts:
        raise CorpusError("There is nothing to train on: name files, folders, or - for the standard input.")
    return texts


def _of_folder(folder: Path, parameters: CorpusParameters, left_out: list[str]) -> list[Text]:
    texts: list[Text] = []
    made = cache(made_by_program)
    before = len(left_out)
    files = _files_in(folder)
    own = {path.resolve() for path in files if not path.is_symlink()}
    for path in files:
        if output_folder_of(path, made) or (path.is_symlink() and path.resolve() in own):
            continue
        try:
            texts.append(_look_at(path, parameters, in_folder=True))
        except CorpusError as error:
            if not (isinstance(error, NotText) or parameters.on_error is OnError.SKIP):
                raise
            left_out.append(str(error))
    if not texts:
        reasons = f": {left_out[before]}" if len(left_out) > before else "."
        raise CorpusError(f"{Text(folder, TextFormat.AUTO, 0).name} has no files in it that are text{reasons}")
    return texts


def _files_in(folder: Path) -> list[Path]:
    """The files below ``folder`` in the order of their names, none hidden; links to folders are followed, each once."""
    met: set[tuple[int, int]] = set()
    files: list[Path] = []
    waiting = [folder]
    while waiting:
        links: list[Path] = []
        for top in waiting:
            for place, folders, names in os.walk(top):
                here = os.stat(place)
                if (here.st_dev, here.st_ino) in met:
                    folders.clear()
                    continue
                met.add((here.st_dev, here.st_ino))
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                links += [path for name in folders if (path := Path(place, name)).is_symlink()]
                files += [Path(place, name) for name in names if not name.startswith(".")]
        waiting = links
    return sorted(files)


def _require_input(path: Path) -> None:
    """Raises `CorpusError` for what this program wrote itself."""
    if folder := output_folder_of(path):
        raise CorpusError(
            f"{path} is no text to train on: {folder} is a model or the work folder of a training. Leave it out."
        )


def _look_at(path: Path, parameters: CorpusParameters, *, in_folder: bool = False) -> Text:
    kind = parameters.format_of_name(path.name)
    name = Text(path, kind, 0).name
    if path.is_symlink() and not path.exists():
        raise NotText(f"{name} is a link that leads nowhere. Leave it out.")
    with reading_text(name):
        status = path.stat()
        if stat.S_ISFIFO(status.st_mode) or stat.S_ISCHR(status.st_mode):
            if in_folder:  # nobody may ever write into it
                raise NotText(f"{name} is a pipe or a device, not a file. Leave it out, or name it itself.")
            return Text(path, parameters.format, 0)  # what is looked at in a pipe is gone
        if stat.S_ISSOCK(status.st_mode):
            raise NotText(f"{name} is a socket, not a file. Leave it out.")
        if not status.st_size:
            raise NotText(f"{name} is empty. Leave it out.")
        if kind is not TextFormat.PARQUET:
            with path.open("rb") as raw, _unpacked(raw, name) as file:
                head = head_of(file, damaged=parameters.on_error is OnError.SKIP)
            if not head:
                raise NotText(f"{name} is empty when it is unpacked. Leave it out.")
            kind = parameters.format_of_head(name, kind, head)
        if kind is TextFormat.PARQUET:
            open_parquet(path, name, parameters.column)
    return Text(path, kind, status.st_size)


def _unpacked(raw: IO[bytes], name: str) -> IO[bytes]:
    try:
        return unpacked(raw, name)
    except ModelError as error:
        raise NotText(str(error)) from error


def head_of(file: IO[bytes], *, damaged: bool = False) -> bytes:
    """The first `HEAD_BYTES`, however few a read gives; of a ``damaged`` file what stands before the damage."""
    head = b""
    reader = cast(io.BufferedReader, file)
    try:
        while len(head) < HEAD_BYTES and (chunk := reader.read1(HEAD_BYTES - len(head))):
            head += chunk
    except DAMAGED:
        if not (damaged and head):
            raise
    return head


@contextmanager
def reading_text(name: str) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a `CorpusError` that names it."""
    try:
        yield
    except ModelError as error:  # an archive is refused the same way wherever it is met
        raise CorpusError(str(error)) from error
    except DAMAGED as error:
        raise CorpusError(f"{name} is cut off or damaged: {error}. Get it again.") from error
    except IsADirectoryError as error:
        raise CorpusError(f"{name} is a folder.") from error
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}.") from error
