"""word2vec's binary format: a header, then a word and the bytes of its numbers, over and over."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from embeddings.errors import ModelError
from embeddings.files import is_packed, open_unpacked
from embeddings.formats.headers import Header, read_header
from embeddings.formats.sources import (
    LONGEST_WORD,
    Block,
    Faults,
    Source,
    cut_off,
    decode,
    reading,
    require_file,
    rows_per_block,
)
from embeddings.formats.text import blocks_of
from embeddings.models import Model

_CHUNK = 1 << 23


def read_word2vec_binary(path: Path, faults: Faults) -> Source:
    """word2vec's binary format: ``count dimension``, then a word, a space and its 32-bit floats, over and over."""
    require_file(path)
    with reading(path), open_unpacked(path) as file:
        line = file.readline(1000)
        header = read_header(path, line)
        least = len(line) + header.words * (4 * header.dimension + 1)
        if not is_packed(path) and (size := path.stat().st_size) < least:
            raise ModelError(
                f"{path} is cut off: it announces {header.words:,} words of {header.dimension:,} numbers, which take "
                f"{least:,} bytes or more, and has {size:,}. Get it again."
            )
    return Source(header.dimension, _read_word2vec(path, header, faults), rows=header.words, unit="word")


def _read_word2vec(path: Path, header: Header, faults: Faults) -> Iterator[Block]:
    size, most = 4 * header.dimension, rows_per_block(header.dimension)
    with reading(path), open_unpacked(path) as file:
        file.readline(1000)
        words: list[str] = []
        places: list[int] = []
        rows: list[bytes] = []
        buffer, start = b"", 0
        for place in range(1, header.words + 1):
            while (end := buffer.find(b" ", start)) < 0 or len(buffer) < end + 1 + size:
                if end < 0 and len(buffer) - start > LONGEST_WORD:
                    raise ModelError(
                        f"{path}, word {place:,}: there is no end to it. The file is not word2vec's binary."
                    )
                chunk = file.read(_CHUNK)
                if not chunk:
                    raise cut_off(path, place, header.words)
                buffer, start = buffer[start:] + chunk, 0
            written = buffer[start:end].lstrip(b"\n")
            word = decode(written)
            if word is None:
                faults.skip_row(f"word {place:,}", f"{written[:100]!r} is not UTF-8.")
            else:
                words.append(word)
                places.append(place)
                rows.append(buffer[end + 1 : end + 1 + size])
            start = end + 1 + size
            if len(rows) == most or (place == header.words and rows):
                yield Block(words, np.frombuffer(b"".join(rows), "<f4").reshape(-1, header.dimension), places)
                words, places, rows = [], [], []
        if (buffer[start:] + file.read(100)).strip():
            faults.note(
                f"word {header.words:,}", f"the header announces {header.words:,} words, and more follows them."
            )
        while file.read(_CHUNK):  # the end of a packed file has its checksum
            pass


def write_word2vec_binary(model: Model, path: Path, count: int) -> None:
    """word2vec's binary format, packed if the name ends in .gz."""
    with gzip.open(path, "wb", compresslevel=6) if ".gz" in path.suffixes else path.open("wb") as file:
        file.write(f"{count} {model.dimension}\n".encode())
        for words, vectors in blocks_of(model, count):
            for word, vector in zip(words, vectors.astype("<f4"), strict=True):
                if " " in word or word.startswith("\n"):
                    raise ModelError(
                        f"The word {word!r} holds white space, which this format cannot. Choose safetensors or parquet."
                    )
                file.write(word.encode("utf-8") + b" " + vector.tobytes() + b"\n")
