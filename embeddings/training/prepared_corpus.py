"""A prepared corpus: a folder of Parquet that a cluster wrote, and that any engine trains from.

prepared.json        what was read, how words and phrases were found in it; written last
vocabulary.parquet   word, count: the most frequent first
sentences/           text: a sentence a row, its words between blanks, in the order of the corpus
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import CorpusError
from embeddings.text import CorpusReport, Counts
from embeddings.training.engine import SENTENCE_END
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


def as_vocabulary(words: Sequence[str], counts: Counts) -> bytes:
    """What vocabulary.parquet holds."""
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table({"word": pyarrow.array(words, pyarrow.string()), "count": counts}), sink)
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
        return PreparedCorpus(table["word"].to_pylist(), counts, report, info["about"], int(info["min_count"]))
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
