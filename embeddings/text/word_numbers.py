"""A corpus → one file of word numbers, read and tokenised once, on every core.

Blocks of text go to workers (threads or processes) and come back in their order, so the result does not depend on how
many there are. What comes back are the block's own numbers and tokens; numbering them for the whole corpus costs a
look-up for each different token of a block, not for each word.
"""

import json
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import CorpusError
from embeddings.text.blocks import FileReader, RawBlock, TextBlock, texts_of
from embeddings.text.corpus import CorpusParameters, OnError, Text
from embeddings.text.file_types import TextFormat
from embeddings.text.kernel import count_numbers, has_kernel
from embeddings.text.numbering import FoundTokens, Numbering, find_tokens
from embeddings.text.tokens import FIRST_WORD, Ids, Splitting, TokenParameters, unspaced_word

IDS_FILE, WORDS_FILE, TITLES_FILE, _REPORT_FILE = "tokens.bin", "words.txt", "titles.txt", "corpus.json"
_SMALL_BYTES = 4 << 20
"""Below this, starting processes takes longer than the work."""

CleanProgress = Callable[[int, int, int], None]
"""Called with the bytes read, the bytes there are (0 if not known) and the words so far."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file of the corpus, as it was read."""

    name: str
    bytes: int
    sha256: str | None
    """None where a cluster read it in pieces."""


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """What was read."""

    files: tuple[FileReport, ...] = ()
    words: int = 0
    different_words: int = 0
    articles: int = 0
    undecodable: int = 0
    """Byte sequences that are not of the encoding; each stands in the text as a separator."""
    skipped: int = 0
    """Bad lines, objects, pages and rests of files that were left out, as it was asked for."""
    left_out: tuple[str, ...] = ()
    """What was left out of folders and the rests of files, a sentence each."""
    unspaced: str = ""
    """A word of a script without spaces, if much of the text is of one and was not taken apart into words."""

    def write(self, folder: Path) -> None:
        """Keep the report for `read`."""
        (folder / _REPORT_FILE).write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "CorpusReport":
        """The report that `clean` wrote."""
        return cls.of(json.loads((folder / _REPORT_FILE).read_text(encoding="utf-8")))

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "CorpusReport":
        """The report of what `asdict` gave."""
        files = tuple(FileReport(**file) for file in content["files"])
        return cls(**{**content, "files": files, "left_out": tuple(content.get("left_out", ()))})


def clean(
    texts: Sequence[Text],
    reading: CorpusParameters,
    tokens: TokenParameters,
    folder: Path,
    processes: int,
    progress: CleanProgress,
) -> CorpusReport:
    """Read ``texts`` and write tokens.bin (int32), words.txt, titles.txt and corpus.json into ``folder``.

    Raises `CorpusError` where a text cannot be read or where there is not one word in all of them.
    """
    numbering = Numbering(tokens, by_kernel=has_kernel())
    report = CorpusReport()
    left_out: list[str] = []
    total = 0 if any(not text.bytes for text in texts) else sum(text.bytes for text in texts)
    done = 0
    with (folder / IDS_FILE).open("wb") as ids_file, (folder / TITLES_FILE).open("w", encoding="utf-8") as titles:
        for text in texts:
            file = FileReader(text, reading)
            for read, found in _readable(_tokenised(file, reading, tokens, processes), reading, left_out):
                ids = numbering.add(found)
                ids_file.write(ids.tobytes())
                titles.writelines(f"{title}\n" for title in read.titles)
                report = replace(
                    report,
                    words=report.words + int((ids >= FIRST_WORD).sum()),
                    articles=report.articles + read.articles,
                    undecodable=report.undecodable + read.undecodable,
                    skipped=report.skipped + read.skipped,
                )
                progress(done + file.bytes_read, total, report.words)
            done += file.bytes_read
            about = FileReport(text.name, file.bytes_read, file.sha256)
            report = replace(report, files=(*report.files, about))
    if not report.words:
        raise CorpusError(f"There is not one word in {', '.join(text.name for text in texts)}.")
    words = numbering.words
    unspaced = unspaced_word(words) if tokens.splitting is Splitting.WORDS else ""
    report = replace(
        report,
        different_words=len(words),
        skipped=report.skipped + len(left_out),
        left_out=tuple(left_out),
        unspaced=unspaced,
    )
    write_lines(folder / WORDS_FILE, words)
    report.write(folder)
    return report


def _readable(blocks: "Iterator[Tokenised]", reading: CorpusParameters, left_out: list[str]) -> "Iterator[Tokenised]":
    """``blocks`` of a file up to where it is damaged, if that is to be skipped; ``left_out`` then gets the reason."""
    try:
        yield from blocks
    except CorpusError as error:
        if reading.on_error is not OnError.SKIP:
            raise
        left_out.append(f"{error} What follows was left out.")


def read_lines(path: Path) -> list[str]:
    """The lines of a file that `write_lines` wrote."""
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write words, which never have a line break in them, one a line."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join((*lines, "")))


Tokenised = tuple[TextBlock, FoundTokens]


def _tokenised(
    file: FileReader, reading: CorpusParameters, tokens: TokenParameters, processes: int
) -> Iterator[Tokenised]:
    """The blocks of ``file`` in order, tokenised by ``processes``."""
    if processes < 2 or 0 < file.text.bytes < _SMALL_BYTES:
        for block in file.blocks():
            yield _tokenise_block(block, reading, tokens)
        return
    waiting: deque[Future[Tokenised]] = deque()
    executor = _executor(file, processes)
    try:
        for block in file.blocks():
            waiting.append(executor.submit(_tokenise_block, block, reading, tokens))
            if len(waiting) > 3 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise CorpusError(
            f"A process that tokenised {file.text.name} was killed, perhaps for want of memory. Try fewer --workers."
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _executor(file: FileReader, workers: int) -> Executor:
    """Threads for plain text, of which the kernel does most without Python's lock; processes for all that is parsed."""
    if file.text.format is TextFormat.TEXT and has_kernel():
        return ThreadPoolExecutor(workers, "tokens")
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_as_worker)


def _tokenise_block(block: RawBlock, reading: CorpusParameters, parameters: TokenParameters) -> Tokenised:
    read = texts_of(block, reading)
    return replace(read, text=""), find_tokens(read.text, parameters.splitting, by_kernel=has_kernel())


def _as_worker() -> None:
    """Leave Ctrl-C to the parent process, and end with it, whatever ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def open_ids(path: Path) -> Ids:
    """The numbers in ``path``, memory-mapped."""
    if not path.stat().st_size:
        return np.empty(0, np.int32)
    return np.memmap(path, np.int32, mode="r")


def count_ids(ids: Ids, size: int, block: int = 1 << 18) -> npt.NDArray[np.int64]:
    """How often each number below ``size`` is in ``ids``."""
    if has_kernel():
        return count_numbers(ids, size)
    counts = np.zeros(size, np.int64)
    for start in range(0, len(ids), block):
        counts += np.bincount(ids[start : start + block], minlength=size)
    return counts
