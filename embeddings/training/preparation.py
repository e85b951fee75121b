"""Corpus → the sentences that every epoch reads: cleaned, its phrases joined, once and in stages that can be resumed.

clean        read and tokenised                       cleaning.py
known        rare compounds taken apart, phrases that were given joined
phrases-1…   one pass each over pairs                 phrases.py
sentences    text for gensim, and the vocabulary      sentences.py
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import CorpusError
from embeddings.files import save_array
from embeddings.text import (
    FIRST_WORD,
    IDS_FILE,
    JOINER,
    TITLES_FILE,
    WORDS_FILE,
    CorpusReport,
    Counts,
    Expansion,
    Ids,
    Phrases,
    Splitting,
    blocks_of,
    clean,
    cohesive,
    count_ids,
    find_phrases,
    find_texts,
    join_phrases,
    known_phrases,
    numbered,
    open_ids,
    phrase_words,
    read_lines,
    read_phrase_list,
    split_compound,
    title_phrases,
    vocabulary_of,
    write_lines,
    write_sentences,
)
from embeddings.training.parameters import Engine, Job, TrainingParameters, choose_parameters
from embeddings.training.prepared_corpus import check_not_again, open_prepared, prepared_folder, write_text
from embeddings.training.workspace import Note, Status, Watcher, Workspace

CLEAN, KNOWN, SENTENCES = "clean", "known", "sentences"
SENTENCES_FILE, COUNTS_FILE, PARTS_FILE, REPORT_FILE = "sentences.txt", "counts.npy", "parts.json", "report.json"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What training starts from."""

    sentences: Path
    words: Sequence[str]
    """The vocabulary, the most frequent word first."""
    counts: Counts
    corpus: CorpusReport
    about: dict[str, Any]
    """Sentences and words to train on, phrases, and the seconds that the stages took."""
    preset: str
    parameters: TrainingParameters


def prepare(
    job: Job, given_phrases: Sequence[str], known_words: Sequence[str], space: Workspace, watcher: Watcher
) -> Prepared:
    """Bring ``job`` to where training can begin; stages that are there already are not started again.

    ``known_words`` are those of a model that is trained on: they are kept however rare they are in the new text, and
    their phrases are joined. Raises `CorpusError` if the corpus cannot be read or no word is frequent enough.
    """
    folder = prepared_folder(job.places)
    if folder is not None and not space.has(SENTENCES):
        take_prepared(folder, space)
    if not space.has(SENTENCES):
        _clean(job, space, watcher)
        report = CorpusReport.read(space.folder / CLEAN)
        preset, parameters = choose_parameters(job.preset, report.words, job.training)
        watcher(of_preset(preset, parameters, report))
        _known(job, given_phrases, known_words, parameters, space, watcher)
        for number in range(1, job.phrases.phrases + 1):
            _phrase_pass(job, number, space, watcher)
        _sentences(job, parameters, known_words, report, space, watcher)
    space.remove(*stages_of(job))
    return read_prepared(job, space)


def stages_of(job: Job) -> list[str]:
    """The stages before the sentences, each with tokens of its own."""
    return [CLEAN, *(stage_of_pass(number) for number in range(job.phrases.phrases + 1))]


def of_preset(preset: str, parameters: TrainingParameters, report: CorpusReport) -> Note:
    """What was chosen for a corpus."""
    chosen = (
        f"{parameters.algorithm.value}, {parameters.architecture.value}, {parameters.vector_size} dimensions, "
        f"window {parameters.window}, {parameters.negative} negative samples, words met "
        f"{parameters.min_count} times or more, {parameters.epochs} epochs."
    )
    return Note(f"Preset {preset}, for {report.words:,} words: {chosen}", {"preset": preset})


def _clean(job: Job, space: Workspace, watcher: Watcher) -> None:
    if space.has(CLEAN):
        return
    texts = find_texts(job.places, job.corpus)
    parameters = choose_parameters(job.preset, 0, job.training)[1]
    clock = Clock()

    def progress(done: int, total: int, words: int) -> None:
        watcher(Status("cleaning", done, total, words, words / clock.seconds))

    with space.stage(CLEAN) as folder:
        report = clean(texts, job.corpus, job.tokens, folder, parameters.threads, progress)
        space.write_json(folder / PARTS_FILE, {})
        space.write_json(folder / REPORT_FILE, clock.taken("cleaning", words=report.words))
    watcher(of_corpus(report))


