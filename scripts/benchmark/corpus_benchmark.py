"""The part ``corpus`` of scripts/benchmark: processor seconds from raw text to what an epoch reads, beside gensim.

gensim goes through the text once for `Phrases` and once more, with phrases joined, for the vocabulary; in the whole job
again in every epoch. Each way runs in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from embeddings.text import PhraseParameters
from embeddings.training import Job, Workspace, prepare, train
from scripts.benchmark.gensim_way import PAIRS, TRAINING, TokenisedLines, first_words, gensim_phrases
from scripts.benchmark.measurement import GENSIM, processor_seconds

WAYS = {"pairs": PAIRS, "entities": PhraseParameters(), "no phrases": PhraseParameters(phrases=0)}
THREADS = 2


def measure_corpus(corpus: Path, words: int, *, whole_job: bool) -> dict[str, Any]:
    """Processor seconds for the first ``words`` words of ``corpus``, and how often gensim's are those of each way."""
    with tempfile.TemporaryDirectory() as folder:
        text, total = first_words(corpus, words, Path(folder, "text.txt"))
        taken = {way: _in_process(way, text, whole_job=False) for way in (GENSIM, *WAYS)}
        found: dict[str, Any] = {"words": total, "to the first epoch, processor seconds": taken}
        found["ratio"] = {way: round(taken[GENSIM] / taken[way], 2) for way in WAYS}
        if whole_job:
            whole = {way: _in_process(way, text, whole_job=True) for way in (GENSIM, "pairs", "entities")}
            found["whole job over five epochs, processor seconds"] = whole
            found["ratio, whole job"] = {way: round(whole[GENSIM] / whole[way], 2) for way in whole if way != GENSIM}
        return found


def _in_process(way: str, text: Path, *, whole_job: bool) -> float:
    command = [sys.executable, "-m", "scripts.benchmark.corpus_benchmark", way, str(text), str(int(whole_job))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def _by_gensim(text: Path, *, whole_job: bool, folder: Path) -> None:
    from gensim.models import Word2Vec

    lines = TokenisedLines(text, gensim_phrases(text))
    model = Word2Vec(**TRAINING, sg=1, workers=THREADS)
    model.build_vocab(lines)
    if whole_job:
        model.train(lines, total_examples=model.corpus_count, epochs=model.epochs)
        model.wv.save(str(folder / "vectors"))


def _by_us(way: str, text: Path, *, whole_job: bool, folder: Path) -> None:
    training = {**TRAINING, "workers": THREADS}
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
