"""Corpus → the sentences that every epoch reads: cleaned, its phrases joined, once and in stages that can be resumed.

clean        read and tokenised, as words are spelled
known        rare compounds taken apart; names, titles and phrases that were given joined
phrases-1…   one pass each over pairs of words: terms, or whatever meets oftener than by chance
sentences    rows of the vocabulary, as every epoch reads them, the vocabulary, and how its words are mostly written
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.errors import CorpusError
from embeddings.files import save_array
from embeddings.text import (
    FIRST_WORD,
    JOINER,
    WORDS_FILE,
    Case,
    CorpusReport,
    Counts,
    Expansion,
    Ids,
    Links,
    Phrases,
    blocks_of,
    clean,
    count_ids,
    display_of,
    find_phrases,
    find_terms,
    find_texts,
    phrase_words,
    read_lines,
    read_phrase_list,
    term_links,
    vocabulary_of,
    words_of,
    write_lines,
    write_sentences,
)
from embeddings.training.known_phrases import join_known
from embeddings.training.parameters import Engine, Job, TrainingParameters, choose_parameters
from embeddings.training.prepared_corpus import (
    PreparedCorpus,
    check_new,
    check_not_again,
    kept_folder,
    open_prepared,
    prepared_folder,
    write_prepared,
    write_rows,
)
from embeddings.training.stages import (
    CLEAN,
    COUNTS_FILE,
    DISPLAY_FILE,
    EDGES_FILE,
    FORMS_FILE,
    KNOWN,
    PARTS_FILE,
    REPORT_FILE,
    SENTENCES,
    SENTENCES_FILE,
    SPELLED,
    Clock,
    JoinedPhrases,
    open_stage,
    stage_of_pass,
    write_pass,
)
from embeddings.training.workspace import Note, Status, Watcher, Workspace

_MOST_WORDS = 10**15
"""Whatever is wrong with parameters is wrong with those for so many words."""
_NAMED = 20
"""Files that a note names."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingInput:
    """What training starts from."""

    sentences: Path
    """Rows of the vocabulary, as `engine.read_piece` reads them."""
    words: Sequence[str]
    """The vocabulary, the most frequent word first."""
    counts: Counts
    corpus: CorpusReport
    about: dict[str, Any]
    """Sentences and words to train on, phrases, and the seconds that the stages took."""
    preset: str
    parameters: TrainingParameters
    display: Sequence[str] = ()
    """How each word is mostly written, empty where that is as it stands; nothing if that is not known."""


def prepare(
    job: Job, given_phrases: Sequence[str], known_words: Sequence[str], space: Workspace, watcher: Watcher
) -> TrainingInput:
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
        preset, parameters = choose_parameters(job.preset, report.words, job.given)
        watcher(of_preset(preset, parameters, report))
        join_known(job, given_phrases, known_words, parameters, space, watcher)
        for number in range(1, job.passes + 1):
            _phrase_pass(job, number, space, watcher)
        _sentences(job, parameters, known_words, report, space, watcher)
    space.remove(*stages_of(job), SPELLED)
    found = read_prepared(job, space)
    if (kept := kept_folder(job)) is not None and not kept.exists():
        watcher(Status("keeping the prepared corpus", 0, 1))
        about, least = found.about, found.parameters.min_count
        corpus = PreparedCorpus(found.words, found.counts, found.corpus, about, least, found.display)
        write_prepared(kept, corpus, found.sentences)
    return found


def stages_of(job: Job) -> list[str]:
    """The stages before the sentences, each with tokens of its own."""
    return [CLEAN, *(stage_of_pass(number) for number in range(job.passes + 1))]


def of_preset(preset: str, parameters: TrainingParameters, report: CorpusReport) -> Note:
    """What was chosen for a corpus."""
    chosen = (
        f"{parameters.algorithm.value}, {parameters.architecture.value}, {parameters.vector_size} dimensions, "
        f"window {parameters.window}, {parameters.negative} negative samples, words met "
        f"{parameters.min_count} times or more, {parameters.epochs} epochs, learning rate {parameters.alpha:g}."
    )
    return Note(f"Preset {preset}, for {report.words:,} words: {chosen}", {"preset": preset, "alpha": parameters.alpha})


