"""Files on the disk: places held and written in one step, checksums, packed files, files kept open."""

from embeddings.files.checksums import FileSum, file_sum, reading_file
from embeddings.files.compression import (
    DAMAGED,
    is_packed,
    is_zip,
    members,
    open_member,
    open_unpacked,
    unpacked,
)
from embeddings.files.descriptors import KeptOpen, row_reader
from embeddings.files.places import (
    TRAINING_SUFFIX,
    alone,
    link,
    lock_place,
    make_empty,
    partial_of,
    put_in_place,
    sync_folder,
    writing,
)

__all__ = [
    "DAMAGED",
    "TRAINING_SUFFIX",
    "FileSum",
    "KeptOpen",
    "alone",
    "file_sum",
    "is_packed",
    "is_zip",
    "link",
    "lock_place",
    "make_empty",
    "members",
    "open_member",
    "open_unpacked",
    "partial_of",
    "put_in_place",
    "reading_file",
    "row_reader",
    "sync_folder",
    "unpacked",
    "writing",
]
