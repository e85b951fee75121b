"""The stages of a preparation: their names, their files, and how one that joins phrases is written."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.text import FIRST_WORD, IDS_FILE, WORDS_FILE, Ids, open_ids, read_lines, write_lines
from embeddings.training.workspace import Status, Watcher, Workspace

CLEAN, KNOWN, SENTENCES = "clean", "known", "sentences"
SENTENCES_FILE, COUNTS_FILE, PARTS_FILE, REPORT_FILE = "sentences.ids", "counts.npy", "parts.json", "report.json"
DISPLAY_FILE = "display.txt"
"""How each word of the vocabulary is mostly written, one a line; an empty line where that is as its key stands."""
FORMS_FILE = "forms.json"
"""How words and phrases are mostly written, while not all phrases are joined."""
EDGES_FILE = "edges.npy"
"""Which words may stand at an edge of a term: bool [words + 2]; there where terms are to be found."""
SPELLED = "spelled"
"""The folder of the tokens as they are spelled, rare compounds taken apart; no stage, since nothing goes on from it."""


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


def stage_of_pass(number: int) -> str:
    """The name of the stage that a pass over pairs writes; pass 0 are the phrases that are known."""
    return f"phrases-{number}" if number else KNOWN


def open_stage(space: Workspace, stage: str) -> tuple[Ids, Sequence[str]]:
    """The tokens of a stage and its words."""
    folder = space.folder / stage
    return open_ids(folder / IDS_FILE), space.words.get(stage) or read_lines(folder / WORDS_FILE)


@dataclass(frozen=True, slots=True, eq=False)
class JoinedPhrases:
    """The phrases that a stage joins: numbered on from ``words`` in its tokens."""

    stage: str
    words: Sequence[str]
    phrases: Sequence[str]
    """Each as the word that it becomes."""
    parts: Sequence[Sequence[int]]
    """The numbers of the words of each."""


def write_pass(
    space: Workspace,
    joined: JoinedPhrases,
    blocks: Iterable[Ids],
    clock: Clock,
    watcher: Watcher,
    write_more: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write the stage of ``joined``, whose tokens are ``blocks``; a phrase that is a word already gets that word's
    number. ``write_more`` adds files of its own.
    """
    words, own, made_of = number_phrases(joined.words, joined.phrases, joined.parts)
    own_numbers = bool((np.diff(own) == 1).all())
    total = 0
    with space.stage(joined.stage) as folder:
        with (folder / IDS_FILE).open("wb") as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block if own_numbers else own.take(block)).data)
                total += int((block >= FIRST_WORD).sum())
                watcher(Status(name_of(joined.stage), 1, 2, total, total / clock.seconds))
        write_lines(folder / WORDS_FILE, words)
        space.write_json(folder / PARTS_FILE, made_of)
        taken = clock.taken(name_of(joined.stage), phrases=len(joined.phrases))
        space.write_json(folder / REPORT_FILE, taken)
        write_more(folder)
    space.words = {joined.stage: words}


def name_of(stage: str) -> str:
    """A stage as it is shown."""
    return "known phrases" if stage == KNOWN else stage


def number_phrases(
    words: Sequence[str], joined: Sequence[str], parts: Sequence[Sequence[int]]
) -> tuple[list[str], Ids, dict[int, list[int]]]:
    """``words`` and the phrases ``joined`` that are none of them, each phrase's own number as it was joined (numbered
    on from ``words``), and the words that phrases are made of.
    """
    words_after = list(words)
    known = set(joined).intersection(words)
    numbers = {word: number for number, word in enumerate(words, start=FIRST_WORD) if word in known} if known else {}
    own = np.arange(len(words) + len(joined) + FIRST_WORD, dtype=np.int32)
    made_of = {}
    for place, (phrase, of) in enumerate(zip(joined, parts, strict=True)):
        number = numbers.setdefault(phrase, len(words_after) + FIRST_WORD)
        if number == len(words_after) + FIRST_WORD:
            words_after.append(phrase)
        own[len(words) + FIRST_WORD + place] = number
        made_of[number] = list(of)
    return words_after, own, made_of
