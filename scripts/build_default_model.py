"""The recipe of the model that comes with the package:

    python scripts/build_default_model.py --corpus enwiki.txt.xz --out embeddings/catalogue/wikipedia.packed

Skip-gram and fastText are trained on the same text with its names joined, which is prepared once, and merged with
GloVe 6B (50 dimensions), which has read a hundred times as much; the result is rounded and packed. With ``--threads 1``
the same text and seed give the same file. What is prepared and trained is kept in ``--work``, so that a run that was
stopped goes on where it was.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from embeddings import load_model
from embeddings.evaluation import evaluate
from embeddings.models import Band, Card, Content, Model, open_model, pack, unpack
from embeddings.search import Matrix
from embeddings.text import POSSESSIVE, CorpusParameters, agreed, described, occupations, paragraphs
from embeddings.training import MergeParameters, merged_vectors

NAME = "wikipedia"
SETS = ("google", "wordsim353", "simlex999")
READING = ["--phrases", "entities", "--titles", "--min-count", "5"]
COMMON = ["--preset", "medium", "--no-evaluate", "--vector-size", "256"]
PARTS: dict[str, list[str]] = {
    "skipgram": ["--algorithm", "word2vec", "--window", "10", "--epochs", "5"],
    "fasttext": ["--algorithm", "fasttext", "--window", "10", "--epochs", "5", "--min-n", "5", "--max-n", "5"],
    "near": ["--algorithm", "fasttext", "--window", "3", "--epochs", "5", "--min-n", "5", "--max-n", "5"],
    "close": ["--algorithm", "word2vec", "--window", "2", "--epochs", "6"],
}
"""Wide windows say what words are about, narrow ones what can stand in their place."""
WEIGHTS = {"skipgram": 0.7, "fasttext": 1.0, "near": 0.5, "close": 0.7, "glove": 1.1}
POWER = 0.68
LEAST_PHRASE, LEAST_COMMON, LEAST_KNOWN, LEAST_OTHER = 7, 5, 7, 10
"""So often phrases, common words of GloVe, rare ones of it, and other words must have been met."""
GLOVE_COMMON, GLOVE_WORDS = 100_000, 80_000
MOST_OF_ONE_THING = 150
PLAIN = re.compile("[a-z]{3,}")
COMMON_ENDS, STEPS = (60_000, 130_000), (0.011, 0.016, 0.022)
"""Frequent words are asked most, and what is rare disturbs them less when it is rounded more."""
LICENCE = "CC-BY-SA-4.0; text: Wikipedia's authors, CC BY-SA; GloVe 6B: PDDL-1.0"


def train_part(name: str, corpus: Path, work: Path, threads: int, seed: int) -> Model:
    """The trained part, made or finished if it is not there."""
    place = work / name
    if not place.exists():
        command = [sys.executable, "-m", "service.cli", "train", "--out", str(place)]
        if Path(f"{place}.training").exists():
            command.append("--resume")
        else:
            prepared = work / "prepared"
            read = [str(prepared)] if prepared.exists() else [str(corpus), *READING, "--prepared", str(prepared)]
            command += [*read, *COMMON, *PARTS[name], "--workers", str(threads), "--seed", str(seed)]
        subprocess.run(command, check=True)
    return open_model(place)


def chosen_words(model: Model, glove: Model, described_rows: set[int]) -> list[str]:
    """What is worth a place, by frequency: phrases, words that GloVe knows too, others met often, what is described.

    Behind them stand frequent words of GloVe's that the text does not have: it read other years and other papers.
    """
    joiner = model.manifest.card.joiner
    words = list(model.vocabulary)
    chosen = []
    for row, word in enumerate(words):
        rank = glove.vocabulary.row(word)
        # What ends in a possessive is a name, McDonald's: possessives of others are two words.
        if joiner in word.strip(joiner) or word.endswith(POSSESSIVE):
            least = LEAST_PHRASE
        else:
            least = LEAST_OTHER if rank is None else LEAST_COMMON if rank < GLOVE_COMMON else LEAST_KNOWN
        if model.counts[row] >= least or row in described_rows:
            chosen.append(word)
    common = [glove.vocabulary.word(row) for row in range(GLOVE_WORDS)]
    return chosen + [word for word in common if word not in model.vocabulary and PLAIN.fullmatch(word)]


def descriptions_of(corpus: Path, model: Model) -> dict[int, str]:
    """What each row is: the subject of an article by its first sentence, other people by what they do."""
    articles: dict[int, str] = {}
    people: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for line in paragraphs(corpus, CorpusParameters()):
        for name, said in described([line]):
            row = row_of(name, model)
            if row is not None and names_one_thing(row, model):
                articles.setdefault(row, said)
        for name, said in occupations(line):
            row = row_of(name, model)
            if row is not None:
                people[row][said] += 1
    known = {row: text for row, said in people.items() if (text := agreed(said)) is not None}
    return known | articles


def row_of(name: str, model: Model) -> int | None:
    """The row of a name as it is written in running text."""
    words = name.lower().replace("’", "'").split()
    return model.vocabulary.row(model.manifest.card.joiner.join(words))


def names_one_thing(row: int, model: Model) -> bool:
    """Whether an article's subject is what the entry mostly means: frequent words and acronyms mean many things."""
    word = model.vocabulary.word(row)
    if model.manifest.card.joiner in word or word.endswith(POSSESSIVE):
        return True
    shown = model.display(row)
    return shown is not None and not shown.isupper() and model.count_of(row) <= MOST_OF_ONE_THING


