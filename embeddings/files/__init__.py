"""Files on disk: locks, atomic writes, checksums, arrays, compressed files, files kept open."""

from typing import TYPE_CHECKING

from embeddings.extras import late
from embeddings.files.arrays import open_array, open_regular, save_array
from embeddings.files.checksums import FileSum, file_sum
from embeddings.files.descriptors import HeldFile, row_reader
from embeddings.files.failures import reading_file, writing
from embeddings.files.locks import Lock, lock_place
from embeddings.files.places import (
    MARKER,
    carry_over,
    end_fetching,
    fetching_folder,
    file_in_place,
    is_old_training,
    is_work_folder,
    link,
    made_by_program,
    mark,
    output_folder_of,
    place_of,
    put_in_place,
    remove_work_folder,
    sync_folder,
    work_folder,
)

if TYPE_CHECKING:
    from embeddings.files.compression import (
        DAMAGED,
        is_packed,
        is_zip,
        members,
        open_member,
        open_unpacked,
        unpacked,
    )

__getattr__ = late(__name__, {"compression": "DAMAGED is_packed is_zip members open_member open_unpacked unpacked"})

__all__ = [
    "DAMAGED",
    "MARKER",
    "FileSum",
    "HeldFile",
    "Lock",
    "carry_over",
    "end_fetching",
    "fetching_folder",
    "file_in_place",
    "file_sum",
    "is_old_training",
    "is_packed",
    "is_work_folder",
    "is_zip",
    "link",
    "lock_place",
    "made_by_program",
    "mark",
    "members",
    "open_array",
    "open_member",
    "open_regular",
    "open_unpacked",
    "output_folder_of",
    "place_of",
    "put_in_place",
    "reading_file",
    "remove_work_folder",
    "row_reader",
    "save_array",
    "sync_folder",
    "unpacked",
    "work_folder",
    "writing",
]
