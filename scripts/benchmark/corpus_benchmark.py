"""The part ``corpus`` of scripts/benchmark: processor seconds from raw text to what an epoch reads, beside gensim.

Its way is an iterable that splits each line with a regular expression, once for `Phrases` and once more, with phrases
joined, for the vocabulary; the whole job goes through it again in every epoch. Each way runs in a process of its own.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeddings.text import CorpusParameters, FileReader, PhraseParameters, Scoring, find_texts, texts_of
from embeddings.training import Job, Workspace, prepare, train

if TYPE_CHECKING:
    from gensim.models.phrases import FrozenPhrases

WORD = re.compile(r"\w+")
TRAINING = {"vector_size": 100, "window": 5, "negative": 5, "sample": 1e-4, "min_count": 5, "epochs": 5, "workers": 2}
PAIRS = PhraseParameters(phrases=1, phrase_scoring=Scoring.NPMI, phrase_threshold=0.5, phrase_min_count=10)
WAYS = {"pairs": PAIRS, "entities": PhraseParameters(), "no phrases": PhraseParameters(phrases=0)}
GENSIM = "gensim"


def measure_corpus(corpus: Path, words: int, *, whole_job: bool) -> dict[str, Any]:
    """Processor seconds for the first ``words`` words of ``corpus``, and how often gensim's are those of each way."""
    with tempfile.TemporaryDirectory() as folder:
        text, total = _first_words(corpus, words, Path(folder, "text.txt"))
        taken = {way: _in_process(way, text, whole_job=False) for way in (GENSIM, *WAYS)}
        found: dict[str, Any] = {"words": total, "to the first epoch, processor seconds": taken}
        found["ratio"] = {way: round(taken[GENSIM] / taken[way], 2) for way in WAYS}
        if whole_job:
            whole = {way: _in_process(way, text, whole_job=True) for way in (GENSIM, "pairs", "entities")}
            found["whole job over five epochs, processor seconds"] = whole
            found["ratio, whole job"] = {way: round(whole[GENSIM] / whole[way], 2) for way in whole if way != GENSIM}
        return found


def _first_words(corpus: Path, words: int, path: Path) -> tuple[Path, int]:
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


def _in_process(way: str, text: Path, *, whole_job: bool) -> float:
    command = [sys.executable, "-m", "scripts.benchmark.corpus_benchmark", way, str(text), str(int(whole_job))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


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


def _by_gensim(text: Path, *, whole_job: bool, folder: Path) -> None:
    from gensim.models import Word2Vec
    from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS, Phrases

    phrases = Phrases(
        TokenisedLines(text),
        min_count=PAIRS.phrase_min_count,
        threshold=PAIRS.threshold,
        scoring=PAIRS.phrase_scoring.value,
        connector_words=ENGLISH_CONNECTOR_WORDS,
    ).freeze()
    lines = TokenisedLines(text, phrases)
    model = Word2Vec(**TRAINING, sg=1)
    model.build_vocab(lines)
    if whole_job:
        model.train(lines, total_examples=model.corpus_count, epochs=model.epochs)
        model.wv.save(str(folder / "vectors"))


def _by_us(way: str, text: Path, *, whole_job: bool, folder: Path) -> None:
    training = dict(TRAINING, algorithm="word2vec", architecture="skipgram") if whole_job else dict(TRAINING)
    job = Job((str(text),), phrases=WAYS[way], training=training, evaluate=False)
    if whole_job:
        train(job, folder / "model")
        return
    space = Workspace(folder / "prepared")
    with space.opened(job, resume=False):
        prepare(job, [], [], space, lambda _: None)


def main(way: str, text: str, whole_job: str) -> None:
    if way == GENSIM:
        import gensim.models  # noqa: F401  # its import is no part of the work, as ours is none
    with tempfile.TemporaryDirectory() as name:
        before = processor_seconds()
        if way == GENSIM:
            _by_gensim(Path(text), whole_job=whole_job == "1", folder=Path(name))
        else:
            _by_us(way, Path(text), whole_job=whole_job == "1", folder=Path(name))
        print(json.dumps(round(processor_seconds() - before, 2)))


if __name__ == "__main__":
    main(*sys.argv[1:])
