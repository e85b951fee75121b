"""What workers do to their pieces of a text, with the functions that the local engine uses, block by block.

What Spark's mapInArrow is given takes batches of rows and gives batches of rows; what all workers share comes as a
broadcast, which is asked for its ``value`` there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from embeddings.spark.corpus import SparkText, as_raw
from embeddings.text import (
    FIRST_WORD,
    CorpusParameters,
    Counts,
    Expansion,
    Ids,
    SentenceText,
    TokenParameters,
    split_compound,
    texts_of,
    tokenise,
)

RARE, RARE_WORD = FIRST_WORD, ""
"""The number of all words that are too rare to have their own, and what stands for them among the words."""
PLACE_SCHEMA = "file int, start long, part int"
CLEANED_SCHEMA = (
    f"{PLACE_SCHEMA}, words array<string>, ids binary, titles array<string>, tokens long, articles long, "
    "undecodable long, ends boolean"
)
IDS_SCHEMA = f"{PLACE_SCHEMA}, ids binary"
FIRST_SCHEMA = "kind int, file int, start long, part int, word_number int, piece int"
"""Where a word is met first; ``kind`` and ``piece``: words that only compounds have come after all others."""
_ROWS = 50_000
WORDS_SCHEMA = f"word string, met long, {PLACE_SCHEMA}, word_number int"
NUMBERED_SCHEMA = f"word string, met long, {FIRST_SCHEMA}"

Batches = Callable[[Iterator[Any]], Iterator[Any]]
Counting = Callable[[Ids], tuple[Counts, Counts]]
"""From a block's numbers to different keys and how often each is met."""


def tokenise_blocks(texts: Sequence[SparkText], reading: CorpusParameters, tokens: TokenParameters) -> Batches:
    """Rows of `spark_corpus.BLOCKS_SCHEMA` → their words, of `CLEANED_SCHEMA`."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        for file, start, part, place, content, ends in rows_of(batches):
            read = texts_of(as_raw(texts, file, start, place, content), reading)
            found = tokenise(read.text, tokens)
            yield as_batch(
                CLEANED_SCHEMA,
                [(file, start, part, found.words, found.ids.tobytes(), read.titles, len(found), read.articles,
                  read.undecodable, ends)],
            )  # fmt: skip

    return run


def count_words(batches: Iterator[Any]) -> Iterator[Any]:
    """Rows of `CLEANED_SCHEMA` → each word, how often and where first it is met."""
    met: Counter[str] = Counter()
    first: dict[str, tuple[int, int, int, int]] = {}
    for file, start, part, words, ids, *_ in rows_of(batches):
        counts = np.bincount(ids_of(ids), minlength=len(words) + FIRST_WORD)[FIRST_WORD:].tolist()
        for number, (word, count) in enumerate(zip(words, counts, strict=True)):
            met[word] += count
            place = (file, start, part, number)
            if first.setdefault(word, place) > place:
                first[word] = place
    rows = ((word, count, *first[word]) for word, count in met.items())
    yield from as_batches(WORDS_SCHEMA, rows)


def take_apart(min_count: int, wanted: Any) -> Batches:
    """Rows of words → those met less than ``min_count`` times, unless ``wanted``, as the parts of their compounds."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        def rows() -> Iterator[tuple[Any, ...]]:
            for word, met, *first in rows_of(batches):
                parts = split_compound(word) if met < min_count and word not in wanted.value else [word]
                if len(parts) == 1:
                    yield (word, met, 0, *first, 0)
                for piece, part in enumerate(parts if len(parts) > 1 else ()):
                    yield (part, met, 1, *first, piece)

        yield from as_batches(NUMBERED_SCHEMA, rows())

    return run


