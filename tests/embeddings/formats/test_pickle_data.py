"""Pickles read as data: nothing in them is called, whatever they hold."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.formats import pickle_data
from embeddings.formats.pickle_data import GlobalName, Made, array_of, read_pickle


class Harm:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("harm was done",))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_and_arrays_are_read(protocol: int, tmp_path: Path) -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    value = {
        "words": ["a", "東京"],
        "n": (1, 2**40, -1.5, None, True),
        "rows": rows,
        "columns": np.asfortranarray(rows),
    }
    (tmp_path / "x").write_bytes(pickle.dumps(value, protocol))
    found = read_pickle(tmp_path / "x")
    assert (found["words"], found["n"]) == (value["words"], value["n"])
    for name in ("rows", "columns"):
        np.testing.assert_array_equal(array_of(found[name]), rows)  # type: ignore[arg-type]


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_called(protocol: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps(Harm(), protocol))
    found = read_pickle(tmp_path / "x")
    assert isinstance(found, Made)
    assert isinstance(found.kind, GlobalName)
    assert (found.kind.name, found.arguments) == ("print", ("harm was done",))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content",
    [b"\x80\x04", b"\x80\x04.", b"\x80\x04]e.", b"\x80\x04N\x8e" + b"\xff" * 8, b"\x80\x02h\x05.", b"\x80\x02}Nb."],
)
def test_damaged_pickles_are_refused_by_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.kv").write_bytes(content)
    with pytest.raises(ModelError, match=r"x\.kv is damaged"):
        read_pickle(tmp_path / "x.kv")


def test_keys_that_would_end_the_process_or_keep_it_busy_are_refused(tmp_path: Path) -> None:
    deep = b"\x80\x04}(N" + b"\x85" * 1_000_000 + b"Nu."  # hashing tuples in tuples overflows the stack
    busy = b"\x80\x04}(" + b"".join(pickle.dumps(n * ((1 << 61) - 1), 4)[13:-1] + b"N" for n in range(2, 9)) + b"u."
    for content in (deep, busy, b"\x80\x04\x8f(N" + b"\x85" * 1_000_000 + b"\x90."):
        (tmp_path / "x.kv").write_bytes(content)
        with pytest.raises(ModelError, match=r"x\.kv is damaged"):
            read_pickle(tmp_path / "x.kv")


def test_objects_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("_MOST_STEPS", 5000), ("_MOST_REMEMBERED", 90), ("_MOST_CONTAINERS", 90), ("_MOST_SETS", 90)):
        monkeypatch.setattr(pickle_data, name, most)
    for filler in (b"N", b"N\x94", b"]", b"}", b"\x8f", b"N\x85", b"(l", b"(d", b"("):
        (tmp_path / "x.kv").write_bytes(b"\x80\x04(" + filler * 6000 + b"l.")
        with pytest.raises(ModelError, match="more objects than vectors need"):
            read_pickle(tmp_path / "x.kv")


@pytest.mark.parametrize(
    ("shape", "content"),
    [
        ((1 << 60, 2), b""),
        ((-1, -8), bytes(8)),
        ((3,), bytes(8)),
        ((True, 2), bytes(8)),
        ((2,), "\u6771" * 8),
        ("2", b""),
    ],
)
def test_arrays_of_other_sizes_are_none(shape: object, content: object) -> None:
    dtype = Made(GlobalName("numpy", "dtype"), ("f4", False, True), (3, "<", None, None, None, -1, -1, 0))
    array = Made(
        GlobalName("numpy", "_reconstruct"),
        (GlobalName("numpy", "ndarray"), (0,), b"b"),
        (1, shape, dtype, False, content),
    )
    assert array_of(array) is None
