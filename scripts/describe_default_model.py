"""What the entries of the model that comes with the package are, from the text that it was made of:

    python scripts/describe_default_model.py --corpus enwiki.txt.xz

The packed model, which does not change, describes subjects of articles and people. This adds what is said of names
anywhere in the text, and writes all of it as wikipedia.descriptions beside the model.
"""

import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import click

from embeddings.models import Model, open_model, pack_descriptions, unpack
from embeddings.text import (
    CorpusParameters,
    Statement,
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


def names_of(model: Model) -> dict[str, int]:
    """The rows of entries that are written with capitals; acronyms mean many things and are none."""
    names = {}
    for row, word in enumerate(model.vocabulary):
        shown = model.display(row) or word
        if shown[:1].isupper() and ("_" in word.strip("_") or not shown.isupper()):
            names[word] = row
    return names


def described_names(corpus: Path, model: Model) -> dict[int, str]:
    """What the text says of each row of which it says enough."""
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
    return {row: text for row in said if (text := most_agreed(said[row], usual, least_of(row, model))) is not None}


def least_of(row: int, model: Model) -> int:
    """How much must be said of a name."""
    if "_" in model.vocabulary.word(row).strip("_"):
        return 1
    return max(LEAST_OF_A_WORD, model.count_of(row) // SHARE_OF_A_WORD)


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
        about = described_names(corpus, model)
        about |= {row: text for row in range(len(model)) if (text := model.description(row)) is not None}
        size = pack_descriptions(out, {model.vocabulary.word(row): about[row] for row in sorted(about)})
    click.echo(f"{out}: {len(about):,} descriptions, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
