"""safetensors files, read and written byte by byte: a header of JSON that says where each tensor lies, and their bytes.

Every number of the header is checked before anything is read by it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.formats.sources import reading, require_file

_MOST_HEADER_BYTES = 100_000_000
_KINDS = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "<u1",
}
_MOST_AXES = 8


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where a tensor lies in a file that is long enough for it."""

    path: Path
    name: str
    kind: str
    """safetensors' name of the kind of number."""
    shape: tuple[int, ...]
    place: int

    def read(self) -> npt.NDArray[Any]:
        """All of it, brain floats as 32-bit floats."""
        return self.rows(slice(None)) if math.prod(self.shape) else np.empty(self.shape, np.float32)

    def rows(self, wanted: slice | npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The ``wanted`` rows, read through a memory map. Raises `ModelError`."""
        with reading(self.path):
            values = np.memmap(self.path, _KINDS[self.kind], "r", self.place, self.shape)[wanted]
        if self.kind == "BF16":
            return (values.astype(np.uint32) << 16).view(np.float32).view(np.ndarray)
        return np.array(values)


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file by name, and its metadata. Raises `ModelError` for a header that does not fit the file."""
    require_file(path)
    with reading(path), path.open("rb") as file:
        size = path.stat().st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(_MOST_HEADER_BYTES, size - 8):
            raise ModelError(f"{path} is cut off or damaged: its header claims {length:,} of {size:,} bytes.")
        text = file.read(length)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: its header is no JSON ({str(error)[:200]}).") from error
    if not isinstance(header, dict):
        raise ModelError(f"{path} is damaged: its header is no object.")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ModelError(f"{path} is damaged: its metadata is not an object of texts.")
    spans = {name: _span(path, name, entry) for name, entry in header.items()}
    end = 0
    for name, (begin, stop) in sorted(spans.items(), key=lambda item: item[1]):
        if begin != end:
            raise ModelError(f"{path} is damaged: its tensor '{name[:40]}' begins at {begin:,} and not at {end:,}.")
        end = stop
    if end != size - 8 - length:
        raise ModelError(
            f"{path} is cut off or damaged: its tensors take {end:,} bytes, and {size - 8 - length:,} are there."
        )
    tensors = {
        name: Tensor(path, name, entry["dtype"], tuple(entry["shape"]), 8 + length + spans[name][0])
        for name, entry in header.items()
    }
    return tensors, metadata


def _span(path: Path, name: str, entry: Any) -> tuple[int, int]:
    """Where the tensor's bytes begin and end, counted from the end of the header."""
    match entry:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [begin, end]} if (
            all(_is_size(number) for number in (*shape, begin, end)) and len(shape) <= _MOST_AXES
        ):
            width = np.dtype(_KINDS[kind]).itemsize if kind in _KINDS else None
            if begin <= end and (width is None or math.prod(shape) * width == end - begin):
                return begin, end
    raise ModelError(f"{path} is damaged: what its header says of the tensor '{name[:40]}' does not fit together.")


def _is_size(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 1 << 62


def require_kind(tensor: Tensor, kinds: str) -> Tensor:
    """``tensor``, if its numbers are of the ``kinds``: F for floats, I and U for whole ones, B for brain floats."""
    if tensor.kind not in _KINDS or tensor.kind[0] not in kinds:
        raise ModelError(
            f"{tensor.path} holds a kind of number that cannot be taken: '{tensor.name}' is of {tensor.kind[:20]}, and "
            f"{', '.join(kind for kind in _KINDS if kind[0] in kinds)} can be."
        )
    return tensor


def write_tensors(
    path: Path, shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str], rows: Mapping[str, Any]
) -> None:
    """Write tensors of 32-bit floats: of each its shape, and its ``rows`` as an iterable of arrays."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in shapes:
            _write_rows(file, rows[name])


def _write_rows(file: BinaryIO, rows: Any) -> None:
    file.writelines(np.ascontiguousarray(block, "<f4").data for block in rows)
