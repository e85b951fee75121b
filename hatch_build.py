"""Compiles the kernels: hatchling calls it when a wheel is built or the project is installed, developers by hand.

    python hatch_build.py [--compiler gcc|clang|cc|zig] [--sanitize] [--force]

Every folder ``embeddings/<room>/kernel`` with C sources becomes one library beside them. Each source is compiled once a
level of instructions; which level runs is found out when it is opened. The system's compiler is taken, or ziglang from
PyPI where there is none. Where nothing can be compiled the package is installed without kernels, and says so.
"""

import argparse
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
NATIVE = Path("embeddings", "native")
LIBRARY_FILE = "library.so"
SWITCH = "THISPLUSTHAT_BUILD_KERNELS"
"""Set to 0 in the environment, nothing is compiled."""
ZIG = "ziglang>=0.13"
ZIG_PLATFORMS = {"linux", "darwin", "win32"}

# No -ffast-math: linked into a shared library, it switches denormal numbers off in the whole process.
FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast"]
FLAGS += ["-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-unknown-pragmas", "-Wno-psabi"]
SANITIZERS = "-fsanitize=address,undefined"
SANITIZE = [SANITIZERS, "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-O1", "-g", "-Werror"]
AVX2 = ["-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mf16c", "-mpopcnt", "-mlzcnt"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
LEVELS = {
    "x86_64": {"baseline": [], "avx2": AVX2, "avx512": AVX512},
    "arm64": {"neon": []},
}
PROBE = """
typedef float four __attribute__((vector_size(16)));
four probe(four a, four b);
four probe(four a, four b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6); }
"""


class CompilerError(Exception):
    """No compiler, or sources that it does not take."""


# ---- Compilers


def machine() -> str:
    """The processor's family, by one name on every system. Raises `CompilerError` for one without kernels."""
    name = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    if name not in LEVELS:
        raise CompilerError(f"there are no kernels for {platform.machine()}")
    return name


def compilers(wanted: str | None = None) -> Iterator[list[str]]:
    """Commands to try in turn: ``wanted`` alone, or $CC, the system's compilers, then ziglang."""
    if wanted == "zig" or wanted is None:
        zig = [[sys.executable, "-m", "ziglang", "cc"]] if importlib.util.find_spec("ziglang") else []
    else:
        zig = []
    if wanted is None:
        named = [*([os.environ["CC"]] if os.environ.get("CC") else []), "cc", "gcc", "clang"]
    else:
        named = [] if wanted == "zig" else [wanted]
    for command in map(shlex.split, named):
        if shutil.which(command[0]):
            yield command
    yield from zig


def works(compiler: Sequence[str]) -> bool:
    """Whether ``compiler`` makes something of what the sources use: gcc from 12 on, clang, zig."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text(PROBE)
        command = [*compiler, "-shared", "-fPIC", "-O1", str(source), "-o", str(source.with_suffix(".so"))]
        return subprocess.run(command, capture_output=True).returncode == 0  # noqa: S603


def compiler_that_works(wanted: str | None = None) -> list[str]:
    """The first of `compilers` that works. Raises `CompilerError`."""
    found = next(filter(works, compilers(wanted)), None)
    if found is None:
        raise CompilerError(f"no C compiler that works was found ({wanted or 'gcc 12 or newer, clang, or ziglang'})")
    return found


# ---- Building


def rooms(root: Path = ROOT) -> list[Path]:
    """The folders of kernels that have sources."""
    return sorted(folder for folder in root.glob("embeddings/*/kernel") if any(folder.glob("*.c")))


def sources(folder: Path, root: Path = ROOT) -> list[Path]:
    """All files that the library of ``folder`` is made of, this one included."""
    native = root / NATIVE
    headers = [*folder.glob("*.h"), *native.glob("*.h")]
    return sorted([*folder.glob("*.c"), native / "level.c", *headers, root / "hatch_build.py"])


def is_current(folder: Path, root: Path = ROOT) -> bool:
    """Whether the library of ``folder`` is there and no older than what it is made of."""
    library = folder / LIBRARY_FILE
    return library.exists() and all(path.stat().st_mtime <= library.stat().st_mtime for path in sources(folder, root))


def compile_room(folder: Path, compiler: Sequence[str], *, sanitize: bool = False, root: Path = ROOT) -> Path:
    """Compile the kernel in ``folder`` and put its library beside the sources. Raises `CompilerError`."""
    native, levels, target = root / NATIVE, LEVELS[machine()], folder / LIBRARY_FILE
    zig = "ziglang" in compiler
    flags = [*FLAGS, *(SANITIZE if sanitize else []), f"-I{native}", f"-I{folder}"]
    if zig:  # which else compiles for the very processor it runs on, and adds checks that end the process
        flags += ["-mcpu=baseline", "-fno-sanitize=all"]
    elif machine() == "x86_64":
        flags += ["-march=x86-64", "-mtune=generic"]
    with tempfile.TemporaryDirectory() as scratch:
        objects: list[Path] = []
        running: list[subprocess.Popen[bytes]] = []
        for source in [native / "level.c", *sorted(folder.glob("*.c"))]:
            for level, own in levels.items() if source.parent == folder else [("once", [])]:
                objects.append(Path(scratch, f"{source.stem}_{level}.o"))
                command = [*compiler, *flags, *own, f"-DLEVEL={level}", "-c", str(source), "-o", str(objects[-1])]
                running.append(subprocess.Popen(command, stderr=subprocess.PIPE))  # noqa: S603
        said = [process.communicate()[1] for process in running]
        for process, text in zip(running, said, strict=True):
            _check(process.returncode, process.args, text)
        # In the same folder and then renamed: who has the old library open keeps it.
        partial = target.with_name(f"{LIBRARY_FILE}.{os.getpid()}")
        command = [*compiler, "-shared", *([SANITIZERS] if sanitize else []), *map(str, objects)]
        done = subprocess.run([*command, "-o", str(partial), "-pthread", "-lm"], capture_output=True)  # noqa: S603
        _check(done.returncode, command, done.stderr)
        partial.replace(target)
    return target


def _check(code: int, command: Any, said: bytes) -> None:
    if code:
        raise CompilerError(f"{' '.join(map(str, command))} failed:\n{said.decode(errors='replace')}")


def build(
    *, compiler: str | None = None, sanitize: bool = False, force: bool = False, root: Path = ROOT
) -> dict[Path, bool]:
    """Compile all kernels that are not current. Returns each library and whether it was made anew.

    Raises `CompilerError`.
    """
    machine()
    made = {folder: force or sanitize or not is_current(folder, root) for folder in rooms(root)}
    if any(made.values()):
        command = compiler_that_works(compiler)
        for folder in (folder for folder, needed in made.items() if needed):
            compile_room(folder, command, sanitize=sanitize, root=root)
    return {folder / LIBRARY_FILE: needed for folder, needed in made.items()}


# ---- hatchling

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, outside of a build
    pass
else:

    class KernelHook(BuildHookInterface):  # type: ignore[type-arg]
        """Compiles before a wheel is put together, and marks the wheel as one for this system."""

        PLUGIN_NAME = "custom"

        def dependencies(self) -> list[str]:
            """ziglang, where no compiler of the system works and there is a ziglang for it."""
            if os.environ.get(SWITCH) == "0":
                return []
            try:
                machine()
                compiler_that_works()
            except CompilerError:
                known = platform.machine().lower() in {"x86_64", "amd64", "arm64", "aarch64"}
                return [ZIG] if known and sys.platform in ZIG_PLATFORMS else []
            return []

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
            root = Path(self.root)
            if os.environ.get(SWITCH) == "0":
                self.app.display_warning(f"{SWITCH} is 0: installed without compiled kernels.")
                return
            try:
                # Anew: a library that lies here may be of another machine, or of the sanitizers.
                libraries = build(force=True, root=root)
            except (CompilerError, OSError) as error:
                self.app.display_warning(
                    f"The kernels could not be compiled ({error}). Everything works without them, training and search "
                    "more slowly. Install gcc (12 or newer) or clang, and install this package again."
                )
                return
            build_data["artifacts"] += [str(path.relative_to(root).as_posix()) for path in libraries]
            if libraries:
                build_data["pure_python"] = False
                build_data["tag"] = f"py3-none-{_platform_tag()}"


def _platform_tag() -> str:
    """The wheel's platform: no Python is linked, so that every Python of this system can take it."""
    from packaging.tags import platform_tags

    return next(iter(platform_tags()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Compile the kernels in place.")
    parser.add_argument("--compiler", help="gcc, clang, cc or zig; the first that works otherwise")
    parser.add_argument("--sanitize", action="store_true", help="with the address and undefined-behaviour sanitizers")
    parser.add_argument("--force", action="store_true", help="also what is newer than its sources")
    parser.add_argument("--quiet", action="store_true", help="say only what was compiled or cannot be")
    given = parser.parse_args()
    try:
        made = build(compiler=given.compiler, sanitize=given.sanitize, force=given.force)
    except CompilerError as error:
        sys.exit(f"Not compiled: {error}")
    for path, new in made.items():
        if given.quiet and not new:
            continue
        print(f"{'compiled' if new else 'current '} {path.relative_to(ROOT)}")  # noqa: T201


if __name__ == "__main__":
    main()
