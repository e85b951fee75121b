"""safetensors' header: every number is checked before anything is read by it; what is written the library reads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from embeddings.errors import ModelError
from embeddings.formats.tensors import read_tensors, require_kind, write_tensors

ROWS = np.arange(6, dtype=np.float32).reshape(3, 2)


def packed(header: Any, body: bytes, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24], **changes}


def test_what_the_library_writes_is_read_and_the_other_way_round(tmp_path: Path) -> None:
    save_file({"a": ROWS, "b": np.array([7, 8])}, tmp_path / "theirs", metadata={"x": "y"})
    tensors, metadata = read_tensors(tmp_path / "theirs")
    assert tensors["a"].read().tolist() == ROWS.tolist()
    assert tensors["b"].read().tolist() == [7, 8]
    assert metadata == {"x": "y"}
    write_tensors(tmp_path / "ours", {"a": (3, 2)}, {"ü": "東"}, {"a": [ROWS[:1], ROWS[1:]]})
    np.testing.assert_array_equal(load_file(tmp_path / "ours")["a"], ROWS)


@pytest.mark.parametrize(("kind", "exact"), [("F64", "<f8"), ("F16", "<f2"), ("I8", "<i1"), ("U16", "<u2")])
def test_kinds_of_numbers(kind: str, exact: str, tmp_path: Path) -> None:
    body = ROWS.astype(exact).tobytes()
    (tmp_path / "x").write_bytes(packed({"a": entry(dtype=kind, data_offsets=[0, len(body)])}, body))
    assert read_tensors(tmp_path / "x")[0]["a"].rows(np.array([2, 0])).tolist() == ROWS[[2, 0]].tolist()


def test_brain_floats_are_the_upper_half_of_floats(tmp_path: Path) -> None:
    body = (ROWS.view(np.uint32) >> 16).astype("<u2").tobytes()
    (tmp_path / "x").write_bytes(packed({"a": entry(dtype="BF16", data_offsets=[0, 12])}, body))
    tensor = read_tensors(tmp_path / "x")[0]["a"]
    assert tensor.read().tolist() == ROWS.tolist()
    with pytest.raises(ModelError, match="'a' is of BF16, and I64, I32, .* can be"):
        require_kind(tensor, "IU")


BAD: dict[str, Callable[[], bytes]] = {
    "no header": lambda: b"abc",
    "a header longer than the file": lambda: packed({"a": entry()}, bytes(24), length=1 << 40),
    "a negative header": lambda: packed({"a": entry()}, bytes(24), length=(1 << 64) - 1),
    "no JSON": lambda: packed(b"{nonsense", bytes(24)),
    "nested JSON": lambda: packed(b"[" * 100_000, bytes(24)),
    "a list": lambda: packed([1], bytes(24)),
    "metadata of numbers": lambda: packed({"__metadata__": {"a": 1}, "a": entry()}, bytes(24)),
    "too short": lambda: packed({"a": entry()}, bytes(20)),
    "too long": lambda: packed({"a": entry()}, bytes(30)),
    "offsets beyond the file": lambda: packed({"a": entry(shape=[1 << 40, 2], data_offsets=[0, 1 << 43])}, bytes(24)),
    "offsets the wrong way round": lambda: packed({"a": entry(data_offsets=[24, 0])}, bytes(24)),
    "negative offsets": lambda: packed({"a": entry(data_offsets=[-24, 0])}, bytes(24)),
    "a gap": lambda: packed({"a": entry(data_offsets=[4, 28])}, bytes(28)),
    "an overlap": lambda: packed({"a": entry(), "b": entry(data_offsets=[12, 36])}, bytes(36)),
    "another shape": lambda: packed({"a": entry(shape=[3, 3])}, bytes(24)),
    "a negative shape": lambda: packed({"a": entry(shape=[-3, -2])}, bytes(24)),
    "a shape that overflows": lambda: packed({"a": entry(shape=[1 << 63, 1 << 63])}, bytes(24)),
    "many axes": lambda: packed({"a": entry(shape=[1] * 1000, data_offsets=[0, 4])}, bytes(4)),
    "a shape of text": lambda: packed({"a": entry(shape="3,2")}, bytes(24)),
    "true": lambda: packed({"a": entry(shape=[True, 6])}, bytes(24)),
    "no entry": lambda: packed({"a": 3}, bytes(24)),
}


@pytest.mark.parametrize("what", BAD)
def test_headers_that_do_not_fit_are_refused_by_name(what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(BAD[what]())
    with pytest.raises(ModelError, match=r"x\.safetensors is (cut off|damaged)"):
        read_tensors(path)
