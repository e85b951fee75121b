"""Runs writing commands again and again, each time killed a step later, and prints what was wrong afterwards.

    python kill_at_every_step.py FOLDER MOST [CASE …]

A step is whatever the program does to the disk; of many, MOST are chosen, those at the end among them. Each run is a
fork of this process, so that importing costs once.
"""

import errno
import json
import os
import resource
import shutil
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gensim.downloader
import gensim.models  # what commands import late, here once for all forks
import matplotlib.backends.backend_svg  # noqa: F401
import numpy as np
import pandas as pd  # noqa: F401
import pyarrow
import rich.progress  # noqa: F401
from pyarrow import parquet

from embeddings.catalogue import bundled
from embeddings.catalogue.remote import copy_place
from embeddings.formats.conversion import ImportOptions, import_file
from embeddings.models.model import Card, open_model, verify_model
from embeddings.models.writer import save_model
from embeddings.plotting import vocabulary_map
from service.cli.command import cli
from service.host.protection import KeyFile
from service.page.glosses import Glosses
from service.uploads import job, store

WORDNET = Path(__file__).parents[1] / "page" / "wordnet"
WORDS = [f"w{number}" for number in range(1200)]
VECTORS = np.random.default_rng(0).normal(size=(1200, 6)).astype(np.float32)
EVENTS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree", "ctypes.dlsym")


@dataclass
class Case:
    """A command in ``home``, what is there before it, and what must hold whenever it was killed."""

    arguments: list[str]
    before: Callable[[Path], object]
    still: Callable[[Path], None]
    """What was there before still opens, or is the new one."""
    after: Callable[[Path], None]
    """What the same command has made, given once more."""
    once: Callable[[Path], bool] = lambda home: False
    """Whether it is done already, where the command refuses to do it twice."""
    instead: Callable[[], None] | None = None
    """What is done without the command: a server's part."""

    def run(self) -> None:
        from service.cli import main

        if self.instead is None:
            main(self.arguments)
        else:
            self.instead()


def model(home: Path) -> None:
    save_model(home / "models" / "m", WORDS, VECTORS, Card("m"))


def few(home: Path) -> None:
    save_model(home / "models" / "m", WORDS[:900], VECTORS[:900], Card("m"))


def vectors_file(home: Path) -> Path:
    rows = "".join(
        f"{word} {' '.join(map(str, row))}\n" for word, row in zip(WORDS[:50], VECTORS.tolist(), strict=False)
    )
    (home / "v.txt").write_text(f"50 6\n{rows}")
    return home / "v.txt"


