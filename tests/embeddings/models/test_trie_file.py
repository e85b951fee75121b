import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import marisa_trie
import pytest

from embeddings.errors import ModelError
from embeddings.models.trie_file import check_trie

WORDS = sorted({f"{first} {second}" for first in ("new", "old", "san") for second in ("york", "jose", "yorkshire")})
Parts = dict[str, Any]

BITS = ("units", "Isize", "Iones", "ranks", "zeros", "places")
"""The parts of a bit vector; a letter before a name is that of a number, the others are vectors of bytes."""
PARTS = (
    *(f"{part}:{name}" for part in ("louds", "terminals", "links") for name in BITS),
    *("bases", "extras", "Ibits", "Imask", "Qnumber", "tail", *(f"ends:{name}" for name in BITS)),
)


def parts_of(content: bytes) -> list[Parts]:
    """The tries of a file, as marisa-trie writes them: that of the keys first."""
    place, tries = 16, list[Parts]()

    def take(name: str) -> Any:
        nonlocal place
        letter = name.rpartition(":")[2][0]
        form = "<" + (letter if letter in "IQ" else "Q")
        (number,) = struct.unpack_from(form, content, place)
        place += struct.calcsize(form)
        if letter in "IQ":
            return number
        place += number + -number % 8
        return bytearray(content[place - number - -number % 8 :][:number])

    while not tries or (tries[-1]["links:Iones"] and not tries[-1]["tail"]):
        tries.append({name: take(name) for name in PARTS})
    for trie in reversed(tries):
        trie |= {name: take(name) for name in ("cache", "Ifirst", "Isettings")}
    assert place == len(content)
    return tries


def file_of(tries: list[Parts]) -> bytes:
    written = bytearray(b"We love Marisa.\0")

    def write(name: str, value: Any) -> None:
        letter = name.rpartition(":")[2][0]
        if letter in "IQ":
            written.extend(struct.pack("<" + letter, value))
        else:
            written.extend(struct.pack("<Q", len(value)) + value + bytes(-len(value) % 8))

    for trie in tries:
        for name in PARTS:
            write(name, trie[name])
    for trie in reversed(tries):
        for name in ("cache", "Ifirst", "Isettings"):
            write(name, trie[name])
    return bytes(written)


def words_of(number: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("abcdé東 ", k=chance.randrange(1, 25))) for _ in range(number)]


@pytest.mark.parametrize("words", [[], ["a"], WORDS, words_of(3000, 1), ["a" * length for length in range(1, 600)]])
@pytest.mark.parametrize("tries", [1, 3, 5])
@pytest.mark.parametrize("binary", [False, True])
def test_what_the_library_writes_passes(tmp_path: Path, words: list[str], tries: int, binary: bool) -> None:
    trie = marisa_trie.Trie(words, num_tries=tries, binary=binary)
    (tmp_path / "trie").write_bytes(trie.tobytes())
    assert file_of(parts_of(trie.tobytes())) == trie.tobytes()
    check_trie(tmp_path / "trie")


