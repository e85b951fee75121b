"""A Python pickle read as data: no class is looked up, and nothing is called.

What unpickling would call or build becomes a `Made` that says what it would have been. Readers take the numbers and
words out of it, and refuse the rest.
"""

import io
import math
import pickletools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.formats.sources import reading

_MOST_BYTES = 1 << 32
_MOST_STEPS, _MOST_REMEMBERED, _MOST_CONTAINERS, _MOST_SETS = 1 << 26, 12_000_000, 10_000_000, 10_000
"""Enough for the three million words of Google News as gensim 3 saved them, with an object each."""
_MOST_AXES, _LONGEST_AXIS = 4, 1 << 48
_ARRAY_KINDS = {f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)} - {"f1"}
_FAULTY = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, MemoryError, UnicodeError)


@dataclass(frozen=True, slots=True)
class GlobalName:
    """A class or function, by its name alone."""

    module: str
    name: str


@dataclass(slots=True, eq=False)
class Made:
    """What calling ``kind`` with ``arguments`` would have made, and the state it would have been given."""

    kind: Any
    arguments: Any
    state: Any = None

    @property
    def title(self) -> str:
        """The name of its class, to be shown."""
        return " ".join(self.kind.name[:60].split()) if isinstance(self.kind, GlobalName) else "object"


def read_pickle(path: Path) -> Any:
    """What the pickle at ``path`` holds. Raises `ModelError` for what is damaged or cannot be read as data."""
    with reading(path):
        if path.stat().st_size > _MOST_BYTES:
            raise ModelError(f"{path} is larger than {_MOST_BYTES >> 30} GB, which no pickle of words is.")
        content = io.BytesIO(path.read_bytes())
    try:
        return _Machine().run(content)
    except _FAULTY as error:
        what = " ".join(str(error)[:200].split())
        raise ModelError(f"{path} is damaged, or no pickle that can be read as data: {what}.") from error


_MARK = object()