def both(*steps: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda home: [step(home) for step in steps]


def opens(*counts: int) -> Callable[[Path], None]:
    def check(home: Path) -> None:
        opened = open_model(home / "models" / "m")
        verify_model(opened.folder)
        assert len(opened) in counts
        assert len(list(opened.vocabulary)) == len(opened)

    return check


def new_model(name: str = "m") -> Callable[[Path], None]:
    def check(home: Path) -> None:
        if (home / "models" / name).exists():
            verify_model(home / "models" / name)

    return check


def default_package(home: Path) -> None:
    """A small package in the place of the one that brings the default model."""
    data = home / "package" / "data"
    data.mkdir(parents=True)
    np.save(data / "glove_6B_50d_emb.npy", VECTORS)
    parquet.write_table(pyarrow.table({"word": WORDS}), data / "glove_6B_index.parquet")


def small_default(home: Path) -> None:
    verify_model(home / "models" / "glove-6b-50d")
    assert len(open_model(home / "models" / "glove-6b-50d")) == len(WORDS)


def keys(home: Path) -> None:
    KeyFile(home / "api-keys").add("old")


def has_keys(*names: set[str]) -> Callable[[Path], None]:
    def check(home: Path) -> None:
        assert set(KeyFile(home / "api-keys").read()) in names

    return check


def exported(home: Path) -> None:
    import_file(home / "out.bin", home / "back", Card("back"), ImportOptions(overwrite=True))
    assert len(open_model(home / "back")) in (1200, 1)
    shutil.rmtree(home / "back")


def folder_imported(home: Path) -> None:
    import_file(home / "out.model2vec", home / "back", Card("back"), ImportOptions(overwrite=True))
    assert len(open_model(home / "back")) == 1202  # with two tokens that every tokenizer has
    shutil.rmtree(home / "back")


def glosses(home: Path) -> None:
    opened = Glosses.open(home / "glosses.sqlite")
    assert opened is not None
    opened.close()


def with_text(home: Path) -> None:
    (home / "text.txt").write_text("the cat sat on the mat. the dog sat on the cat.\n" * 60)
    (home / "news.training").mkdir()
    (home / "news.training" / "a.txt").write_text("the user's own text")


def text_is_there(home: Path) -> None:
    assert (home / "news.training" / "a.txt").read_text() == "the user's own text"
    assert sorted(path.name for path in (home / "news.training").iterdir()) == ["a.txt"]
    if (home / "news").exists():
        verify_model(home / "news")


def trained(home: Path) -> None:
    text_is_there(home)
    assert len(open_model(home / "news")) > 3
    names = [str(path.relative_to(home)) for path in home.rglob("*")]
    there = sorted(name for name in names if not name.startswith(("news/", ".")))
    assert there == ["news", "news.training", "news.training/a.txt", "text.txt"], there


def published(home: Path) -> None:
    save_model(home / "shared" / "m", WORDS, VECTORS, Card("m"))


def cases(home: Path) -> dict[str, Case]:
    url = f"file://{home}/shared/m"
    quick = ["--vector-size", "4", "--epochs", "2", "--no-evaluate", "--min-count", "1", "--workers", "1"]
    return {
        "import": Case(
            ["import", f"{home}/v.txt", "-n", "m"],
            vectors_file,
            new_model(),
            opens(50),
            once=lambda home: (home / "models" / "m").exists(),
        ),
        "import over": Case(
            ["import", f"{home}/v.txt", "-n", "m", "--overwrite"],
            both(model, vectors_file),
            opens(50, 1200),
            opens(50),
        ),
        "index": Case(["index", "m", "--kind", "exact"], model, opens(1200), opens(1200)),
        "tune": Case(["tune", "m", "--recall", "0.5"], few, opens(900), opens(900)),
        "map": Case(["map", "m", "--words", "50"], model, opens(1200), mapped),
        "glosses": Case(["glosses", str(WORDNET)], lambda home: None, new_glosses, glosses),
        "glosses again": Case(["glosses", str(WORDNET)], old_glosses, glosses, glosses),
        "keys add": Case(
            ["keys", "add", "new"],
            keys,
            has_keys({"old"}, {"old", "new"}),
            has_keys({"old", "new"}),
            once=lambda home: "new" in KeyFile(home / "api-keys").read(),
        ),
        "keys revoke": Case(
            ["keys", "revoke", "old"],
            both(keys, lambda home: KeyFile(home / "api-keys").add("other")),
            has_keys({"other"}, {"old", "other"}),
            has_keys({"other"}),
            once=lambda home: "old" not in KeyFile(home / "api-keys").read(),
        ),
        "export": Case(
            ["export", "m", f"{home}/out.bin", "--overwrite"],
            both(model, lambda home: (home / "out.bin").write_bytes(b"1 2\na " + bytes(8))),
            exported,
            exported,
        ),
        "export again": Case(
            ["export", "m", f"{home}/out.model2vec", "--overwrite"],
            both(model, lambda home: cli(["export", "m", f"{home}/out.model2vec"], standalone_mode=False)),
            lambda home: folder_imported(home),
            lambda home: folder_imported(home),
        ),
        "plot": Case(
            ["plot", "m", "w1", "w2", "w3", "--out", f"{home}/p.svg", "--overwrite"],
            both(model, lambda home: (home / "p.svg").write_text("<svg/>")),
            drawn,
            drawn,
        ),
        "train": Case(
            ["train", f"{home}/text.txt", "--out", f"{home}/news", *quick],
            with_text,
            text_is_there,
            trained,
            once=lambda home: (home / "news").exists(),
        ),
        "merge": Case(
            ["merge", "m", "n", "--out", "both", "--dimension", "4"],
            two,
            both(opens(1200), new_model("both")),
            both(opens(1200), new_model("both")),
            once=lambda home: (home / "models" / "both").exists(),
        ),
        "merge over": Case(
            ["merge", "m", "n", "--out", "m", "--dimension", "4", "--overwrite"], two, opens(1200), opens(1200)
        ),
        "first query": Case(
            ["w1"],
            default_package,
            new_model("glove-6b-50d"),
            small_default,
            once=lambda home: (home / "models" / "glove-6b-50d").exists(),
        ),
        "pull": Case(
            ["pull", "m"], vectors_file, new_model(), opens(50), once=lambda home: (home / "models" / "m").exists()
        ),
        "upload": Case(
            [],
            vectors_file,
            uploads_are_told,
            uploaded,
            once=lambda home: (home / "models" / "m").exists(),
            instead=lambda: upload(home),
        ),
        "fetch": Case(
            ["--model", url, "w1"], published, whole_copy, whole_copy, once=lambda home: copy_of_it(home).exists()
        ),
    }


def upload(home: Path) -> None:
    """A file that comes in two parts, and becomes a model; but not twice."""
    content = (home / "v.txt").read_bytes()
    wanted = store.UploadRequest(
        "m", store.UploadKind.VECTORS, len(content), "v.txt", "unknown", "unknown", "auto", None, None
    )
    if not (home / "models" / "m").exists():
        new = store.UploadStore(home / "uploads").create(wanted)
        new.append(0, content[:1000])
        new.append(1000, content[1000:])
        new.begin(os.getpid())
        job.work(new)
        assert new.last_event == "built", list(new.events())


def uploads_are_told(home: Path) -> None:
    new_model()(home)
    assert {each.state for each in store.UploadStore(home / "uploads").all()} <= set(store.UploadState)


def uploaded(home: Path) -> None:
    opens(50)(home)
    assert not list((home / "uploads").glob("*.new"))


def two(home: Path) -> None:
    model(home)
    save_model(home / "models" / "n", WORDS[:1000], VECTORS[:1000, ::-1], Card("n"))


def mapped(home: Path) -> None:
    made = vocabulary_map.open_map(open_model(home / "models" / "m"))
    assert made is not None
    assert len(made.words) == 50


def old_glosses(home: Path) -> None:
    assert cli(["glosses", str(WORDNET)], standalone_mode=False) is None


def new_glosses(home: Path) -> None:
    if (home / "glosses.sqlite").exists():
        glosses(home)


def drawn(home: Path) -> None:
    assert (home / "p.svg").read_text().rstrip().endswith(("</svg>", "<svg/>"))


def copy_of_it(home: Path) -> Path:
    return copy_place(f"file://{home}/shared/m", home / "remote")


def whole_copy(home: Path) -> None:
    if copy_of_it(home).exists():
        verify_model(copy_of_it(home))


def in_fork(work: Callable[[], None]) -> tuple[int, str]:
    """The exit code of ``work`` (-9 where it was killed), and what it said."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reading)
            os.dup2(writing, 2)
            os.dup2(os.open(os.devnull, os.O_RDWR), 1)
            os.dup2(1, 0)
            work()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:  # noqa: BLE001  # whatever it is, it is shown
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(writing)
    with open(reading, "rb") as said:
        text = said.read().decode("utf-8", "replace")
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def stepping(home: Path, case: Case, at: int | None = None, failure: str = "killed") -> None:
    """Run a case to which something happens at a step; if nothing does, say how many steps it takes."""
    steps = 0

    def hook(event: str, given: tuple[object, ...]) -> None:
        nonlocal steps
        writes = event == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)
        if event == "open" and not (writes and str(given[0]).startswith(str(home))):
            return
        if writes or event in EVENTS:
            if at is not None and steps >= at:
                if failure == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                elif writes or event == "os.mkdir":
                    number = errno.ENOSPC if failure == "full" else errno.EROFS
                    raise OSError(number, os.strerror(number))
            steps += 1

    sys.dont_write_bytecode = True  # a compiled module is not a step of the command
    sys.addaudithook(hook)
    try:
        case.run()
    finally:
        if at is None:
            os.write(2, f"\nsteps: {steps}".encode())


def with_small_files(case: Case, most: int) -> None:
    """Every write beyond some bytes of a file fails, as on a disk that fills up."""
    # Nor is it a module that is cut off: Python 3.11 keeps those that it could compile but not write whole.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    case.run()


def failures(home: Path, case: Case, total: int) -> Iterator[tuple[Callable[[], None], tuple[str, ...]]]:
    """Disks that fill up at some step, after some bytes, or are read-only; and what the message must say."""
    for step in sorted({0, 2 * total // 3}):
        yield lambda step=step: stepping(home, case, step, "full"), ("disk is full", "disk I/O")  # type: ignore[misc]
    for most in (10, 2000):
        yield lambda most=most: with_small_files(case, most), ("larger than", "disk I/O")  # type: ignore[misc]
    yield lambda: stepping(home, case, 0, "read-only"), ("read-only",)


def refused(case: Case) -> None:
    try:
        case.run()
    except SystemExit as end:
        assert end.code in (0, 1)


def litter(home: Path) -> list[str]:
    """What is left of work; but a training that failed keeps its folder, to go on in it."""
    names = [str(path.relative_to(home)) for path in home.rglob(".*")]
    return [name for name in names if ".training-2/" not in name]


def killed(home: Path, template: Path, case: Case, steps: list[int]) -> Iterator[str]:
    """What was wrong after the command was killed at each of ``steps``, and after it was given again."""
    again = {False: Case.run, True: refused}

    def look(done: bool) -> None:
        case.still(home)
        again[done](case)  # if it is done already it is refused, and cleans up
        case.after(home)

    for step in steps:
        shutil.copytree(template, home, symlinks=True)
        code, said = in_fork(lambda step=step: stepping(home, case, step))  # type: ignore[misc]
        if code not in (0, -9):
            yield f"step {step}: ended with {code}: {said[-600:]}"
        done = case.once(home)
        status, told = in_fork(lambda done=done: look(done))  # type: ignore[misc]
        if status:
            yield f"step {step}, afterwards: {told[-1200:]}"
        if (left := litter(home)) and (code == 0 or not done):
            yield f"step {step}: left {left}"
        shutil.rmtree(home)


def failed(home: Path, template: Path, case: Case, total: int) -> Iterator[str]:
    """What was wrong after the disk failed the command."""
    for work, wanted in failures(home, case, total):
        shutil.copytree(template, home, symlinks=True)
        code, said = in_fork(work)
        if code and ("Traceback" in said or not any(word in said for word in wanted)):
            yield f"{wanted}: ended with {code}: {said[-900:]}"
        status, told = in_fork(lambda: case.still(home))
        if status:
            yield f"{wanted}: {told[-900:]}"
        if left := [name for name in litter(home) if code and ".fetching-" not in name]:
            yield f"{wanted}: left {left}"
        shutil.rmtree(home)


def examine(name: str, home: Path, template: Path, most: int) -> dict[str, object]:
    case = cases(home)[name]
    home.mkdir(parents=True)
    code, said = in_fork(lambda: case.before(home))
    assert code == 0, said
    home.rename(template)
    shutil.copytree(template, home, symlinks=True)
    code, said = in_fork(lambda: stepping(home, case))
    assert code == 0, said
    shutil.rmtree(home)
    total = int(said.rpartition("steps: ")[2])
    last = range(max(0, total - most // 2), total)  # where what was written is put in its place
    steps = sorted({*np.linspace(0, total - 1, max(most - len(last), 1)).astype(int).tolist(), *last})
    problems = [*killed(home, template, case, steps)]
    if case.instead is None:
        problems += failed(home, template, case, total)
    shutil.rmtree(template)
    return {"case": name, "total": total, "killed": len(steps), "problems": problems}


def main() -> None:
    top, most = Path(sys.argv[1]).absolute(), int(sys.argv[2])
    home = top / "home"
    os.environ["THISPLUSTHAT_HOME"] = str(home)
    bundled._package_folder, bundled._measured = lambda: home / "package", lambda name: None
    gensim.downloader.info = lambda: {"models": {"m": {}}}
    gensim.downloader.load = lambda name, return_path: str(home / "v.txt")
    store._SECONDS_TO_SAY_WHY = 0
    layout = lambda vectors, parameters: vectors[:, :2]  # noqa: E731
    vocabulary_map._LAYOUTS = {method: lambda: layout for method in vocabulary_map.MapMethod}
    for name in sys.argv[3:] or cases(home):
        sys.stdout.write(json.dumps(examine(name, home, top / "template", most)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
