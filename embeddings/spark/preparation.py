"""Corpus → prepared corpus on a cluster: the stages of `preparation`, with their rules, over pieces of the text.

Tokens are found, numbered, counted and joined by the functions that the local engine uses, each over a block of the
text; Spark sums what they count. Words that are too rare to get a vector or to be part of a phrase have one number for
all of them (`RARE`), so that no machine ever holds more than the vocabulary. Every block knows its place, so that words
are numbered in the order of the text: both engines write the same sentences and the same vocabulary.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from embeddings.errors import CorpusError
from embeddings.spark.blocks import (
    CLEANED_SCHEMA,
    FIRST_SCHEMA,
    IDS_SCHEMA,
    NUMBERED_SCHEMA,
    RARE,
    RARE_WORD,
    WORDS_SCHEMA,
    Counting,
    count_keys,
    count_words,
    keep_frequent,
    map_ids,
    number_blocks,
    score_pairs,
    sentences_of,
    take_apart,
    tokenise_blocks,
)
from embeddings.spark.cluster import Cluster, literal
from embeddings.spark.corpus import SparkText, find_spark_texts, read_blocks
from embeddings.text import (
    CONNECTORS,
    FIRST_WORD,
    WORDS_FILE,
    CorpusReport,
    Counts,
    Expansion,
    FileReport,
    Links,
    Splitting,
    TextFormat,
    joined_word,
    known_phrases,
    numbered,
    phrase_words,
    read_lines,
    title_phrases,
    tokenise,
    vocabulary_of,
    write_lines,
)
from embeddings.training import (
    CLEAN,
    INFO_FILE,
    KNOWN,
    PARTS_FILE,
    REPORT_FILE,
    SENTENCES_FOLDER,
    VOCABULARY_FILE,
    Clock,
    Job,
    JoinedPhrases,
    Note,
    TrainingParameters,
    Watcher,
    Workspace,
    as_info,
    as_vocabulary,
    choose_parameters,
    name_of,
    none_frequent,
    number_phrases,
    of_corpus,
    of_pass,
    of_preset,
    of_sentences,
    rare_phrases,
    stage_of_pass,
    stages_of,
    worth_joining,
)


@dataclass(frozen=True, slots=True)
class Work:
    """One preparation: where it runs and where it writes to."""

    job: Job
    cluster: Cluster
    space: Workspace
    place: str
    """Address of the prepared corpus."""
    watcher: Watcher

    def address(self, stage: str) -> str:
        """Where a stage keeps its blocks."""
        return f"{self.place}/stages/{stage}"

    def read(self, stage: str) -> Any:
        return self.cluster.session.read.parquet(literal(self.address(stage)))

    def write(self, frame: Any, stage: str, name: str, words: int = 0) -> None:
        """Compute ``frame`` and keep it as ``stage``."""
        self.cluster.run(name, lambda: frame.write.mode("overwrite").parquet(self.address(stage)), words)

    def table(self, frame: Any, name: str, words: int = 0) -> Any:
        """``frame`` as an Arrow table on this machine."""
        return self.cluster.run(name, frame.toArrow, words)

    def shared(self, value: Any) -> Any:
        """``value`` on every worker."""
        return self.cluster.session.sparkContext.broadcast(value)

    def words_of(self, stage: str) -> list[str]:
        return read_lines(self.space.folder / stage / WORDS_FILE)

    def report_of(self, stage: str) -> Any:
        return self.space.read_json(self.space.folder / stage / REPORT_FILE)


def prepare_on_spark(work: Work, given_phrases: Sequence[str], known_words: Sequence[str]) -> None:
    """Write the prepared corpus of ``work``; stages that are there already are not started again.

    Raises `CorpusError` as `preparation.prepare` does.
    """
    if work.cluster.exists(f"{work.place}/{INFO_FILE}"):
        return
    job = work.job
    _clean(work)
    report = CorpusReport.read(work.space.folder / CLEAN)
    preset, parameters = choose_parameters(job.preset, report.words, job.given)
    work.watcher(of_preset(preset, parameters, report))
    _known(work, given_phrases, known_words, parameters, report.words)
    for number in range(1, job.passes + 1):
        _phrase_pass(work, number, report.words)
    _sentences(work, parameters, known_words, report)
    work.cluster.remove(f"{work.place}/stages")


# ---- Cleaning


def _clean(work: Work) -> None:
    if work.space.has(CLEAN):
        return
    clock = Clock()
    texts = find_spark_texts(work.cluster, work.job.places, work.job.corpus)
    with work.space.stage(CLEAN) as folder:
        blocks = read_blocks(work.cluster, texts, work.job.corpus)
        cleaned = blocks.mapInArrow(tokenise_blocks(texts, work.job.corpus, work.job.tokens), CLEANED_SCHEMA)
        work.write(cleaned, CLEAN, "cleaning")
        report = _report(work, texts)
        first = "struct(file, start, part, word_number)"
        counted = work.read(CLEAN).mapInArrow(count_words, WORDS_SCHEMA)
        counted = counted.groupBy("word").agg(_sql("sum(met) AS met"), _sql(f"min({first}) AS first"))
        work.write(counted, "words", "counting words", report.words)
        different = work.cluster.run("counting words", work.read("words").count)
        report = CorpusReport(report.files, report.words, different, report.articles, report.undecodable)
        report.write(folder)
        work.space.write_json(folder / PARTS_FILE, {})
        work.space.write_json(folder / REPORT_FILE, clock.taken("cleaning", words=report.words))
    for note in of_corpus(report):
        work.watcher(note)


def _report(work: Work, texts: Sequence[SparkText]) -> CorpusReport:
    names = [text.text.name for text in texts]
    summed = (
        work.read(CLEAN)
        .groupBy("file")
        .agg(
            *(_sql(f"sum({name}) AS {name}") for name in ("tokens", "articles", "undecodable")),
            _sql("max(ends) AS ends"),
        )
    )
    rows = {row["file"]: row for row in work.table(summed, "cleaning").to_pylist()}
    for number, text in enumerate(texts):
        if text.text.format is TextFormat.WIKIPEDIA and not (number in rows and rows[number]["ends"]):
            raise CorpusError(f"{text.text.name} is cut off: it has no </mediawiki>. Get it again.")
    totals = {name: sum(row[name] for row in rows.values()) for name in ("tokens", "articles", "undecodable")}
    if not totals["tokens"]:
        raise CorpusError(f"There is not one word in {', '.join(names)}.")
    files = tuple(FileReport(text.text.name, text.text.bytes, None) for text in texts)
    return CorpusReport(files, totals["tokens"], 0, totals["articles"], totals["undecodable"])


# ---- Words that have a number, and phrases that were given


def _known(
    work: Work, given: Sequence[str], known_words: Sequence[str], parameters: TrainingParameters, total: int
) -> None:
    """Take apart compounds that are too rare, number the words, and join phrases that were given."""
    if work.space.has(KNOWN):
        return
    clock, job = Clock(), work.job
    titles = _titles(work) if job.titles else []
    words, counts, uncounted, different = _number_words(work, [*given, *titles], known_words, parameters)
    size = len(words) + FIRST_WORD
    numbers = work.shared({word: number for number, word in enumerate(words, start=FIRST_WORD)})
    apart = job.tokens.splitting is Splitting.WORDS
    frame = (
        work.read(CLEAN)
        .select("file", "start", "part", "words", "ids")
        .mapInArrow(number_blocks(numbers, apart), IDS_SCHEMA)
    )
    of_user, of_titles = numbered(given, words, job.tokens), numbered(titles, words, job.tokens)
    phrases = list(dict.fromkeys((*of_user, *of_titles)))
    if phrases:
        trie = work.shared(known_phrases(phrases, size))
        met = _sum_counts(work, frame, lambda ids: _pairs(trie.value.count(ids)), "known phrases", total)
        phrases = worth_joining(phrases, met, set(of_user), counts, parameters.min_count, uncounted)
        work.watcher(Note(f"Joined {len(phrases):,} phrases that were given or are titles."))
    joined = [joined_word(parts, words) for parts in phrases]
    if phrases:
        trie = work.shared(known_phrases(phrases, size))
        frame = map_ids(frame, lambda ids: trie.value.join(ids))
    rest = {"uncounted": uncounted, "different": different}
    _write_pass(work, frame, JoinedPhrases(KNOWN, words, joined, phrases), clock, total, rest)


def _titles(work: Work) -> list[str]:
    frame = work.read(CLEAN).select("file", "start", "part", "titles").where("size(titles) > 0")
    rows = work.table(frame.orderBy("file", "start", "part"), "known phrases").column("titles").to_pylist()
    return title_phrases([title for titles in rows for title in titles])


def _number_words(
    work: Work, phrases: Sequence[str], known_words: Sequence[str], parameters: TrainingParameters
) -> tuple[list[str], Counts, int, int]:
    """The words that get numbers, their counts [words + 2], and how many words and different ones get none."""
    job = work.job
    in_phrases = {word for phrase in phrases for word in tokenise(phrase, job.tokens).words}
    least = min(parameters.min_count, job.phrases.phrase_min_count) if job.passes else parameters.min_count
    always = work.shared(in_phrases.union(known_words, CONNECTORS))
    wanted = work.shared(frozenset(known_words))
    min_count = parameters.min_count if job.tokens.splitting is Splitting.WORDS else 0
    pieces = (
        work.read("words").select("word", "met", "first.*").mapInArrow(take_apart(min_count, wanted), NUMBERED_SCHEMA)
    )
    names = ", ".join(field.split()[0] for field in FIRST_SCHEMA.split(", "))
    summed = pieces.groupBy("word").agg(_sql("sum(met) AS met"), _sql(f"min(struct({names})) AS first"))
    work.write(summed, "numbered", "known phrases")
    summed = work.read("numbered")
    totals = work.table(summed.agg(_sql("sum(met) AS met"), _sql("count_if(met > 0) AS words")), "known phrases")
    [total] = totals.to_pylist()
    schema = NUMBERED_SCHEMA
    kept = summed.select("word", "met", "first.*").mapInArrow(keep_frequent(least, always), schema)
    order = [(field.split()[0], "ascending") for field in FIRST_SCHEMA.split(", ")]
    table = work.table(kept, "known phrases").sort_by(order)
    words = [RARE_WORD, *table.column("word").to_pylist()]
    counts = np.concatenate([np.zeros(FIRST_WORD + 1, np.int64), table.column("met").to_numpy()])
    return words, counts, int(total["met"] - counts.sum()), int(total["words"] - np.count_nonzero(counts))


# ---- Phrases that are found


def _phrase_pass(work: Work, number: int, total: int) -> None:
    stage, parameters = stage_of_pass(number), work.job.phrases
    if work.space.has(stage):
        return
    clock, name = Clock(), f"phrases, pass {number}"
    frame, words = work.read(stage_of_pass(number - 1)), work.words_of(stage_of_pass(number - 1))
    rest = work.report_of(KNOWN)
    counts = _count_ids(work, frame, len(words) + FIRST_WORD, name, total)
    links = work.shared(Links(words, counts, parameters))
    counted = frame.mapInArrow(
        count_keys(lambda ids: np.unique(links.value.of_block(ids)[0], return_counts=True)), "key long, met long"
    )
    pairs = counted.groupBy("key").agg(_sql("sum(met) AS met"))
    work.write(pairs, "pairs", name, total)
    pairs = work.read("pairs")
    others = work.cluster.run(name, pairs.count) + rest["different"]
    met_in_all = int(counts.sum()) + rest["uncounted"]
    chosen = pairs.mapInArrow(score_pairs(links, met_in_all, others), "key long, met long, score double")
    table = work.table(chosen, name).sort_by("key")
    found = links.value.phrases(*(table.column(column).to_numpy() for column in ("key", "met", "score")))
    joined = phrase_words(found, words)
    phrases = work.shared(found)
    frame = map_ids(frame, lambda ids: links.value.join(ids, phrases.value))
    _write_pass(work, frame, JoinedPhrases(stage, words, joined, found.parts), clock, total)
    work.watcher(of_pass(number, found, joined))


def _write_pass(
    work: Work,
    frame: Any,
    joined: JoinedPhrases,
    clock: Clock,
    total: int,
    rest: dict[str, int] | None = None,
) -> None:
    words, own, made_of = number_phrases(joined.words, joined.phrases, joined.parts)
    shared, name = work.shared(own), name_of(joined.stage)
    with work.space.stage(joined.stage) as folder:
        work.write(map_ids(frame, lambda ids: shared.value[ids]), joined.stage, name, total)
        write_lines(folder / WORDS_FILE, words)
        work.space.write_json(folder / PARTS_FILE, made_of)
        work.space.write_json(folder / REPORT_FILE, clock.taken(name, phrases=len(joined.phrases)) | (rest or {}))


# ---- Sentences


def _sentences(work: Work, parameters: TrainingParameters, known_words: Sequence[str], report: CorpusReport) -> None:
    clock, stages = Clock(), stages_of(work.job)
    frame, words = work.read(stages[-1]), work.words_of(stages[-1])
    size = len(words) + FIRST_WORD
    counts = _count_ids(work, frame, size, "sentences", report.words)
    wanted = set(known_words)
    always = {number for number, word in enumerate(words, start=FIRST_WORD) if word in wanted}
    rare = rare_phrases(work.space, stages, counts, parameters.min_count, always)
    expansion = work.shared(Expansion.of(rare, size))
    frame = map_ids(frame, lambda ids: expansion.value.apply(ids))
    counts = _count_ids(work, frame, size, "sentences", report.words)
    kept = vocabulary_of(words, counts, parameters.min_count, parameters.max_final_vocab, sorted(always))
    if not len(kept):
        work.space.clear()  # a job goes on as it was begun, and this one can come to no other end
        raise none_frequent(report, counts, parameters.min_count)
    text = work.shared((words, kept))
    sentences = frame.orderBy("file", "start", "part").mapInArrow(sentences_of(text), "text string")
    address = f"{work.place}/{SENTENCES_FOLDER}"
    work.cluster.run("sentences", lambda: sentences.write.mode("overwrite").parquet(address), report.words)
    number = work.cluster.run("sentences", work.cluster.session.read.parquet(literal(address)).count)
    taken = [
        {key: value for key, value in work.report_of(stage).items() if key not in ("uncounted", "different")}
        for stage in stages
    ]
    total = int(counts[kept].sum())
    about = {
        "sentences": number,
        "words": total,
        "vocabulary": len(kept),
        "stages": [*taken, clock.taken("sentences", words=total)],
    }
    chosen = [words[number - FIRST_WORD] for number in kept]
    work.cluster.write_bytes(f"{work.place}/{VOCABULARY_FILE}", as_vocabulary(chosen, counts[kept]))
    work.cluster.write_bytes(f"{work.place}/{INFO_FILE}", as_info(report, about, parameters.min_count))
    work.watcher(of_sentences(about))


# ---- What all stages do


def _pairs(counted: Counter[int]) -> tuple[Counts, Counts]:
    return np.array(list(counted), np.int64), np.array(list(counted.values()), np.int64)


def _sum_counts(work: Work, frame: Any, count: Counting, name: str, total: int) -> dict[int, int]:
    counted = frame.mapInArrow(count_keys(count), "key long, met long")
    table = work.table(counted.groupBy("key").agg(_sql("sum(met) AS met")), name, total)
    return dict(zip(table.column("key").to_pylist(), table.column("met").to_pylist(), strict=True))


def _count_ids(work: Work, frame: Any, size: int, name: str, total: int) -> Counts:
    """How often each number below ``size`` is met, in an array; `RARE` never is."""
    counted = frame.mapInArrow(count_keys(lambda ids: np.unique(ids, return_counts=True)), "key long, met long")
    table = work.table(counted.groupBy("key").agg(_sql("sum(met) AS met")), name, total)
    counts = np.zeros(size, np.int64)
    counts[table.column("key").to_numpy()] = table.column("met").to_numpy()
    counts[: RARE + 1] = 0
    return counts


def _sql(expression: str) -> Any:
    from pyspark.sql import functions

    return functions.expr(expression)