def of_corpus(report: CorpusReport) -> Note:
    """What was read."""
    articles = f" in {report.articles:,} articles" if report.articles else ""
    bad = f"; {report.undecodable:,} places were not of the encoding" if report.undecodable else ""
    text = f"Read {report.words:,} words{articles}, {report.different_words:,} different{bad}."
    return Note(text, {"stage": "cleaning", **asdict(report)})


def _known(
    job: Job,
    given: Sequence[str],
    known_words: Sequence[str],
    parameters: TrainingParameters,
    space: Workspace,
    watcher: Watcher,
) -> None:
    """Take apart compounds that are too rare for a vector of their own, and join phrases that were given."""
    if space.has(KNOWN):
        return
    clock = Clock()
    ids, words = _open(space, CLEAN)
    counts = count_ids(ids, len(words) + FIRST_WORD)
    watcher(Status("known phrases", 0, 3))
    wanted = set(known_words)
    replaced = {}
    if job.tokens.splitting is Splitting.WORDS:
        numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD)}
        for number in (np.flatnonzero(counts[FIRST_WORD:] < parameters.min_count) + FIRST_WORD).tolist():
            parts = split_compound(words[number - FIRST_WORD])
            if len(parts) > 1 and words[number - FIRST_WORD] not in wanted:
                for part in parts:
                    if part not in numbers:
                        numbers[part] = len(words) + FIRST_WORD
                        words.append(part)
                replaced[number] = [numbers[part] for part in parts]
    expansion = Expansion.of(replaced, len(words) + FIRST_WORD)

    def apart() -> Iterator[Ids]:
        return (expansion.apply(block) for block in blocks_of(ids))

    of_user = numbered(given, words, job.tokens)
    titles = read_lines(space.folder / CLEAN / TITLES_FILE) if job.titles else []
    of_titles = numbered(title_phrases(titles), words, job.tokens)
    phrases = list(dict.fromkeys((*of_user, *of_titles)))
    if phrases:
        watcher(Status("known phrases", 1, 3))
        met: Counter[int] = Counter()
        trie = known_phrases(phrases, len(words) + FIRST_WORD)
        counts = np.zeros(len(words) + FIRST_WORD, np.int64)
        for block in apart():
            met += trie.count(block)
            counts += np.bincount(block, minlength=len(counts))
        phrases = worth_joining(phrases, met, set(of_user), counts, parameters.min_count)
        watcher(Note(f"Joined {len(phrases):,} phrases that were given or are titles."))
    trie = known_phrases(phrases, len(words) + FIRST_WORD)
    joined = [JOINER.join(words[part - FIRST_WORD] for part in parts) for parts in phrases]
    blocks = (trie.join(block) if phrases else block for block in apart())
    _write_pass(space, KNOWN, blocks, words, joined, phrases, clock, "known phrases", watcher)


def worth_joining(
    phrases: Sequence[tuple[int, ...]],
    met: Mapping[int, int],
    of_user: Collection[tuple[int, ...]],
    counts: Counts,
    min_count: int,
    uncounted: int = 0,
) -> list[tuple[int, ...]]:
    """Those of ``phrases`` that are ``met`` often enough, titles only if they are `cohesive`."""
    often = [number for number in range(len(phrases)) if met.get(number, 0) >= min_count]
    keep = cohesive([phrases[number] for number in often], [met[number] for number in often], counts, uncounted)
    return [phrases[number] for number, good in zip(often, keep, strict=True) if good or phrases[number] in of_user]


def _phrase_pass(job: Job, number: int, space: Workspace, watcher: Watcher) -> None:
    stage = stage_of_pass(number)
    if space.has(stage):
        return
    clock = Clock()
    ids, words = _open(space, stage_of_pass(number - 1))
    counts = count_ids(ids, len(words) + FIRST_WORD)
    watcher(Status(f"phrases, pass {number}", 0, 2))
    found = find_phrases(ids, words, counts, job.phrases)
    watcher(Status(f"phrases, pass {number}", 1, 2))
    joined = phrase_words(found, words)
    blocks = (join_phrases(block, found, words, counts, job.phrases) for block in blocks_of(ids))
    _write_pass(space, stage, blocks, words, joined, found.parts, clock, stage, watcher)
    watcher(of_pass(number, found, joined))