def keep_frequent(least: int, always: Any) -> Batches:
    """Rows of words → those met ``least`` times or ``always`` wanted."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            words, met = batch.column("word").to_pylist(), batch.column("met").to_pylist()
            yield batch.filter(
                pyarrow.array([n >= least or word in always.value for word, n in zip(words, met, strict=True)])
            )

    return run


def number_blocks(numbers: Any, apart: bool) -> Batches:
    """Rows of `CLEANED_SCHEMA` → of `IDS_SCHEMA`; words without a number by their parts if ``apart``, or `RARE`."""

    def numbers_of(word: str) -> tuple[int, ...]:
        number = numbers.value.get(word)
        if number is not None or not apart:
            return (RARE if number is None else number,)
        return tuple(numbers.value.get(part, RARE) for part in split_compound(word))

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        for file, start, part, words, ids in rows_of(batches):
            of_words = [numbers_of(word) for word in words]
            lengths = np.array([1] * FIRST_WORD + [len(of_word) for of_word in of_words])
            parts = np.array([*range(FIRST_WORD), *(one for of_word in of_words for one in of_word)], np.int32)
            starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
            renumbered = Expansion(starts, lengths, parts).apply(ids_of(ids))
            yield as_batch(IDS_SCHEMA, [(file, start, part, renumbered.tobytes())])

    return run


def score_pairs(links: Any, total: int, others: int) -> Batches:
    """Rows of pairs → those that ``links`` chooses, with their scores."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for batch in batches:
            keys, met = batch.column("key").to_numpy(), batch.column("met").to_numpy()
            scores = links.value.scores(keys, met, total, others)
            chosen = links.value.chosen(met, scores)
            arrays = [pyarrow.array(values[chosen]) for values in (keys, met, scores)]
            yield pyarrow.RecordBatch.from_arrays(arrays, ["key", "met", "score"])

    return run


def sentences_of(shared: Any) -> Batches:
    """Rows of `IDS_SCHEMA` → a row for each sentence; ``shared`` is all words, and which of them are kept."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        text = SentenceText(*shared.value)
        for *_, ids in rows_of(batches):
            lines = text.of_block(ids_of(ids))[0].decode().split("\n")[:-1]
            yield pyarrow.RecordBatch.from_arrays([pyarrow.array(lines, pyarrow.string())], ["text"])

    return run


def map_ids(frame: Any, function: Callable[[Ids], Ids]) -> Any:
    """``function`` over each block's numbers."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        for file, start, part, ids in rows_of(batches):
            yield as_batch(IDS_SCHEMA, [(file, start, part, function(ids_of(ids)).tobytes())])

    return frame.mapInArrow(run, IDS_SCHEMA)


def count_keys(count: Counting) -> Batches:
    """Rows of `IDS_SCHEMA` → what ``count`` finds in each block."""

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        for *_, ids in rows_of(batches):
            keys, met = count(ids_of(ids))
            arrays = [pyarrow.array(values.astype(np.int64)) for values in (keys, met)]
            yield pyarrow.RecordBatch.from_arrays(arrays, ["key", "met"])

    return run


def ids_of(content: bytes) -> Ids:
    """A block's numbers, read-only."""
    return np.frombuffer(content, np.int32)


def rows_of(batches: Iterator[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of ``batches`` one by one."""
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def as_batches(schema: str, rows: Iterator[tuple[Any, ...]]) -> Iterator[Any]:
    """``rows`` as batches of ``schema``."""
    block: list[tuple[Any, ...]] = []
    for row in rows:
        block.append(row)
        if len(block) == _ROWS:
            yield as_batch(schema, block)
            block = []
    yield as_batch(schema, block)


def as_batch(schema: str, rows: Sequence[tuple[Any, ...]]) -> Any:
    """``rows`` as one batch of ``schema``."""
    import pyarrow

    kinds = {
        "int": pyarrow.int32(),
        "long": pyarrow.int64(),
        "string": pyarrow.string(),
        "binary": pyarrow.binary(),
        "boolean": pyarrow.bool_(),
        "array<string>": pyarrow.list_(pyarrow.string()),
    }
    fields = [field.split() for field in schema.split(", ")]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
    arrays = [pyarrow.array(column, kinds[kind]) for column, (_, kind) in zip(columns, fields, strict=True)]
    return pyarrow.RecordBatch.from_arrays(arrays, [name for name, _ in fields])
