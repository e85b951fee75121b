"""The first phrases that are joined: names and terms that the text shows, titles, a user's list.

Spelled tokens become words here. Before it, compounds that are too rare for a vector of their own are taken apart.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.files import save_array
from embeddings.text import (
    FIRST_WORD,
    IDS_FILE,
    TITLES_FILE,
    Case,
    Counts,
    DisplayForms,
    Entities,
    Expansion,
    Ids,
    Spellings,
    Splitting,
    blocks_of,
    cased_phrases,
    cohesive,
    count_capitals,
    count_ids,
    find_entities,
    joined_word,
    known_phrases,
    lowered,
    numbered,
    open_ids,
    read_lines,
    spellings_of,
    split_compound,
    title_phrases,
    words_of,
)
from embeddings.training.parameters import Job, TrainingParameters
from embeddings.training.stages import (
    CLEAN,
    EDGES_FILE,
    FORMS_FILE,
    KNOWN,
    SPELLED,
    Clock,
    JoinedPhrases,
    open_stage,
    write_pass,
)
from embeddings.training.workspace import Note, Status, Watcher, Workspace


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """The tokens of the corpus as they are spelled, rare compounds taken apart."""

    ids: Ids
    spellings: Spellings


def join_known(
    job: Job,
    given: Sequence[str],
    known_words: Sequence[str],
    parameters: TrainingParameters,
    space: Workspace,
    watcher: Watcher,
) -> None:
    """Write the stage of the phrases that are known before pairs are counted."""
    if space.has(KNOWN):
        return
    clock = Clock()
    watcher(Status("known phrases", 0, 3))
    text = _taken_apart(job, set(known_words), parameters.min_count, space)
    words = text.spellings.words
    of_user = numbered(given, words, job.tokens)
    titles = read_lines(space.folder / CLEAN / TITLES_FILE) if job.titles or job.entities else []
    of_titles = numbered(title_phrases(titles), words, job.tokens)
    watcher(Status("known phrases", 1, 3))
    if job.entities:
        found = find_entities(text.ids, text.spellings, of_user, of_titles, parameters.min_count)
        watcher(_of_entities(found))
        watcher(Status("known phrases", 2, 3))
        _join_entities(text, found, space, clock, watcher)
        return
    phrases = list(dict.fromkeys((*of_user, *of_titles)))
    if phrases:
        met: Counter[int] = Counter()
        trie = known_phrases(phrases, len(words) + FIRST_WORD)
        counts = np.zeros(len(words) + FIRST_WORD, np.int64)
        for spelled in blocks_of(text.ids):
            block = text.spellings.word_of[spelled]
            met += trie.count(block)
            counts += np.bincount(block, minlength=len(counts))
        phrases = worth_joining(phrases, met, set(of_user), counts, parameters.min_count)
        watcher(Note(f"Joined {len(phrases):,} phrases that were given or are titles."))
    trie = known_phrases(phrases, len(words) + FIRST_WORD)
    within = count_capitals(blocks_of(text.ids), text.spellings).within_spelled
    forms = DisplayForms(text.spellings, cased_phrases([], [], text.spellings), within)

    def blocks() -> Iterator[Ids]:
        for spelled in blocks_of(text.ids):
            block = text.spellings.word_of.take(spelled)
            yield trie.join(block) if phrases else block

    joined = JoinedPhrases(KNOWN, words, [joined_word(parts, words) for parts in phrases], phrases)
    write_pass(
        space,
        joined,
        blocks(),
        clock,
        watcher,
        lambda folder: space.write_json(folder / FORMS_FILE, forms.of_words()),
    )


def _taken_apart(job: Job, wanted: Collection[str], min_count: int, space: Workspace) -> _Text:
    ids, words = open_stage(space, CLEAN)
    texts, case = list(words), job.tokens.case
    apart: dict[int, list[str]] = {}
    if job.tokens.splitting is Splitting.WORDS:
        word_of = words_of(texts, case)[1]
        met = np.bincount(word_of, count_ids(ids, len(texts) + FIRST_WORD))[word_of]
        apart = _compounds(texts, met < min_count)
        if wanted:
            key = lowered if case is Case.LOWER else str
            apart = {number: parts for number, parts in apart.items() if key(texts[number - FIRST_WORD]) not in wanted}
    numbers = _numbers_of_parts(texts, dict.fromkeys(chain.from_iterable(apart.values())))
    spellings = spellings_of(texts, case)
    if not apart:
        return _Text(ids, spellings)
    replaced = {number: [numbers[part] for part in parts] for number, parts in apart.items()}
    expansion = Expansion.of(replaced, len(texts) + FIRST_WORD)
    path = space.own_folder(SPELLED) / IDS_FILE
    with path.open("wb") as file:
        for block in blocks_of(ids):
            file.write(expansion.apply(block).tobytes())
    return _Text(open_ids(path), spellings)


def _compounds(texts: Sequence[str], rare: npt.NDArray[np.bool_]) -> dict[int, list[str]]:
    """The parts of those of ``texts`` that are ``rare`` [texts + 2] and compounds, by their numbers."""
    candidates = rare[FIRST_WORD:] & ~np.fromiter(map(str.isalnum, texts), np.bool_, len(texts))
    found = {place + FIRST_WORD: split_compound(texts[place]) for place in np.flatnonzero(candidates).tolist()}
    return {number: parts for number, parts in found.items() if len(parts) > 1}


def _numbers_of_parts(texts: list[str], parts: Mapping[str, None]) -> dict[str, int]:
    """The numbers of ``parts`` among ``texts``; those that are missing there are added to them."""
    numbers = {text: number for number, text in enumerate(texts, start=FIRST_WORD) if text in parts}
    for part in parts:
        if part not in numbers:
            numbers[part] = len(texts) + FIRST_WORD
            texts.append(part)
    return numbers


def _join_entities(text: _Text, found: Entities, space: Workspace, clock: Clock, watcher: Watcher) -> None:
    spellings = text.spellings
    forms = DisplayForms(spellings, found.phrases, found.capitals.within_spelled)
    words, parts = spellings.words, found.phrases.phrases
    keys = [joined_word(phrase, words) for phrase in parts]

    def blocks() -> Iterator[Ids]:
        for spelled in blocks_of(text.ids):
            places, phrases = found.phrases.find(spelled, spellings)
            forms.add(spelled, places, phrases)
            yield found.phrases.join(spelled, spellings, places, phrases)

    def write_more(folder: Path) -> None:
        of_words = forms.of_words()
        of_phrases = {key: form for key, form in zip(keys, forms.of_phrases(of_words), strict=True) if form is not None}
        space.write_json(folder / FORMS_FILE, of_words | of_phrases)
        save_array(folder / EDGES_FILE, found.edges)

    write_pass(space, JoinedPhrases(KNOWN, words, keys, parts), blocks(), clock, watcher, write_more)


def _of_entities(found: Entities) -> Note:
    """What was found."""
    given = f", and {found.given:,} that were given" if found.given else ""
    text = f"Found {found.names:,} names by their capitals, {found.subjects:,} more by articles' subjects{given}."
    return Note(text, {"names": found.names, "subjects": found.subjects, "given": found.given})


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
