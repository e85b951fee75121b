"""Packed files: every stream to its very end, or a refusal that says where; nothing is lost without a word."""

import bz2
import gzip
import io
import lzma
import os
import threading
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.errors import ModelError
from embeddings.files import compression
from embeddings.files.compression import DamagedPack, is_packed, members, open_member, open_unpacked, unpacked

zstd = pytest.importorskip("backports.zstd")
Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd.compress,
}
NOTHING = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
"""A frame of zstd's that holds nothing, as pzstd writes before each frame."""


def read(path: Path) -> bytes:
    with open_unpacked(path) as file:
        return file.read()


@pytest.mark.parametrize("pack", [bytes, *PACKS.values()])
def test_files_are_unpacked_whatever_their_name(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(pack(b"content\n" * 100_000))
    assert read(path) == b"content\n" * 100_000
    assert is_packed(path) == (pack is not bytes)


@pytest.mark.parametrize("content", [b"", b"x", b"\x1f", b"BZ", b"BZhello", b"\x28\xb5", b"PK"])
def test_what_is_not_packed_is_read_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read(tmp_path / "file") == content


@pytest.mark.parametrize("name", PACKS)
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=6), zeros=st.integers(0, 3))
def test_all_streams_are_read_with_zeros_between_them(name: str, parts: list[bytes], zeros: int) -> None:
    for between in {bytes(4 * zeros), NOTHING * zeros if name == "zstd" else b""}:
        packed = b"".join(PACKS[name](part) + between for part in parts)
        assert unpacked(io.BytesIO(packed), "file").read() == b"".join(parts)


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("zeros", [0, 4, 70_000])
def test_long_padding_loses_nothing(name: str, zeros: int) -> None:
    """Longer than what is read at a time, and where one chunk ends with a stream."""
    part = np.random.default_rng(0).bytes(300_000)
    between = NOTHING * (zeros // 12) if name == "zstd" else bytes(zeros * 4)
    packed = PACKS[name](part) + between + PACKS[name](b"the end")
    assert unpacked(io.BytesIO(packed), "file").read() == part + b"the end"


def test_frames_may_begin_with_one_that_holds_nothing() -> None:
    assert unpacked(io.BytesIO(NOTHING + zstd.compress(b"abc")), "file").read() == b"abc"


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("junk", [b"x", b"more text\n" * 9, b"\0\0\0x"])
def test_what_follows_a_stream_and_is_none_is_refused(name: str, junk: bytes) -> None:
    packed = PACKS[name](b"content" * 1000)
    place = len(packed) + (3 if junk[:1] == b"\0" else 0)
    file = unpacked(io.BytesIO(packed + junk), "file")
    with pytest.raises(DamagedPack, match=f"what follows the end of its {name} data, at byte {place:,}, is none"):
        file.read()


@pytest.mark.parametrize("name", PACKS)
def test_every_cut_is_noticed(name: str) -> None:
    packed = PACKS[name](b"the content of the file") + PACKS[name](b"and more")
    first = len(PACKS[name](b"the content of the file"))
    for end in range(8, len(packed)):
        file = unpacked(io.BytesIO(packed[:end]), "file")
        if end == first:
            assert file.read() == b"the content of the file"
        else:
            with pytest.raises(DamagedPack):
                file.read()


@pytest.mark.parametrize("name", PACKS)
def test_damage_is_refused(name: str) -> None:
    content = PACKS[name](np.random.default_rng(0).bytes(10_000))
    damaged = content[:5000] + b"x" * 100 + content[5100:]
    if name == "zstd":  # which packs without a checksum unless asked
        checked = {zstd.CompressionParameter.checksum_flag: 1}
        content = zstd.compress(np.random.default_rng(0).bytes(10_000), options=checked)
        damaged = content[:5000] + b"x" * 100 + content[5100:]
    with pytest.raises(DamagedPack, match=name):
        unpacked(io.BytesIO(damaged), "file").read()


@pytest.mark.parametrize("name", ["plain", *PACKS])
def test_a_pipe_that_gives_a_byte_at_a_time_is_read(name: str) -> None:
    content = b"some words\n" * 20
    packed = PACKS.get(name, bytes)(content)
    reader, writer = os.pipe()

    def write() -> None:
        with os.fdopen(writer, "wb", buffering=0) as file:
            for byte in packed:
                file.write(bytes([byte]))

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reader, "rb") as file:
        assert unpacked(file, "pipe").read() == content
    thread.join()


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_what_unpacks_without_end_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_TRUSTED_BYTES", 1 << 20)
    bomb = PACKS[name](bytes(20 << 20))
    file = unpacked(io.BytesIO(bomb), "bomb.gz")
    with pytest.raises(ModelError, match=r"bomb\.gz unpacks to over 250 times its size"):
        while file.read(1 << 16):
            pass


def test_a_window_larger_than_memory_is_refused() -> None:
    """A frame header of zstd that asks for a window of 2 TB, and one of xz for a dictionary of 4 GB."""
    with pytest.raises(DamagedPack, match="zstd data is broken"):
        unpacked(io.BytesIO(b"\x28\xb5\x2f\xfd\x00\xf8" + b"\x01\0\0" + bytes(20)), "file").read()
    header = bytes([2, 0, 0x21, 1, 40]) + bytes(3)
    packed = b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46" + header + zlib.crc32(header).to_bytes(4, "little") + bytes(40)
    with pytest.raises(DamagedPack, match="Memory usage limit"):
        unpacked(io.BytesIO(packed), "file").read()


# ---- zip


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return io.BytesIO(file.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_of_one_file_is_unpacked(method: int) -> None:
    archive = zipped({"folder/": b"", "folder/glove.txt": b"a 1 2\n" * 9999, "__MACOSX/glove.txt": b"x"}, method)
    assert unpacked(archive, "glove.zip").read() == b"a 1 2\n" * 9999


def test_of_an_archive_of_several_files_one_is_named() -> None:
    archive = zipped({f"{number}.txt": b"%d" % number for number in range(7)})
    with pytest.raises(ModelError, match=r"7 files \(0.txt, 1.txt, 2.txt, 3.txt, 4.txt, …\). Unpack it and take one"):
        unpacked(archive, "glove.zip")
    assert len(members(archive, "glove.zip")) == 7
    assert open_member(archive, "glove.zip", "3.txt").read() == b"3"
    with pytest.raises(ModelError, match=r"holds no file"):
        unpacked(zipped({}), "empty.zip")


def test_archives_that_are_damaged_are_refused() -> None:
    content = zipped({"a": np.random.default_rng(0).bytes(5000)}).getvalue()
    with pytest.raises(ModelError, match=r"x\.zip is a zip archive that is damaged"):
        unpacked(io.BytesIO(content[:-30]), "x.zip")
    file = unpacked(io.BytesIO(content[:2000] + b"xxx" + content[2003:]), "x.zip")
    with pytest.raises(DamagedPack, match="its zip data is broken"):
        file.read()


def test_an_archive_that_declares_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_TRUSTED_BYTES", 1 << 20)
    with pytest.raises(ModelError, match="unpacks to over 250 times its size"):
        unpacked(zipped({"a": bytes(20 << 20)}), "bomb.zip")


def test_an_archive_in_a_pipe_is_refused() -> None:
    reader, writer = os.pipe()
    os.write(writer, zipped({"a": b"b"}).getvalue())
    os.close(writer)
    with os.fdopen(reader, "rb") as file, pytest.raises(ModelError, match="cannot be read from a pipe"):
        unpacked(file, "standard input")
