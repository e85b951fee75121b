"""The folder in which a training keeps what it has done, so that it can go on after whatever stopped it.

A stage writes into a folder of its own beside its place, which is renamed into it when all is on the disk: a stage is
there as a whole or not at all.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.errors import CorpusError, ModelError
from embeddings.files import TRAINING_SUFFIX, lock_place, put_in_place, sync_folder, writing
from embeddings.training.parameters import Job

if TYPE_CHECKING:
    from filelock import BaseFileLock

JOB_FILE = "job.json"


@dataclass(frozen=True, slots=True)
class Status:
    """How far a stage has come; what is not known is None."""

    stage: str
    done: float
    total: float
    words: int = 0
    words_per_second: float | None = None
    loss: float | None = None
    alpha: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened and stays on the screen: ``text`` for people, ``values`` for programs."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)


Watcher = Callable[[Status | Note], None]


def unwatched(_: Status | Note) -> None:
    """The `Watcher` that shows nothing."""


class Workspace:
    """``<model>.training`` beside the model that is to be; held against other processes while it is open."""

    def __init__(self, model: Path) -> None:
        self.model = model.absolute()
        self.folder = self.model.with_name(f"{self.model.name}{TRAINING_SUFFIX}")
        self._lock: BaseFileLock | None = None

    @contextmanager
    def opened(self, job: Job | None, *, resume: bool) -> Iterator[Job]:
        """Hold the folder. A new ``job`` makes it; with ``resume`` the one that is there goes on, and a ``job`` that is
        given as well has to be the same. Raises `CorpusError` or `ModelError` saying what to do.
        """
        if self.model.exists():
            raise ModelError(f"{self.model} exists already. Choose another --out, or remove it.")
        if resume and not (self.folder / JOB_FILE).exists():
            raise CorpusError(f"There is no training of {self.model} to resume. Leave out --resume to begin it.")
        with lock_place(self.folder, "Another process is training {path}. Wait for it, or stop it."):
            if resume:
                yield self._resumed(job)
            else:
                if job is None:
                    raise CorpusError("There is nothing to train on: name files, folders, or - for the standard input.")
                if (self.folder / JOB_FILE).exists():
                    raise CorpusError(
                        f"A training of {self.model} was stopped before its end. Go on with it: add --resume. "
                        f"Or begin anew: remove {self.folder} first."
                    )
                with self.stage("") as folder:
                    self.write_json(folder / JOB_FILE, job.as_dict())
                yield job

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

    @contextmanager
    def stage(self, name: str) -> Iterator[Path]:
        """A folder to write a stage into; it is put in its place when the block ends without an error."""
        place = self.folder / name if name else self.folder
        partial = place.with_name(f"{place.name}.partial")
        with writing(self.folder):
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            yield partial
            sync_folder(partial)
            put_in_place(partial, place)

    def remove(self, *stages: str) -> None:
        for stage in stages:
            shutil.rmtree(self.folder / stage, ignore_errors=True)

    def clear(self) -> None:
        """Remove everything, once the model is in its place."""
        (self.folder / JOB_FILE).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def write_json(path: Path, content: Any) -> None:
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")

    @staticmethod
    def read_json(path: Path) -> Any:
        """Raises `ModelError` for a file that is missing or damaged."""
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{path} is missing or damaged: {error}. Remove {path.parent.parent} and begin anew."
            ) from error
