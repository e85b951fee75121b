"""Compiling a kernel as an installation does, opening it, and what is said when that cannot be."""

import importlib.util
import shutil
import sys
from ctypes import c_float, c_int64, c_void_p
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from embeddings.errors import KernelError
from embeddings.native import FORCED, LEVELS, address, aligned_rows, load_library, processor_level

ROOT = Path(__file__).parents[3]
TOTALS = """
#include "vector.h"
EXPORT(void, totals)(const float *rows, int64_t columns, float *to);
EXPORT(void, totals)(const float *rows, int64_t columns, float *to) {
    vf part[LANES];
    for (int i = 0; i < LANES; i++) part[i] = splat(0.f);
    for (int i = 0; i < LANES; i++)
        for (int64_t k = 0; k < columns; k += LANES) part[i] += load(rows + i * columns + k);
    store(to, sums(part));
}
EXPORT(float, limit)(float value);
EXPORT(float, limit)(float value) { return smallest(largest(splat(value), splat(-1.f)), splat(1.f))[0]; }
"""


@pytest.fixture(scope="session")
def build_hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build_hook: ModuleType) -> str:
    """A checkout with one kernel, of which `totals` and `limit` are compiled; the name of its package."""
    name = f"room_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / "embeddings" / name
    (folder / "kernel").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "kernel" / "totals.c").write_text(TOTALS)
    shutil.copytree(ROOT / "embeddings" / "native", tmp_path / "embeddings" / "native")
    shutil.copy(ROOT / "hatch_build.py", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path / "embeddings"))
    monkeypatch.delenv(FORCED, raising=False)
    try:
        assert list(build_hook.build(root=tmp_path).values()) == [True]
    except build_hook.CompilerError as error:
        pytest.skip(str(error))
    return name


def test_every_level_of_the_processor_gives_the_same_sums(room: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = aligned_rows(16, 32)
    rows[:] = np.arange(512, dtype=np.float32).reshape(16, 32)
    best = LEVELS.index(processor_level(room))
    for level in LEVELS[: best + 1]:
        monkeypatch.setenv(FORCED, level)
        library = load_library(room)
        assert library.level == level
        totals = library.function("totals", None, [c_void_p, c_int64, c_void_p])
        out = aligned_rows(1, 16)
        totals(address(rows, np.float32, 512, "rows"), 32, address(out, np.float32, 16, "out"))
        lanes = int((out[0] != 0).sum())
        assert lanes in (4, 8, 16)
        assert out[0, :lanes].tolist() == rows[:lanes].sum(axis=1).tolist()
        limit = library.function("limit", c_float, [c_float])
        assert [limit(value) for value in (-3.0, 0.5, 3.0)] == [-1.0, 0.5, 1.0]


def test_without_being_forced_it_is_the_best_level(room: str) -> None:
    assert load_library(room).level == processor_level(room)


@pytest.mark.parametrize(("level", "said"), [("none", "switches the kernels off"), ("sse9", "can be")])
def test_a_forced_level_that_cannot_be_is_explained(
    room: str, level: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FORCED, level)
    with pytest.raises(KernelError, match=said):
        load_library(room)


def test_a_room_that_was_not_compiled_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bare_room").mkdir()
    (tmp_path / "bare_room" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv(FORCED, raising=False)
    with pytest.raises(KernelError, match="python hatch_build.py"):
        load_library("bare_room")
    with pytest.raises(KernelError, match="There is no package"):
        load_library("no_such_room")


def test_a_file_that_is_no_library_and_a_function_that_is_not_there(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KernelError, match="has no scan: it is of another version"):
        load_library(room).function("scan", None, [])
    (tmp_path / "damaged_room" / "kernel").mkdir(parents=True)
    (tmp_path / "damaged_room" / "__init__.py").touch()
    (tmp_path / "damaged_room" / "kernel" / "library.so").write_bytes(b"no library")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(KernelError, match="cannot be opened"):
        load_library("damaged_room")


def test_rows_begin_at_multiples_of_64_bytes() -> None:
    for columns in (1, 16, 100, 200):
        rows = aligned_rows(3, columns)
        assert rows.shape == (3, -(-columns // 16) * 16)
        assert [row.ctypes.data % 64 for row in rows] == [0, 0, 0]
        assert not rows.any()


def test_an_array_of_another_kind_or_size_never_reaches_c() -> None:
    array = np.zeros((4, 4), np.float32)
    assert address(array, np.float32, 16, "x") == array.ctypes.data
    with pytest.raises(TypeError, match="x is of float32, not float64"):
        address(array, np.float64, 16, "x")
    with pytest.raises(ValueError, match="not 17 numbers"):
        address(array, np.float32, 17, "x")
    with pytest.raises(ValueError, match="in one piece"):
        address(array[:, :2], np.float32, 8, "x")


# ---- The build


def test_what_is_current_is_not_compiled_again(room: str, tmp_path: Path, build_hook: ModuleType) -> None:
    library = tmp_path / "embeddings" / room / "kernel" / "library.so"
    assert build_hook.build(root=tmp_path) == {library: False}
    source = library.with_name("totals.c")
    source.write_text(TOTALS + "// newer")
    assert build_hook.build(root=tmp_path) == {library: True}


def test_sources_that_do_not_compile_are_an_error_with_the_compilers_words(
    room: str, tmp_path: Path, build_hook: ModuleType
) -> None:
    folder = tmp_path / "embeddings" / room / "kernel"
    before = (folder / "library.so").read_bytes()
    (folder / "totals.c").write_text("int wrong(")
    with pytest.raises(build_hook.CompilerError, match="wrong"):
        build_hook.build(root=tmp_path)
    assert (folder / "library.so").read_bytes() == before


def test_no_compiler_and_no_such_processor(build_hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(build_hook.CompilerError, match="no C compiler that works was found"):
        build_hook.compiler_that_works()
    monkeypatch.setattr(build_hook.platform, "machine", lambda: "s390x")
    with pytest.raises(build_hook.CompilerError, match="no kernels for s390x"):
        build_hook.build()


def test_ziglang_is_asked_for_only_where_no_compiler_works(
    build_hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(build_hook, "KernelHook"):
        pytest.skip("hatchling is not installed")
    hook = build_hook.KernelHook(str(ROOT), {}, None, None, "", "wheel")
    monkeypatch.setattr(build_hook, "works", lambda _: True)
    assert hook.dependencies() == []
    monkeypatch.setattr(build_hook, "works", lambda _: False)
    assert hook.dependencies() == ([build_hook.ZIG] if sys.platform in build_hook.ZIG_PLATFORMS else [])
    monkeypatch.setenv(build_hook.SWITCH, "0")
    assert hook.dependencies() == []