class _Machine:
    """The pickle language's stack machine, without the instructions that reach outside of the file."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.containers = self.sets = 0

    def run(self, content: io.BytesIO) -> Any:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(content)):
            if step > _MOST_STEPS or len(self.memo) > _MOST_REMEMBERED:
                raise ValueError("it has more objects than vectors need")
            if opcode.name == "STOP":
                [made] = self.stack
                return made
            self.step(opcode.name, argument)
        raise ValueError("it has no end")

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(argument)
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name in _GETS:
            self.stack.append(self.memo[int(argument)])
        elif name in _PUTS:
            self.memo[int(argument)] = self.stack[-1]
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.count(name)
            self.stack.append(_EMPTY[name]())
        elif name in _STEPS:
            if name in _MAKING:
                self.count(name)
            _STEPS[name](self, argument)
        elif name not in _SILENT:
            raise ValueError(f"it has the instruction {name}")

    def count(self, name: str) -> None:
        """Raises ValueError where a byte of the file each has made too many objects, which take a hundred."""
        self.containers += 1
        self.sets += name in ("EMPTY_SET", "FROZENSET")
        if self.containers > _MOST_CONTAINERS or self.sets > _MOST_SETS:
            raise ValueError("it has more objects than vectors need")

    def above_mark(self) -> list[Any]:
        """Take what stands above the topmost mark."""
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise ValueError("a mark is missing")
        taken = self.stack[place + 1 :]
        del self.stack[place:]
        return taken

    def take(self, number: int) -> list[Any]:
        if len(self.stack) < number:
            raise ValueError("its stack is empty")
        taken = self.stack[len(self.stack) - number :]
        del self.stack[len(self.stack) - number :]
        return taken

    def append(self, items: Sequence[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif not isinstance(target, Made):
            raise TypeError("it appends to what is no list")

    def set_items(self, items: Sequence[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, Made):  # such as collections.defaultdict
            target.state = target.state if isinstance(target.state, dict) else {}
            target = target.state
        if not isinstance(target, dict):
            raise TypeError("it sets items of what is no dictionary")
        target.update(zip(_keys(items[::2]), items[1::2], strict=True))

    def add(self, items: Sequence[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, set):
            raise TypeError("it adds to what is no set")
        target.update(_keys(items))

    def make(self, kind: Any, arguments: Any) -> None:
        self.stack.append(Made(kind, arguments))

    def build(self) -> None:
        [state] = self.take(1)
        target = self.stack[-1]
        if not isinstance(target, Made):
            raise TypeError("it gives a state to what has none")
        target.state = state

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self.stack.append(GlobalName(module, name))

    def name_of_stack(self) -> None:
        module, name = self.take(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a name is no text")
        self.stack.append(GlobalName(module, name))


def _dictionary(machine: _Machine) -> None:
    items = machine.above_mark()
    machine.stack.append(dict(zip(_keys(items[::2]), items[1::2], strict=True)))


def _keys(items: Sequence[Any]) -> Sequence[Any]:
    """``items`` if they can be keys: plain ones, since hashing tuples in tuples without end ends the process."""
    for item in items:
        if not _is_plain(item) and not (isinstance(item, tuple) and all(map(_is_plain, item))):
            raise TypeError("a key is no plain value")
    return items


def _is_plain(item: Any) -> bool:
    return item is None or isinstance(item, str | bytes | GlobalName) or (isinstance(item, int) and abs(item) < 1 << 60)


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (), "MARK": _MARK}
_LITERALS = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES "
    "SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split()
)
_GETS, _PUTS = frozenset(["GET", "BINGET", "LONG_BINGET"]), frozenset(["PUT", "BINPUT", "LONG_BINPUT"])
_SILENT = frozenset(["PROTO", "FRAME"])
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    "APPEND": lambda machine, _: machine.append(machine.take(1)),
    "APPENDS": lambda machine, _: machine.append(machine.above_mark()),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(tuple(machine.take(1))),
    "TUPLE2": lambda machine, _: machine.stack.append(tuple(machine.take(2))),
    "TUPLE3": lambda machine, _: machine.stack.append(tuple(machine.take(3))),
    "SETITEM": lambda machine, _: machine.set_items(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.above_mark()),
    "DICT": lambda machine, _: _dictionary(machine),
    "ADDITEMS": lambda machine, _: machine.add(machine.above_mark()),
    "FROZENSET": lambda machine, _: machine.stack.append(frozenset(_keys(machine.above_mark()))),
    "POP": lambda machine, _: machine.take(1),
    "POP_MARK": lambda machine, _: machine.above_mark(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "GLOBAL": lambda machine, argument: machine.name(argument),
    "STACK_GLOBAL": lambda machine, _: machine.name_of_stack(),
    "REDUCE": lambda machine, _: machine.make(*machine.take(2)),
    "NEWOBJ": lambda machine, _: machine.make(*machine.take(2)),
    "NEWOBJ_EX": lambda machine, _: machine.make(*machine.take(3)[:2]),
    "BUILD": lambda machine, _: machine.build(),
}


_MAKING = frozenset(
    "LIST TUPLE TUPLE1 TUPLE2 TUPLE3 DICT FROZENSET GLOBAL STACK_GLOBAL REDUCE NEWOBJ NEWOBJ_EX".split()
)


# ---- numpy's arrays, as they stand in pickles


def array_of(value: Any) -> npt.NDArray[Any] | None:
    """The array of numbers that numpy would have made of ``value``, or None if it is none."""
    match value:
        case Made(
            GlobalName(_, "_reconstruct"), (GlobalName(_, "ndarray"), *_), (_, shape, dtype, bool(fortran), content)
        ):
            return _array(shape, dtype, content, by_columns=fortran)
        case Made(GlobalName(_, "_frombuffer"), (content, dtype, shape, order)):
            return _array(shape, dtype, content, by_columns=order == "F")
    return None


def _array(shape: Any, dtype: Any, content: Any, *, by_columns: bool) -> npt.NDArray[Any] | None:
    kind, raw = _kind(dtype), _bytes(content)
    if kind is None or not raw or not isinstance(shape, tuple) or len(shape) > _MOST_AXES:
        return None
    if not all(type(axis) is int and 0 <= axis < _LONGEST_AXIS for axis in shape) or math.prod(
        shape
    ) * kind.itemsize != len(raw):
        return None
    return np.frombuffer(raw, kind).reshape(shape, order="F" if by_columns else "C")


def _kind(dtype: Any) -> np.dtype[Any] | None:
    match dtype:
        case Made(GlobalName(_, "dtype"), (str(code), *_), (_, str(order), *_)) if code in _ARRAY_KINDS and order in (
            "<",
            ">",
            "|",
            "=",
        ):
            return np.dtype(order.replace("|", "=") + code)
    return None


def _bytes(content: Any) -> bytes | None:
    """Bytes, also in the way in which Python 3 writes them for Python 2."""
    match content:
        case bytes() | bytearray():
            return bytes(content)
        case str() | Made(GlobalName("_codecs", "encode"), (str(), "latin1")):
            text = content if isinstance(content, str) else content.arguments[0]
            with suppress(UnicodeEncodeError):
                return text.encode("latin-1")
    return None


def walk(value: Any) -> Iterator[Made]:
    """``value``, if it was made, and what was made of its state's ``wv``: where gensim keeps its vectors."""
    seen = 0
    while isinstance(value, Made) and seen < 3:
        yield value
        value = value.state.get("wv") if isinstance(value.state, dict) else None
        seen += 1