def _clean(job: Job, space: Workspace, watcher: Watcher) -> None:
    if space.has(CLEAN):
        return
    left_out: list[str] = []
    texts = find_texts(job.places, job.corpus, left_out)
    for note in of_left_out(left_out):
        watcher(note)
    parameters = choose_parameters(job.preset, 0, job.given)[1]
    clock = Clock()

    def progress(done: int, total: int, words: int) -> None:
        watcher(Status("cleaning", done, total, words, words / clock.seconds))

    with space.stage(CLEAN) as folder:
        spelled = replace(job.tokens, case=Case.KEEP)
        report = clean(texts, job.corpus, spelled, folder, parameters.threads, progress)
        if job.tokens.case is Case.LOWER:
            space.words = {CLEAN: read_lines(folder / WORDS_FILE)}
            report = replace(report, different_words=len(words_of(space.words[CLEAN], Case.LOWER)[0]))
            report.write(folder)
        space.write_json(folder / PARTS_FILE, {})
        space.write_json(folder / REPORT_FILE, clock.taken("cleaning", words=report.words))
    for note in of_corpus(report):
        watcher(note)


def of_left_out(sentences: Sequence[str]) -> list[Note]:
    """What was left out of the corpus, the first twenty by name."""
    more = f" And {len(sentences) - _NAMED:,} more." if len(sentences) > _NAMED else ""
    text = f"Left out {len(sentences):,} files: {' '.join(sentences[:_NAMED])}{more}"
    return [Note(text, {"left_out": list(sentences)})] if sentences else []


def of_corpus(report: CorpusReport) -> list[Note]:
    """What was read, what of it was skipped, and whether it needs to be taken apart into words first."""
    articles = f" in {report.articles:,} articles" if report.articles else ""
    bad = f"; {report.undecodable:,} places were not of the encoding" if report.undecodable else ""
    text = f"Read {report.words:,} words{articles}, {report.different_words:,} different{bad}."
    notes = [Note(text, {"stage": "cleaning", **asdict(report)})]
    if report.skipped:
        reasons = "".join(f" {sentence}" for sentence in report.left_out[:_NAMED])
        notes.append(Note(f"Skipped {report.skipped:,} bad lines, objects, pages or files.{reasons}"))
    if report.unspaced:
        notes.append(
            Note(
                "Much of this text is in a script that is written without spaces: all between two marks is one word, "
                f"as '{report.unspaced}'. Segment it into words first (jieba, MeCab, PyThaiNLP, …), a blank between "
                "two, and train with --splitting whitespace."
            )
        )
    return notes


def _phrase_pass(job: Job, number: int, space: Workspace, watcher: Watcher) -> None:
    stage = stage_of_pass(number)
    if space.has(stage):
        return
    clock = Clock()
    ids, words = open_stage(space, stage_of_pass(number - 1))
    counts = count_ids(ids, len(words) + FIRST_WORD)
    watcher(Status(f"phrases, pass {number}", 0, 2))
    if (space.folder / KNOWN / EDGES_FILE).exists():
        links = term_links(words, counts, _edges(space, len(words)))
        found = find_terms(ids, words, counts, links)
    else:
        links = Links(words, counts, job.phrases)
        found = find_phrases(ids, counts, links)
    blocks = (links.join(block, found) for block in blocks_of(ids))
    watcher(Status(f"phrases, pass {number}", 1, 2))
    joined = phrase_words(found, words)
    write_pass(space, JoinedPhrases(stage, words, joined, found.parts), blocks, clock, watcher)
    watcher(of_pass(number, found, joined))


def _edges(space: Workspace, words: int) -> npt.NDArray[np.bool_]:
    """[words + 2] which words may stand at an edge of a term: of names none, of terms all."""
    known = (space.folder / KNOWN / WORDS_FILE).read_bytes().count(b"\n")
    edges = np.ones(words + FIRST_WORD, bool)
    edges[: known + FIRST_WORD] = False
    single = np.load(space.folder / KNOWN / EDGES_FILE, allow_pickle=False)
    edges[: len(single)] = single
    return edges


