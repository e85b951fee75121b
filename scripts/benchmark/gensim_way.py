"""The usual way with gensim, which trainings are measured against, and the text that both sides get.

It is an iterable that splits each line with a regular expression, once for `Phrases` and again, with phrases joined, in
every pass.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.text import CorpusParameters, FileReader, PhraseParameters, Scoring, find_texts, texts_of

if TYPE_CHECKING:
    from gensim.models.phrases import FrozenPhrases

WORD = re.compile(r"\w+")
# gensim's default rate on both sides, though for short texts ours is higher.
TRAINING: dict[str, Any] = {
    "vector_size": 100,
    "window": 5,
    "negative": 5,
    "sample": 1e-4,
    "min_count": 5,
    "epochs": 5,
    "alpha": 0.025,
}
PAIRS = PhraseParameters(phrases=1, phrase_scoring=Scoring.NPMI, phrase_threshold=0.5, phrase_min_count=10)


class TokenisedLines:
    """The usual iterable: a file of text, tokenised and joined again whenever it is gone through."""

    def __init__(self, path: Path, phrases: "FrozenPhrases | None" = None) -> None:
        self.path = path
        self.phrases = phrases

    def __iter__(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                words = WORD.findall(line.lower())
                yield words if self.phrases is None else self.phrases[words]


def gensim_phrases(text: Path) -> "FrozenPhrases":
    """What `PAIRS` asks for, found by gensim."""
    from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases

    return Phrases(
        TokenisedLines(text),
        min_count=PAIRS.phrase_min_count,
        threshold=PAIRS.threshold,
        scoring=PAIRS.phrase_scoring.value,
        connector_words=ENGLISH_CONNECTOR_WORDS,
    ).freeze()


def first_words(corpus: Path, words: int, path: Path) -> tuple[Path, int]:
    """A file with the first lines of ``corpus`` that have so many words together, and how many they are."""
    reading, total = CorpusParameters(), 0
    [source] = find_texts([corpus], reading)
    with path.open("w", encoding="utf-8") as file:
        for block in FileReader(source, reading).blocks():
            for line in texts_of(block, reading).text.splitlines():
                file.write(f"{line}\n")
                total += len(WORD.findall(line))
                if total >= words:
                    return path, total
    return path, total