def content_of(words: list[str], vectors: Matrix, model: Model, about: dict[int, str], card: Card) -> Content:
    """What is packed. Words that only GloVe has come last, with the count of the rarest."""
    rows = [model.vocabulary.row(word) for word in words]
    known = [row for row in rows if row is not None]
    least = min(model.count_of(row) for row in known)
    return Content(
        words,
        vectors,
        [least if row is None else model.count_of(row) for row in rows],
        card,
        [None if row is None else model.display(row) for row in rows],
        [None if row is None else about.get(row) for row in rows],
    )


def pack_measured(content: Content, out: Path, work: Path) -> dict[str, Any]:
    """Write the file with the index and the scores of what it unpacks to, and give the scores."""
    ends = [end for end in COMMON_ENDS if end < len(content.words)]
    bands = [Band(end, step) for end, step in zip([*ends, len(content.words)], STEPS, strict=False)]
    first, place = work / "unmeasured.packed", work / "unpacked"
    pack(first, content, bands)
    shutil.rmtree(place, ignore_errors=True)
    manifest = unpack(first, place)
    model = open_model(place)
    scores = {
        name: {key: value for key, value in evaluate(model, name).as_dict().items() if key not in ("sections", "model")}
        for name in SETS
    }
    made = {"made": datetime.now(UTC).date().isoformat()}
    pack(out, replace(content, card=replace(content.card, metrics=scores, training=made), index=manifest.index), bands)
    return scores


@click.command()
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True), required=True, help="Text, or a Wikipedia dump."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("default-model"), help="What is kept meanwhile.")
@click.option("--dimension", type=int, default=380, show_default=True)
@click.option("--threads", type=int, default=0, show_default=True, help="0 is one for each processor.")
@click.option("--seed", type=int, default=1, show_default=True)
def main(corpus: Path, out: Path, work: Path, threads: int, seed: int, dimension: int) -> None:
    """Train, merge, describe, round and pack the default model."""
    work.mkdir(parents=True, exist_ok=True)
    models = [train_part(name, corpus, work, threads, seed) for name in PARTS]
    glove = load_model("glove-6b-50d")
    about = descriptions_of(corpus, models[0])
    words = chosen_words(models[0], glove, set(about))
    parameters = MergeParameters(dimension=dimension, weights=tuple(WEIGHTS.values()), power=POWER)
    vectors = merged_vectors([*models, glove], words, parameters)
    made_from = f"English Wikipedia ({corpus.name}), {models[0].counts.sum():,} words; GloVe 6B"
    said = {
        "parts": {**PARTS, "common": [*COMMON, *READING]},
        "weights": WEIGHTS,
        "power": POWER,
        "seed": seed,
        "dimension": dimension,
    }
    card = Card(
        NAME,
        method="meta-embedding of skip-gram, fastText and GloVe",
        parameters=said,
        corpus=made_from,
        licence=LICENCE,
        joiner=models[0].manifest.card.joiner,
    )
    content = content_of(words, vectors, models[0], about, card)
    scores = pack_measured(content, out, work)
    click.echo(f"{out}: {len(words):,} words × {vectors.shape[1]}, {out.stat().st_size / 1e6:.1f} MB")
    for name in SETS:
        click.echo(f"{name}: {scores[name]}")


if __name__ == "__main__":
    main()
