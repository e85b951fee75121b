"""Corpora of the tests, read as training reads them."""

from pathlib import Path

import pyarrow as pa

from embeddings.text.blocks import FileReader, TextBlock, texts_of
from embeddings.text.corpus import CorpusParameters, find_texts

DEFAULT = CorpusParameters()


def read(*places: str | Path, parameters: CorpusParameters = DEFAULT) -> tuple[str, list[TextBlock]]:
    blocks = [
        texts_of(block, parameters)
        for text in find_texts(places, parameters)
        for block in FileReader(text, parameters).blocks()
    ]
    return "".join(block.text for block in blocks), blocks


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return bytes(sink.getvalue())


def dump(*pages: str, end: str = "</mediawiki>") -> bytes:
    body = "".join(
        f"<page><title>{title}</title><ns>0</ns><revision><text>{title} text.</text></revision></page>"
        for title in pages
    )
    return f'<mediawiki xmlns="x"><siteinfo></siteinfo>{body}{end}'.encode()