def of_pass(number: int, found: Phrases, joined: Sequence[str]) -> Note:
    """What a pass found."""
    most = [joined[place] for place in np.argsort(-found.counts, kind="stable")[:5]]
    examples = f", such as {', '.join(most)}" if most else ""
    return Note(f"Pass {number} joined {len(found):,} phrases{examples}.", {"phrases": len(found)})


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
    ids, words = open_stage(space, stages[-1])
    size = len(words) + FIRST_WORD
    counts = count_ids(ids, size)
    reports = [space.read_json(space.folder / stage / REPORT_FILE) for stage in stages]
    wanted = set(known_words)
    always = {number for number, word in enumerate(words, start=FIRST_WORD) if word in wanted}
    expansion = Expansion.of(rare_phrases(space, stages, counts, parameters.min_count, always), size)

    def apart() -> Iterator[Ids]:
        return (expansion.apply(block) for block in blocks_of(ids))

    counts = expansion.counts(counts)
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
        forms = _forms(space, chosen, counts[kept])
        write_lines(folder / DISPLAY_FILE, (display_of(word, forms) or "" for word in chosen))
    watcher(of_sentences(about))


def _forms(space: Workspace, words: Sequence[str], counts: Counts) -> dict[str, str]:
    """How words are mostly written; a phrase that is mostly joined as a term is in small letters."""
    forms: dict[str, str] = space.read_json(space.folder / KNOWN / FORMS_FILE)
    ids, known = open_stage(space, KNOWN)
    as_names = count_ids(ids, len(known) + FIRST_WORD)
    as_name = {word: as_names[number] for number, word in enumerate(known, FIRST_WORD) if JOINER in word}
    for word, met in zip(words, counts, strict=True):
        if word in as_name and 2 * as_name[word] < met:
            forms.pop(word, None)
    return forms


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


def take_prepared(prepared: Path, space: Workspace, *, with_sentences: bool = True) -> None:
    """Make the stage of the sentences from a prepared corpus; its sentences are needed only to learn from them here."""
    corpus = open_prepared(prepared)
    with space.stage(SENTENCES) as folder:
        write_vocabulary(folder, corpus.words, corpus.counts, corpus.corpus, corpus.about, corpus.min_count)
        if corpus.display:
            write_lines(folder / DISPLAY_FILE, corpus.display)
        if with_sentences:
            write_rows(prepared, corpus.words, folder / SENTENCES_FILE)


def of_sentences(about: Mapping[str, Any]) -> Note:
    """A note on what there is to train on."""
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


def read_prepared(job: Job, space: Workspace) -> TrainingInput:
    """What the stage of the sentences holds."""
    folder = space.folder / SENTENCES
    content = space.read_json(folder / REPORT_FILE)
    words = read_lines(folder / WORDS_FILE)
    counts = np.load(folder / COUNTS_FILE, allow_pickle=False)
    corpus = CorpusReport.of(content["corpus"])
    given = {**job.given, "min_count": content["min_count"]}  # a prepared corpus has its own
    chosen = choose_parameters(job.preset, corpus.words, given)
    display = read_lines(folder / DISPLAY_FILE) if (folder / DISPLAY_FILE).exists() else ()
    return TrainingInput(folder / SENTENCES_FILE, words, counts, corpus, content["about"], *chosen, display)


def check(job: Job) -> list[str]:
    """What can be known to be wrong before anything is done. Returns the phrases that were given.

    Raises `CorpusError` for a corpus, a list of phrases or a parameter that cannot be.
    """
    choose_parameters(job.preset, _MOST_WORDS, job.given)
    if job.engine.engine is not Engine.SPARK:
        if prepared_folder(job.places) is None:
            find_texts(job.places, job.corpus)
        else:
            check_not_again(job)
        if (kept := kept_folder(job)) is not None:
            check_new(kept)
    return [phrase for path in job.phrase_lists for phrase in read_phrase_list(Path(path))]
