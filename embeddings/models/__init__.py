"""The model directory: its files, its vocabulary, its vectors, read and written."""

from typing import TYPE_CHECKING

from embeddings.extras import late
from embeddings.models.model import (
    MANIFEST_FILE,
    MAP_FILE,
    MOST_MANIFEST_BYTES,
    SUBWORDS_FILE,
    VECTORS_FILE,
    Card,
    Manifest,
    Model,
    open_as,
    open_model,
    parse_manifest,
    read_manifest,
    verify_model,
)
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, RowTexts, open_texts, write_texts
from embeddings.models.spelling import fold, fold_each, folded_key, plain
from embeddings.models.subwords import LONGEST_NGRAM, subword_vector
from embeddings.models.vocabulary import ranked_variants
from embeddings.models.word_vectors import Neighbours, WordVectors

if TYPE_CHECKING:
    from embeddings.models.packed import (
        Band,
        Content,
        pack,
        unpack,
    )
    from embeddings.models.tuning import Trial, tune
    from embeddings.models.writer import ModelWriter, rebuild_index, save_model

__getattr__ = late(
    __name__,
    {
        "packed": "Band Content pack unpack",
        "tuning": "Trial tune",
        "writer": "ModelWriter rebuild_index save_model",
    },
)

__all__ = [
    "DESCRIPTIONS_FILE",
    "DISPLAY_FILE",
    "LONGEST_NGRAM",
    "MANIFEST_FILE",
    "MAP_FILE",
    "MOST_MANIFEST_BYTES",
    "SUBWORDS_FILE",
    "VECTORS_FILE",
    "Band",
    "Card",
    "Content",
    "Manifest",
    "Model",
    "ModelWriter",
    "Neighbours",
    "RowTexts",
    "Trial",
    "WordVectors",
    "fold",
    "fold_each",
    "folded_key",
    "open_as",
    "open_model",
    "open_texts",
    "pack",
    "parse_manifest",
    "plain",
    "ranked_variants",
    "read_manifest",
    "rebuild_index",
    "save_model",
    "subword_vector",
    "tune",
    "unpack",
    "verify_model",
    "write_texts",
]
