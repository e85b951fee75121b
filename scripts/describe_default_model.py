"""What the entries of the model that comes with the package are, from the text that it was made of:

    python scripts/describe_default_model.py --corpus enwiki.txt.xz

The packed model, which does not change, describes subjects of articles and people. This adds what is said of names
anywhere in the text, and writes all of it as wikipedia.descriptions beside the model.
"""

import math
import tempfile
from collections import Counter, defaultdict
from collections.abc import Container, Mapping
from pathlib import Path

import click
import numpy as np

from embeddings.models import Model, open_model, pack_descriptions, unpack
from embeddings.text import (
    KINDS,
    CorpusParameters,
    Statement,
    class_of,
    described,
    modifiers_of,
    most_agreed,
    paragraphs,
    statements,
)

CATALOGUE = Path(__file__).parent.parent / "embeddings" / "catalogue"
USUAL = 5
"""Articles of so many subjects must have a word before what they are for it to be shown."""
LEAST_OF_A_WORD, SHARE_OF_A_WORD = 4, 50
"""So much must be said of a name of one word, and once for so many times that it is met: it may mean many things."""
NEAREST, SURE_OF_KIND, SURE_OF_CLASS, LIKELY = 15, 0.4, 0.02, 0.03
"""Described rows that confirm what little is said of a name: how many are asked, the shares of them that must be of its
kind and, for a name of one word, of its class; and what a class counts that none of them is of.
"""
OFTEN = 400
"""What is said of a name only once for so many times that it is met is not what it mostly means."""


def names_of(model: Model) -> dict[str, int]:
    """The rows of entries that are written with a capital."""
    return {word: row for row, word in enumerate(model.vocabulary) if (model.display(row) or word)[:1].isupper()}


def is_phrase(word: str) -> bool:
    """Whether an entry is of several words, as McDonald's is."""
    return "_" in word.strip("_") or word.endswith("'s")


def described_names(corpus: Path, model: Model, described_before: Mapping[int, str]) -> dict[int, str]:
    """What the text says of each row, where it says enough or the rows nearest to it are such things too."""
    names = names_of(model)
    said: defaultdict[int, Counter[Statement]] = defaultdict(Counter)
    modifiers: Counter[str] = Counter()

    def row_of(name: str) -> int | None:
        return names.get(name.lower().replace("’", "'").replace(" ", "_"))

    for line in paragraphs(corpus, CorpusParameters()):
        for _, description in described([line]):
            modifiers.update(modifiers_of(description))
        for row, statement in statements(line, row_of):
            said[row][statement] += 1
    usual = {word for word, times in modifiers.items() if times >= USUAL}
    sure = {row: text for row in said if (text := most_agreed(said[row], usual, least_of(row, model))) is not None}
    others = {row: said[row] for row in said if row not in sure and row not in described_before}
    return sure | confirmed(model, others, sure | described_before, usual)


def least_of(row: int, model: Model) -> float:
    """How much must be said of a name."""
    word = model.vocabulary.word(row)
    if is_phrase(word):
        return 1
    if (model.display(row) or word).isupper():
        return math.inf  # acronyms mean many things
    return max(LEAST_OF_A_WORD, model.count_of(row) // SHARE_OF_A_WORD)


def confirmed(
    model: Model, said: Mapping[int, Counter[Statement]], about: Mapping[int, str], usual: Container[str]
) -> dict[int, str]:
    """What is ``said`` of rows, of most of which too little to be sure, where the vectors say it as well: of the
    `NEAREST` rows that are described, most are things of that kind, and some are of that very class.
    """
    classes = {row: noun for row, text in about.items() if (noun := class_of(text)) is not None}
    nouns, known = list(classes.values()), model.vectors_of(list(classes))
    found = {}
    for row, statements_on_it in said.items():
        cosines = known @ model.vectors_of([row])[0]
        near = Counter[str]()
        for place in np.argpartition(-cosines, NEAREST)[:NEAREST].tolist():
            near[nouns[place]] += max(float(cosines[place]), 0.01) ** 4  # the nearest say most
        best = most_confirmed(statements_on_it, near, 0 if is_phrase(model.vocabulary.word(row)) else SURE_OF_CLASS)
        if best is None or sum(statement.weight * times for statement, times in best.items()) * OFTEN < model.count_of(
            row
        ):
            continue
        if (text := most_agreed(best, usual, 1)) is not None:
            found[row] = text
    return found


def most_confirmed(said: Counter[Statement], near: Counter[str], least: float) -> Counter[Statement] | None:
    """The statements of the class on which text and vectors agree; ``near`` has how much of each class is nearest.
    None where they agree on none, of which at least a share of ``least`` is.
    """
    nouns = max(KINDS.values(), key=lambda kind: sum(near[noun] for noun in kind))
    sure = sum(near[noun] for noun in nouns) / near.total()
    of_classes = Counter[str]()
    for statement, times in said.items():
        of_classes[statement.noun] += statement.weight * times
    of_kind = {
        noun: weight * (near[noun] / near.total() + LIKELY) for noun, weight in of_classes.items() if noun in nouns
    }
    if sure < SURE_OF_KIND or sum(of_classes[noun] for noun in of_kind) < of_classes.total() / 2:
        return None
    best = max(of_kind, key=lambda noun: (of_kind[noun], noun))
    if near[best] < least * near.total():
        return None
    return Counter({statement: times for statement, times in said.items() if statement.noun in (best, "place")})


@click.command()
@click.option(
    "--corpus", type=click.Path(path_type=Path, exists=True), required=True, help="Text, or a Wikipedia dump."
)
@click.option("--out", type=click.Path(path_type=Path), default=CATALOGUE / "wikipedia.descriptions", show_default=True)
def main(corpus: Path, out: Path) -> None:
    """Read the text and write the descriptions."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(CATALOGUE / "wikipedia.packed", Path(folder) / "wikipedia")
        model = open_model(Path(folder) / "wikipedia")
        of_articles = {row: text for row in range(len(model)) if (text := model.description(row)) is not None}
        about = described_names(corpus, model, of_articles) | of_articles
        size = pack_descriptions(out, {model.vocabulary.word(row): about[row] for row in sorted(about)})
    click.echo(f"{out}: {len(about):,} descriptions, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
