"""The folder in which a training keeps its work, so that it can resume after any interruption.

A stage writes into a folder of its own beside its place, which is renamed into it when all is on the disk: a stage is
there as a whole or not at all.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from embeddings.errors import CorpusError, ModelError
from embeddings.files import (
    MARKER,
    Lock,
    is_old_training,
    is_work_folder,
    lock_place,
    mark,
    place_of,
    put_in_place,
    remove_work_folder,
    sync_folder,
    work_folder,
    writing,
)
from embeddings.models import read_manifest
from embeddings.training.parameters import Job

JOB_FILE = "job.json"
OWN_FILES = ("spark.log",)
"""What is written into the folder beside the stages."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a stage has come; unknown values are None."""

    stage: str
    done: float
    total: float
    words: int = 0
    words_per_second: float | None = None
    loss: float | None = None
    alpha: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """An event that stays on the screen: ``text`` for people, ``values`` for programs."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)


Watcher = Callable[[Status | Note], None]


def unwatched(_: Status | Note) -> None:
    """The `Watcher` that shows nothing."""


class Workspace:
    """A work folder beside the model that is to be: ``<model>.training``, or, where a user has something of that name,
    ``<model>.training-2`` and so on. The place of the model is held against other processes while it is open.
    """

    def __init__(self, model: Path) -> None:
        self.model = place_of(model)
        self.folder = _folder_of(self.model)
        self.lock: Lock | None = None
        """Of the model's place, while the folder is open."""
        self.goes_on = False
        """Whether a training that was stopped goes on because the same one was asked for again."""
        self.words: dict[str, Sequence[str]] = {}
        """Of the stage that was written last: the next one need not read them."""

    @contextmanager
    def opened(self, job: Job | None, *, resume: bool) -> Iterator[Job]:
        """Hold the folder. A new ``job`` makes it; with ``resume`` the one that is there goes on, and a ``job`` that is
        given as well has to be the same. Raises `CorpusError` or `ModelError` saying what to do.
        """
        with lock_place(self.model, "Another process is writing {path}. Wait for it, or stop it.") as self.lock:
            self.folder = _folder_of(self.model)
            if os.path.lexists(self.model):
                self._clear_finished()
                raise ModelError(f"{self.model} exists already. Choose another --out, or remove it.")
            begun = (self.folder / JOB_FILE).exists()
            before = self.model.with_name(f"{self.model.name}.training")
            if resume and not begun and is_old_training(before):
                raise CorpusError(
                    f"{before} was begun by version 0.1, whose trainings this version cannot continue. Finish it "
                    "with that version, or begin again with the same command without --resume; the old folder stays "
                    "as it is."
                )
            if resume and not begun:
                raise CorpusError(f"There is no training of {self.model} to resume. Leave out --resume to begin it.")
            if resume:
                yield self._resumed(job)
            else:
                if job is None:
                    raise CorpusError("There is nothing to train on: name files, folders, or - for the standard input.")
                if begun:
                    try:
                        there = self._resumed(job)
                    except CorpusError as error:
                        raise CorpusError(
                            f"Another training of {self.model} was stopped before its end. Go on with that one: add "
                            f"--resume and leave out the rest. Or begin anew: remove {self.folder} first. {error}"
                        ) from error
                    self.goes_on = True
                    yield there
                    return
                remove_work_folder(self.folder)  # of a training that was killed while it removed it
                with work_folder(self.folder) as work, writing(self.folder):
                    new = work / "training"
                    mark(new)
                    self.write_json(new / JOB_FILE, job.as_dict())
                    sync_folder(new)
                    put_in_place(new, self.folder)
                yield job

    @property
    def begun_at(self) -> int:
        """When the training was begun, in nanoseconds: a model that has the number was made by it."""
        return (self.folder / JOB_FILE).stat().st_mtime_ns

    def _clear_finished(self) -> None:
        """Remove what a training left that was killed when its model was in its place already."""
        if not self.begun or self.begun_at == _begun_at_of(self.model):
            self.clear()

    def _resumed(self, job: Job | None) -> Job:
        try:
            there = Job.from_dict(json.loads((self.folder / JOB_FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{self.folder / JOB_FILE} is damaged: {error!r}. Remove {self.folder} and begin anew."
            ) from error
        if job is not None and job != there:
            before, now = asdict(there), asdict(job)
            different = [
                f"{name} was {before[name]} and is {now[name]}" for name in before if before[name] != now[name]
            ]
            raise CorpusError(f"This is not the training that was stopped: {'; '.join(different)}. Leave those out.")
        return there

    def has(self, stage: str) -> bool:
        return (self.folder / stage).exists()

    @property
    def begun(self) -> bool:
        """Whether there is a training to go on with."""
        return self.has(JOB_FILE)

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """A folder to write a stage into; it is put in its place when the block ends without an error."""
        place = self.folder / name
        with work_folder(place) as work, writing(self.folder):
            partial = work / name
            mark(partial)
            yield partial
            sync_folder(partial)
            put_in_place(partial, place)

    def own_folder(self, name: str) -> Path:
        """A folder for what is no stage, such as what others write; it goes with the rest."""
        folder = self.folder / name
        if not folder.exists():
            with writing(self.folder):
                mark(folder)
        return folder

    def remove(self, *stages: str) -> None:
        for stage in stages:
            remove_work_folder(self.folder / stage)

    def clear(self) -> None:
        """Remove everything that the program made, once the model is in its place; what a user has put there stays."""
        if not is_work_folder(self.folder):
            return
        (self.folder / JOB_FILE).unlink(missing_ok=True)
        for entry in sorted(self.folder.iterdir()):
            remove_work_folder(entry)
        for name in OWN_FILES:
            (self.folder / name).unlink(missing_ok=True)
        if [entry.name for entry in self.folder.iterdir()] == [MARKER]:
            with work_folder(self.folder) as work:  # its name is one that a user could choose: it goes in one step
                self.folder.rename(work / "training")
        else:
            (self.folder / MARKER).unlink()  # it is the user's now

    @staticmethod
    def write_json(path: Path, content: Any) -> None:
        # Names of files need not be UTF-8. Indented, millions of entries would not be written by C.
        path.write_text(json.dumps(content), encoding="ascii")

    @staticmethod
    def read_json(path: Path) -> Any:
        """Raises `ModelError` for a file that is missing or damaged."""
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{path} is missing or damaged: {error}. Remove {path.parent.parent} and begin anew."
            ) from error


def _begun_at_of(model: Path) -> int | None:
    try:
        training = read_manifest(model).card.training or {}
    except ModelError:
        return None
    return training.get("begun_at")


def _folder_of(model: Path) -> Path:
    """Where the training of ``model`` is, or would be: a folder of that name that is no work folder is a user's."""
    names = [f"{model.name}.training", *(f"{model.name}.training-{number}" for number in range(2, 100))]
    places = [model.with_name(name) for name in names]
    begun = [place for place in places if is_work_folder(place)]
    free = (place for place in places if not os.path.lexists(place))
    return begun[0] if begun else next(free, places[0])
