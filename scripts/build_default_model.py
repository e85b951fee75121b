"""The recipe of the model that comes with the package:

    python scripts/build_default_model.py --corpus enwiki.txt.xz --out embeddings/catalogue/wikipedia.packed

Skip-gram, CBOW and fastText are trained on the same text with its names joined, which is prepared once, and merged with
GloVe 6B (50 dimensions), which has read a hundred times as much. Of all that the text has what people look up is kept
(`scripts/default_model`), with what it is; the result is rounded, measured and packed. With ``--threads 1`` the same
text, seed and date give the same file on one machine. What is prepared and trained is kept in ``--work``, so that a run
that was stopped goes on where it was. Run `scripts/measure_bundled_indexes.py` afterwards: other vectors have another
index.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from embeddings import load_model
from embeddings.evaluation import evaluate
from embeddings.models import (
    DISPLAY_FILE,
    Band,
    Card,
    Content,
    Model,
    ModelWriter,
    open_model,
    pack,
    unpack,
    write_texts,
)
from embeddings.training import MergeParameters, merged_vectors
from scripts.default_model.descriptions import descriptions
from scripts.default_model.entries import chosen_rows, content_of, known_of, words_of_glove
from scripts.default_model.sayings import read

NAME = "wikipedia"
SETS = ("google", "wordsim353", "simlex999")
READING = ["--phrases", "entities", "--titles", "--min-count", "5"]
COMMON = ["--preset", "medium", "--no-evaluate", "--vector-size", "256"]
PARTS: dict[str, list[str]] = {
    "skipgram": ["--algorithm", "word2vec", "--window", "8", "--epochs", "12"],
    "fasttext": ["--algorithm", "fasttext", "--window", "10", "--epochs", "5", "--min-n", "5", "--max-n", "5"],
    "near": ["--algorithm", "fasttext", "--window", "3", "--epochs", "5", "--min-n", "5", "--max-n", "5"],
    "close": ["--algorithm", "word2vec", "--window", "2", "--epochs", "14"],
    "cbow": ["--algorithm", "word2vec", "--architecture", "cbow", "--window", "4", "--epochs", "12"],
}
"""Wide windows say what words are about, narrow ones what can stand in their place."""
WEIGHTS = {"skipgram": 0.9, "fasttext": 1.1, "near": 1.2, "close": 0.4, "cbow": 0.35, "glove": 0.7}
REMOVED, POWER, DIMENSION = 1, 0.68, 380
COMMON_ENDS, STEPS = (60_000, 130_000), (0.011, 0.016, 0.024)
"""Frequent words are asked most, and what is rare disturbs them less when it is rounded more."""
LICENCE = "CC-BY-SA-4.0; text: Wikipedia's authors, CC BY-SA; GloVe 6B: PDDL-1.0"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was told."""

    corpus: Path
    work: Path
    threads: int
    seed: int


def train_part(name: str, run: Run) -> Model:
    """The trained part, made or finished if it is not there."""
    place = run.work / name
    if not place.exists():
        command = [sys.executable, "-m", "service.cli", "train", "--out", str(place)]
        if Path(f"{place}.training").exists():
            command.append("--resume")
        else:
            prepared = run.work / "prepared"
            read_anew = [str(run.corpus), *READING, "--prepared", str(prepared)]
            command += [str(prepared)] if prepared.exists() else read_anew
            command += [*COMMON, *PARTS[name], "--workers", str(run.threads), "--seed", str(run.seed)]
        subprocess.run(command, check=True)
    return open_model(place)


def merge_parts(parts: list[Model], glove: Model, place: Path) -> Model:
    """All that the text has, and frequent words that only GloVe has behind it, with the count of the rarest."""
    first = parts[0]
    words = [*first.vocabulary, *words_of_glove(first, glove)]
    counts = first.counts.tolist()
    counts += [counts[-1]] * (len(words) - len(counts))
    parameters = MergeParameters(dimension=DIMENSION, weights=tuple(WEIGHTS.values()), remove=REMOVED, power=POWER)
    with ModelWriter(place, DIMENSION, overwrite=True) as writer:
        writer.append(words, merged_vectors([*parts, glove], words, parameters), counts)
        write_texts(
            writer.folder / DISPLAY_FILE,
            [first.display(row) if row < len(first) else None for row in range(len(words))],
        )
        writer.finish(Card(NAME, joiner=first.manifest.card.joiner))
    return open_model(place)


def pack_measured(content: Content, out: Path, work: Path, made: date) -> dict[str, Any]:
    """Write the file with the scores of what it unpacks to, and give these."""
    ends = [end for end in COMMON_ENDS if end < len(content.words)]
    bands = [Band(end, step) for end, step in zip([*ends, len(content.words)], STEPS, strict=False)]
    first, place = work / "unmeasured.packed", work / "unpacked"
    pack(first, content, bands)
    shutil.rmtree(place, ignore_errors=True)
    unpack(first, place)
    model = open_model(place)
    scores = {
        name: {key: value for key, value in evaluate(model, name).as_dict().items() if key not in ("sections", "model")}
        for name in SETS
    }
    card = replace(content.card, metrics=scores, training={"made": made.isoformat()})
    pack(out, replace(content, card=card), bands)
    return scores


def card_of(parts: list[Model], run: Run) -> Card:
    """What the model is, but for its scores."""
    return Card(
        NAME,
        method="meta-embedding of skip-gram, fastText and GloVe",
        parameters={
            "parts": {**PARTS, "common": [*COMMON, *READING]},
            "weights": WEIGHTS,
            "removed": REMOVED,
            "power": POWER,
            "seed": run.seed,
            "dimension": DIMENSION,
        },
        corpus=f"English Wikipedia ({run.corpus.name}), {parts[0].counts.sum():,} words; GloVe 6B",
        licence=LICENCE,
        joiner=parts[0].manifest.card.joiner,
    )


@click.command()
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True), required=True, help="Text, or a Wikipedia dump."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--work", type=click.Path(path_type=Path), default=Path("default-model"), help="What is kept meanwhile.")
@click.option("--threads", type=int, default=0, show_default=True, help="0 is one for each processor.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--made", type=click.DateTime(["%Y-%m-%d"]), default=datetime.now(UTC), help="What the card says of the day."
)
def main(corpus: Path, out: Path, work: Path, threads: int, seed: int, made: datetime) -> None:
    """Train, merge, choose, describe, round and pack the default model."""
    work.mkdir(parents=True, exist_ok=True)
    run = Run(corpus, work, threads, seed)
    parts = [train_part(name, run) for name in PARTS]
    glove = load_model("glove-6b-50d")
    merged = merge_parts(parts, glove, work / "merged")
    sayings = read(corpus, merged)
    about = descriptions(merged, sayings)
    rows = chosen_rows(merged, glove, known_of(sayings, about))
    content = content_of(merged, rows, about, card_of(parts, run))
    scores = pack_measured(content, out, work, made.date())
    described, size = sum(text is not None for text in content.descriptions or ()), out.stat().st_size / 1e6
    click.echo(f"{out}: {len(content.words):,} words × {DIMENSION}, {described:,} descriptions, {size:.1f} MB")
    for name in SETS:
        click.echo(f"{name}: {scores[name]}")


if __name__ == "__main__":
    main()
