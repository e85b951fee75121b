"""A prepared corpus: a folder of Parquet that `train --prepared` wrote, and that any engine trains from.

prepared.json        what was read, how words and phrases were found in it; written last
vocabulary.parquet   word, count: the most frequent first; display: how each is mostly written, where that is known
sentences/           text: a sentence a row, its words between blanks, in the order of the corpus
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import CorpusError
from embeddings.files import put_in_place, sync_folder, work_folder, writing
from embeddings.text import CorpusReport, Counts
from embeddings.training.engine import PIECE_WORDS, SENTENCE_END, read_piece
from embeddings.training.parameters import Job

INFO_FILE, VOCABULARY_FILE, SENTENCES_FOLDER = "prepared.json", "vocabulary.parquet", "sentences"
FORMAT_VERSION = 1
_BATCH_ROWS = 500_000
_NOT_AGAIN = ("min_count", "max_final_vocab")


@dataclass(frozen=True, slots=True, eq=False)
class PreparedCorpus:
    """What a prepared corpus says of itself."""

    words: Sequence[str]
    counts: Counts
    corpus: CorpusReport
    about: dict[str, Any]
    min_count: int
    display: Sequence[str] = ()


def prepared_folder(places: Sequence[str]) -> Path | None:
    """The prepared corpus that ``places`` name, if it is one. Raises `CorpusError` for one among others."""
    found = [Path(place).expanduser() for place in places if (Path(place).expanduser() / INFO_FILE).is_file()]
    if found and len(places) > 1:
        raise CorpusError(f"{found[0]} is a prepared corpus, which is trained on alone: leave out the others.")
    return found[0] if found else None


def check_not_again(job: Job) -> None:
    """Raises `CorpusError` if ``job`` asks for what has been decided when its corpus was prepared."""
    plain = Job(job.places)
    if (job.corpus, job.tokens, job.phrases) != (plain.corpus, plain.tokens, plain.phrases) or job.phrase_lists:
        raise CorpusError("This corpus is prepared: leave out the options of reading, words and phrases.")
    for name in (*(name for name in _NOT_AGAIN if name in job.training), *(["titles"] if job.titles else [])):
        raise CorpusError(f"This corpus is prepared, and its vocabulary with it: leave out --{name.replace('_', '-')}.")


def as_info(report: CorpusReport, about: Mapping[str, Any], min_count: int) -> bytes:
    """What prepared.json holds."""
    content = {"format": FORMAT_VERSION, "min_count": min_count, "corpus": asdict(report), "about": dict(about)}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def as_vocabulary(words: Sequence[str], counts: Counts, display: Sequence[str] = ()) -> bytes:
    """What vocabulary.parquet holds."""
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    columns = {"word": pyarrow.array(words, pyarrow.string()), "count": counts}
    if display:
        columns["display"] = pyarrow.array(display, pyarrow.string())
    parquet.write_table(pyarrow.table(columns), sink)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def open_prepared(folder: Path) -> PreparedCorpus:
    """The corpus in ``folder``. Raises `CorpusError` if it is damaged or of a newer version."""
    from pyarrow import ArrowException, parquet

    try:
        info = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))
        if info["format"] > FORMAT_VERSION:
            raise CorpusError(f"{folder} was prepared by a newer version of this program. Update it.")
        table = parquet.read_table(folder / VOCABULARY_FILE)
        counts = np.asarray(table["count"].to_numpy(), np.int64)
        report = CorpusReport.of(info["corpus"])
        words, min_count = table["word"].to_pylist(), int(info["min_count"])
        display = table["display"].to_pylist() if "display" in table.column_names else ()
        return PreparedCorpus(words, counts, report, info["about"], min_count, display)
    except (OSError, ValueError, KeyError, TypeError, ArrowException) as error:
        raise CorpusError(f"The prepared corpus {folder} is damaged: {error!r}. Prepare it again.") from error


def write_rows(folder: Path, words: Sequence[str], path: Path) -> None:
    """Write the sentences of the corpus in ``folder`` to ``path`` as rows of ``words``. Raises `CorpusError`."""
    import pyarrow
    from pyarrow import ArrowException, compute
    from pyarrow.parquet import ParquetFile

    known = pyarrow.array(words, pyarrow.string())
    with path.open("wb") as file:
        for part in sorted((folder / SENTENCES_FOLDER).glob("part-*.parquet")):
            try:
                for batch in ParquetFile(part).iter_batches(_BATCH_ROWS, columns=["text"]):
                    lists = compute.split_pattern(batch.column(0), " ")
                    rows = compute.index_in(lists.flatten(), known)
                    if rows.null_count:
                        raise CorpusError(f"{part} has words that {VOCABULARY_FILE} has not. Prepare the corpus again.")
                    # Behind the last word of each sentence stands its end.
                    ends = np.cumsum(lists.value_lengths().to_numpy(zero_copy_only=False))
                    file.write(np.insert(rows.to_numpy().astype(np.int32), ends, SENTENCE_END).tobytes())
            except (OSError, ArrowException) as error:
                raise CorpusError(f"{part} is damaged: {error}. Prepare the corpus again.") from error


def kept_folder(job: Job) -> Path | None:
    """Where a job on this machine keeps its prepared corpus. Raises `CorpusError` for a place that is another's."""
    if job.engine.prepared is None:
        return None
    scheme, separator, place = job.engine.prepared.rpartition("://")
    if separator and scheme != "file":
        raise CorpusError(f"--prepared {job.engine.prepared} needs --engine spark. Name a new folder of this machine.")
    return Path(place).expanduser()


def check_new(folder: Path) -> None:
    """Raises `CorpusError` if there is something where a prepared corpus is to be written."""
    if os.path.lexists(folder):
        raise CorpusError(
            f"{folder} exists already. If it is a prepared corpus, train on it; or choose another folder."
        )


def write_prepared(folder: Path, corpus: PreparedCorpus, rows_file: Path) -> None:
    """Write ``corpus`` to a new ``folder``; ``rows_file`` has its sentences, as `write_rows` writes them."""
    import pyarrow
    from pyarrow import compute
    from pyarrow.parquet import ParquetWriter

    words = pyarrow.array(corpus.words, pyarrow.string())
    with work_folder(folder) as work, writing(folder):
        new = work / "prepared"
        (new / SENTENCES_FOLDER).mkdir(parents=True)
        schema = pyarrow.schema({"text": pyarrow.string()})
        with ParquetWriter(new / SENTENCES_FOLDER / "part-00000.parquet", schema) as writer:
            position, at_end = 0, False
            while not at_end:
                rows, at_end = read_piece(rows_file, position, PIECE_WORDS)
                position += len(rows)
                ends = np.flatnonzero(rows == SENTENCE_END)
                starts = pyarrow.array(np.concatenate(([0], ends - np.arange(len(ends)))).astype(np.int32))
                lists = pyarrow.ListArray.from_arrays(starts, words.take(pyarrow.array(rows[rows != SENTENCE_END])))
                writer.write_table(pyarrow.table({"text": compute.binary_join(lists, " ")}, schema))
        (new / VOCABULARY_FILE).write_bytes(as_vocabulary(corpus.words, corpus.counts, corpus.display))
        (new / INFO_FILE).write_bytes(as_info(corpus.corpus, corpus.about, corpus.min_count))
        sync_folder(new)
        put_in_place(new, folder)
