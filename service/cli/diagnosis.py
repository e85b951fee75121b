"""What ``thisplusthat doctor`` reports: versions, kernels, packages, extras, the home folder and its models."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from embeddings.catalogue import DEFAULT_MODEL, Listing, home, list_models
from embeddings.errors import KernelError, ModelError
from embeddings.models import open_model
from embeddings.native import FORCED, load_library, missing_kernel, processors

DISTRIBUTION = "thisplusthat"
_KERNELS = {
    "search": ("embeddings.search", "FAISS indexes and searches, more slowly"),
    "answers": ("embeddings.answers", "Python lists the results of batches, more slowly"),
    "training": ("embeddings.training", "gensim learns, five to ten times more slowly"),
    "text": ("embeddings.text", "a regular expression finds the words, two to three times more slowly"),
}
"""Each kernel's room, and what does its work where it is missing."""
_OF_FAISS = frozenset({"fastscan", "ivf"})
_FOR_DEVELOPERS = frozenset({"benchmark", "dev"})
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?P<of>\[[^\]]*\])?[^;]*(?:;(?P<marker>.*))?", re.DOTALL)
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_PYTHON = re.compile(r"""python_version\s*<\s*['"](\d+)\.(\d+)['"]""")


class State(StrEnum):
    FINE = "fine"
    LESS = "less"
    """It works, but more slowly or with something missing."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    section: str
    name: str
    text: str
    state: State = State.FINE


def findings() -> Iterator[Finding]:
    """All findings, section by section."""
    yield from _system()
    yield from _kernels()
    yield from _packages()
    yield from _home()
    yield from _models()


def _system() -> Iterator[Finding]:
    yield Finding("System", DISTRIBUTION, f"{version(DISTRIBUTION)}, in {Path(__file__).parents[2]}")
    yield Finding("System", "Python", f"{platform.python_version()}, {sys.executable}")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    size = f"{processors()} of {os.cpu_count()} processors, {memory:.1f} GB of memory"
    yield Finding("System", "machine", f"{platform.system()} {platform.release()}, {platform.machine()}, {size}")
    names = sorted(name for name in os.environ if name.startswith("THISPLUSTHAT_"))
    yield Finding("System", "environment", ", ".join(names) or "no setting of THISPLUSTHAT_…")  # values may be secrets


def _kernels() -> Iterator[Finding]:
    forced = os.environ.get(FORCED, "")
    why = f"{FORCED} asks for it" if forced else "the best of this processor"
    for name, (room, instead) in _KERNELS.items():
        try:
            library = load_library(room)
        except KernelError as error:
            missing = forced == "none" or "No kernel was compiled" in str(error)
            yield Finding("Kernels", name, f"none: {instead}. {error}", State.LESS if missing else State.WRONG)
            continue
        yield Finding("Kernels", name, f"{library.level}, {why}, {library.path}")


def _packages() -> Iterator[Finding]:
    """Required packages in a line, and a line for each extra."""
    needed = _requirements()
    versions, missing = _versions(needed.pop(None, []))
    yield Finding("Packages", "required", ", ".join(versions))
    if missing:
        yield Finding("Packages", "missing", f"{', '.join(missing)}. Install {DISTRIBUTION} again.", State.WRONG)
    for extra, names in sorted((str(extra), names) for extra, names in needed.items()):
        versions, missing = _versions(names)
        if missing:
            text = f"without {', '.join(missing)}. To have it: pip install '{DISTRIBUTION}[{extra}]'"
            yield Finding("Packages", f"[{extra}]", text, State.LESS)
            continue
        yield Finding("Packages", f"[{extra}]", ", ".join(versions))
        if extra == "spark" and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            yield Finding("Packages", "Java", "none, and Spark needs Java 17 or newer", State.LESS)


def _requirements() -> dict[str | None, list[str]]:
    """Package names by the extra that needs them; None for those that are always needed."""
    wanted: dict[str | None, list[str]] = {None: []}
    for line in distribution(DISTRIBUTION).requires or ():
        found = _REQUIREMENT.match(line)
        marker = (found["marker"] or "") if found else ""
        older = _PYTHON.search(marker)
        if found is None or (older and sys.version_info[:2] >= (int(older[1]), int(older[2]))):
            continue
        of_extra = _EXTRA.search(marker)
        extra = of_extra[1] if of_extra else None
        if extra not in _FOR_DEVELOPERS and found["name"] != DISTRIBUTION:
            wanted.setdefault(extra, []).append(found["name"])
    return wanted


def _versions(names: list[str]) -> tuple[list[str], list[str]]:
    """Each package with its version, and those that are not installed."""
    versions, missing = [], []
    for name in names:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return versions, missing


def _home() -> Iterator[Finding]:
    folder = home()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    chosen = "THISPLUSTHAT_HOME" if os.environ.get("THISPLUSTHAT_HOME") else "the user's cache"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        text = f"{folder} cannot be written. Set THISPLUSTHAT_HOME to a folder that can."
        yield Finding("Models", "home", text, State.WRONG)
        return
    yield Finding("Models", "home", f"{folder} ({chosen}), {shutil.disk_usage(there).free / 1e9:,.1f} GB free")


def _models() -> Iterator[Finding]:
    try:
        listings = list_models()
    except OSError as error:
        yield Finding("Models", "models", f"cannot be listed: {error}", State.WRONG)
        return
    if DEFAULT_MODEL not in [listing.name for listing in listings]:
        yield Finding("Models", DEFAULT_MODEL, "the default, prepared at its first use")
    for listing in listings:
        yield _model(listing, faster=missing_kernel("embeddings.search") is None)


def _model(listing: Listing, *, faster: bool) -> Finding:
    """Opening the model checks the size of every file, but not the checksums: ``verify`` does that."""
    try:
        model = open_model(listing.path)
    except ModelError as error:
        return Finding("Models", listing.name, str(error), State.WRONG)
    index = model.manifest.index
    default = "the default, " if listing.name == DEFAULT_MODEL else ""
    text = f"{default}{len(model):,} words × {model.dimension}, index {index.factory or index.kind}"
    if faster and index.kind in _OF_FAISS:
        text += f" of FAISS; one for the kernel is faster: thisplusthat index {listing.name}"
    if not faster and index.kind == "lists":
        text += f", which needs the kernel; one without: thisplusthat index {listing.name}"
    state = State.LESS if faster != (index.kind == "lists") and index.kind != "exact" else State.FINE
    return Finding("Models", listing.name, f"{text}, {listing.path}", state)