def flip(part: str, bit: int) -> Callable[[list[Parts]], None]:
    def change(tries: list[Parts]) -> None:
        tries[0][part][bit // 8] ^= 1 << bit % 8

    return change


def set_part(part: str, value: Any, trie: int = 0) -> Callable[[list[Parts]], None]:
    return lambda tries: tries[trie].update({part: value(tries[trie][part]) if callable(value) else value})


def move_last_key(tries: list[Parts]) -> None:
    """A key at a node behind the last, with all counts right."""
    size = tries[0]["terminals:Isize"]
    assert size <= 64
    last = int.from_bytes(tries[0]["terminals:units"], "little").bit_length() - 1
    flip("terminals:units", last)(tries)
    flip("terminals:units", size - 1)(tries)


def swap_children(tries: list[Parts]) -> None:
    """The root has no children, and the node behind it is its own parent."""
    bits = tries[0]["louds:units"]
    assert bits[0] & 0b111111 == 0b011101  # before the root, the root with three children
    bits[0] ^= 0b100100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_part("Ifirst", 0), "children of its root"),
        (set_part("Ifirst", 0xFFFFFFFF), "children of its root"),
        (set_part("louds:Isize", 1 << 31), "another length"),
        (set_part("louds:Iones", 5), "another number of ones"),
        (flip("louds:ranks", 40), "counted wrong"),
        (flip("louds:zeros", 3), "counted wrong"),
        (flip("louds:places", 3), "counted wrong"),
        (flip("terminals:places", 3), "counted wrong"),
        (flip("links:ranks", 33), "counted wrong"),
        (flip("louds:units", 9), "ones"),
        (swap_children, "no tree"),
        (move_last_key, "its keys are not counted"),
        (set_part("bases", b"abc"), "its nodes are not counted"),
        (set_part("Imask", 0xFFFF), "not packed"),
        (set_part("Ibits", 32), "not packed"),
        (set_part("Qnumber", 1 << 62), "not counted"),
        (set_part("cache", b""), "power of two"),
        (set_part("cache", lambda cache: cache[:36]), "power of two"),
        (set_part("cache", lambda cache: bytes(len(cache))), "not that of its nodes"),
        (set_part("cache", lambda cache: b"\1\0\0\0" + cache[4:]), "not that of its nodes"),
        (set_part("tail", lambda tail: tail[:-1] + b"x", -1), "no end"),
        (set_part("tail", b"\0", -1), "leads nowhere"),
        (set_part("tail", b"", -1), "whole number"),  # it reads what follows as another trie
    ],
)
def test_a_number_that_leads_elsewhere_is_refused(
    tmp_path: Path, change: Callable[[list[Parts]], None], said: str
) -> None:
    tries = parts_of(marisa_trie.Trie(WORDS).tobytes())
    change(tries)
    (tmp_path / "trie").write_bytes(file_of(tries))
    with pytest.raises(ModelError, match=f"{tmp_path / 'trie'} is damaged: .*({said})"):
        check_trie(tmp_path / "trie")


def test_a_link_beyond_the_next_trie_is_refused(tmp_path: Path) -> None:
    tries = parts_of(marisa_trie.Trie(words_of(500, 2)).tobytes())
    linked = [place for place in range(tries[0]["links:Isize"]) if tries[0]["links:units"][place // 8] >> place % 8 & 1]
    nodes = len(tries[1]["bases"])
    assert 256 < nodes < 1024
    tries[0]["extras"][:] = b"\xff" * len(tries[0]["extras"])
    tries[0]["cache"][:] = b"\xff" * len(tries[0]["cache"])
    assert linked
    (tmp_path / "trie").write_bytes(file_of(tries))
    with pytest.raises(ModelError, match="leads nowhere"):
        check_trie(tmp_path / "trie")


def test_cut_off_or_continued_files_are_refused(tmp_path: Path) -> None:
    content = marisa_trie.Trie(WORDS).tobytes()
    for changed in (b"", content[:8], b"x" + content[1:], content[:-8], content + b"\0", content[: len(content) // 2]):
        (tmp_path / "trie").write_bytes(changed)
        with pytest.raises(ModelError, match="trie"):
            check_trie(tmp_path / "trie")


def test_keys_longer_than_any_word_are_refused(tmp_path: Path) -> None:
    levels = ["x" * length for length in range(1, 50)]
    (tmp_path / "trie").write_bytes(marisa_trie.Trie([*levels, "y" * 200_000]).tobytes())
    check_trie(tmp_path / "trie")
    for binary in (False, True):
        for longest, holds in ((1 << 18, True), ((1 << 18) + 1, False)):
            words = [*levels, "x" * 40 + "y" * (longest - 40)]
            (tmp_path / "trie").write_bytes(marisa_trie.Trie(words, binary=binary).tobytes())
            if holds:
                check_trie(tmp_path / "trie")
            else:
                with pytest.raises(ModelError, match="longer than any word"):
                    check_trie(tmp_path / "trie")