def of_pass(number: int, found: Phrases, joined: Sequence[str]) -> Note:
    """What a pass found."""
    most = [joined[place] for place in np.argsort(-found.counts, kind="stable")[:5]]
    examples = f", such as {', '.join(most)}" if most else ""
    return Note(f"Pass {number} joined {len(found):,} phrases{examples}.", {"phrases": len(found)})


def stage_of_pass(number: int) -> str:
    """The name of the stage that a pass over pairs writes; pass 0 are the phrases that are known."""
    return f"phrases-{number}" if number else KNOWN


def _write_pass(
    space: Workspace,
    stage: str,
    blocks: Iterator[Ids],
    words: list[str],
    joined: Sequence[str],
    parts: Sequence[Sequence[int]],
    clock: "Clock",
    name: str,
    watcher: Watcher,
) -> None:
    """Write tokens whose phrases are numbered on from ``words``; one that is a word already gets that word's number."""
    numbers, own, made_of = number_phrases(words, joined, parts)
    total = 0
    with space.stage(stage) as folder:
        with (folder / IDS_FILE).open("wb") as file:
            for block in blocks:
                file.write(own[block].tobytes())
                total += int((block >= FIRST_WORD).sum())
                watcher(Status(name, 1, 2, total, total / clock.seconds))
        write_lines(folder / WORDS_FILE, numbers)
        space.write_json(folder / PARTS_FILE, made_of)
        space.write_json(folder / REPORT_FILE, clock.taken(name, phrases=len(joined)))


def number_phrases(
    words: Sequence[str], joined: Sequence[str], parts: Sequence[Sequence[int]]
) -> tuple[dict[str, int], Ids, dict[int, list[int]]]:
    """Numbers of ``words`` and of the phrases ``joined``, each phrase's own number as it was joined (numbered on from
    ``words``), and the words that phrases are made of.
    """
    numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD)}
    own = np.arange(len(words) + len(joined) + FIRST_WORD, dtype=np.int32)
    made_of = {}
    for place, (phrase, of) in enumerate(zip(joined, parts, strict=True)):
        number = numbers.setdefault(phrase, len(numbers) + FIRST_WORD)
        own[len(words) + FIRST_WORD + place] = number
        made_of[number] = list(of)
    return numbers, own, made_of


def _sentences(
    job: Job,
    parameters: TrainingParameters,
    known_words: Sequence[str],
    report: CorpusReport,
    space: Workspace,
    watcher: Watcher,
) -> None:
    clock = Clock()
    stages = stages_of(job)
    ids, words = _open(space, stages[-1])
    size = len(words) + FIRST_WORD
    counts = count_ids(ids, size)
    reports = [space.read_json(space.folder / stage / REPORT_FILE) for stage in stages]
    wanted = set(known_words)
    always = {number for number, word in enumerate(words, start=FIRST_WORD) if word in wanted}
    expansion = Expansion.of(rare_phrases(space, stages, counts, parameters.min_count, always), size)

    def apart() -> Iterator[Ids]:
        return (expansion.apply(block) for block in blocks_of(ids))

    counts = np.zeros(size, np.int64)
    for block in apart():
        counts += np.bincount(block, minlength=size)
    kept = vocabulary_of(words, counts, parameters.min_count, parameters.max_final_vocab, sorted(always))
    if not len(kept):
        space.clear()  # a job goes on as it was begun, and this one can come to no other end
        raise none_frequent(report, counts, parameters.min_count)
    watcher(Status("sentences", 0, 1))
    with space.stage(SENTENCES) as folder:
        sentences, total = write_sentences(apart(), words, kept, folder / SENTENCES_FILE)
        stages_taken = [*reports, clock.taken("sentences", words=total)]
        about = {"sentences": sentences, "words": total, "vocabulary": len(kept), "stages": stages_taken}
        chosen = [words[number - FIRST_WORD] for number in kept]
        write_vocabulary(folder, chosen, counts[kept], report, about, parameters.min_count)
    watcher(of_sentences(about))


def write_vocabulary(
    folder: Path,
    words: Sequence[str],
    counts: Counts,
    report: CorpusReport,
    about: Mapping[str, Any],
    min_count: int,
) -> None:
    """Write what stands beside the sentences in their stage."""
    write_lines(folder / WORDS_FILE, words)
    save_array(folder / COUNTS_FILE, counts)
    Workspace.write_json(folder / REPORT_FILE, {"corpus": asdict(report), "about": about, "min_count": min_count})


def take_prepared(prepared: Path, space: Workspace, *, with_text: bool = True) -> None:
    """Make the stage of the sentences from a prepared corpus; its text is needed only to learn from it here."""
    corpus = open_prepared(prepared)
    with space.stage(SENTENCES) as folder:
        write_vocabulary(folder, corpus.words, corpus.counts, corpus.corpus, corpus.about, corpus.min_count)
        if with_text:
            write_text(prepared, folder / SENTENCES_FILE)


def of_sentences(about: Mapping[str, Any]) -> Note:
    """What there is to train on."""
    text = "{sentences:,} sentences with {words:,} words, {vocabulary:,} different ones to train.".format_map(about)
    return Note(text, dict(about))


def none_frequent(report: CorpusReport, counts: Counts, min_count: int) -> CorpusError:
    """The error for a corpus without a word that is frequent enough."""
    most = int(counts[FIRST_WORD:].max(initial=0))
    return CorpusError(
        f"No word is met {min_count} times: the most frequent of {report.words:,} words is met {most} "
        "times. Take more text, or a smaller --min-count."
    )


def rare_phrases(
    space: Workspace, stages: Sequence[str], counts: Counts, min_count: int, always: Collection[int]
) -> dict[int, list[int]]:
    """The phrases of ``stages`` that are too rare for a vector of their own, with the words to put in their place."""
    made_of: dict[int, list[int]] = {}
    for stage in stages:
        made_of |= {int(number): of for number, of in space.read_json(space.folder / stage / PARTS_FILE).items()}
    return _flat(
        {number: parts for number, parts in made_of.items() if counts[number] < min_count and number not in always}
    )


def _flat(made_of: dict[int, list[int]]) -> dict[int, list[int]]:
    """Parts that are to be taken apart themselves, taken apart."""

    def apart(number: int) -> list[int]:
        return [part for of in made_of[number] for part in apart(of)] if number in made_of else [number]

    return {number: apart(number) for number in made_of}


def read_prepared(job: Job, space: Workspace) -> Prepared:
    """What the stage of the sentences holds."""
    folder = space.folder / SENTENCES
    content = space.read_json(folder / REPORT_FILE)
    words = read_lines(folder / WORDS_FILE)
    counts = np.load(folder / COUNTS_FILE, allow_pickle=False)
    corpus = CorpusReport.of(content["corpus"])
    given = {**job.training, "min_count": content["min_count"]}  # a prepared corpus has its own
    chosen = choose_parameters(job.preset, corpus.words, given)
    return Prepared(folder / SENTENCES_FILE, words, counts, corpus, content["about"], *chosen)


def _open(space: Workspace, stage: str) -> tuple[Ids, list[str]]:
    folder = space.folder / stage
    return open_ids(folder / IDS_FILE), read_lines(folder / WORDS_FILE)


class Clock:
    """The seconds that a stage takes."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._start = now()

    @property
    def seconds(self) -> float:
        return max(self._now() - self._start, 1e-6)

    def taken(self, stage: str, **figures: int) -> dict[str, Any]:
        return {"stage": stage, "seconds": round(self.seconds, 2), **figures}


def check(job: Job) -> list[str]:
    """What can be known to be wrong before anything is done. Returns the phrases that were given.

    Raises `CorpusError` for a corpus, a list of phrases or a parameter that cannot be.
    """
    choose_parameters(job.preset, 0, job.training)
    if job.engine.engine is Engine.LOCAL:
        if prepared_folder(job.places) is None:
            find_texts(job.places, job.corpus)
        else:
            check_not_again(job)
    return [phrase for path in job.phrase_lists for phrase in read_phrase_list(Path(path))]
