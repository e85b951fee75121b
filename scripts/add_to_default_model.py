"""Names and terms that the model that comes with the package lacks, from a later run of its recipe:

    python scripts/add_to_default_model.py --from recipe.packed

The packed model does not change. What only the later run has is written as wikipedia.additions beside it: names of one
word in 's (McDonald's), names of several words, and subjects of articles, each met so often. A rotation, fitted to the
frequent words of both, brings their vectors into the packed model's space (Schönemann 1966, the orthogonal Procrustes
problem). Every tenth of those words is held out and says how well that went. The same file gives the same bytes. Then
run `scripts/measure_bundled_indexes.py`, since a larger model has another index.
"""

import tempfile
from pathlib import Path

import click
import numpy as np

from embeddings.errors import ModelError
from embeddings.models import Band, Card, Content, Model, open_model, pack, unpack
from embeddings.search import Matrix
from embeddings.text import KINDS, POSSESSIVE, class_of

CATALOGUE = Path(__file__).parent.parent / "embeddings" / "catalogue"
LEAST_POSSESSIVE, LEAST_PHRASE, LEAST_SIGNS = 10, 25, 100
"""So often names in 's, phrases, and names of one word with signs in them (C++) must have been met."""
LEADS_NO_NAME = frozenset("at by during for from in of on the to with".split())
"""Words before a name, written with a capital where a sentence begins."""
TITLES = KINDS["works"] | KINDS["people"] - {"general", "model"}  # there are general theories, and models of prices
"""What articles are on whose title a text may well use in another sense."""
FREQUENT, HELD_OUT = 30_000, 10
"""The rotation is fitted to so many words, the most frequent, but every tenth."""
STEP = 0.011
"""As the packed model's frequent words are rounded."""


def chosen_rows(later: Model, packed: Model) -> list[int]:
    """The rows of what is added, the most frequent first."""
    rows = [row for row, word in enumerate(later.vocabulary) if word not in packed.vocabulary]
    return sorted((row for row in rows if is_chosen(later, row)), key=lambda row: -later.count_of(row))


def is_chosen(model: Model, row: int) -> bool:
    """Whether an entry is a name or a term that people look up."""
    word, joiner = model.vocabulary.word(row), model.manifest.card.joiner
    shown = model.display(row) or word
    words = word.split(joiner)
    if len(words) == 1 and word.endswith(POSSESSIVE):
        return model.count_of(row) >= LEAST_POSSESSIVE
    if len(words) == 1:
        return is_name(shown) and word.isascii() and model.count_of(row) >= LEAST_SIGNS
    if words[0] in LEADS_NO_NAME or word.endswith(POSSESSIVE):  # the United Kingdom's is two words
        return False
    return (is_name(shown) or is_term(model.description(row))) and model.count_of(row) >= LEAST_PHRASE


def is_name(shown: str) -> bool:
    """Whether the first and the last word are written with a capital."""
    words = shown.split()
    return words[0][0].isupper() and (words[-1][0].isupper() or words[-1][0].isdigit())


def is_term(description: str | None) -> bool:
    """Whether an article is on what a phrase in small letters means, and not on a film or a novel of that name."""
    return description is not None and class_of(description) not in TITLES


def rotation(later: Matrix, packed: Matrix) -> Matrix:
    """The orthogonal matrix [dimension, dimension] that brings rows of ``later`` nearest to those of ``packed``."""
    left, _, right = np.linalg.svd(later.T.astype(np.float64) @ packed)
    return (left @ right).astype(np.float32)


def fitted(later: Model, packed: Model) -> tuple[Matrix, float, float]:
    """The rotation; and of the words that were held out the share that are nearest to themselves among all entries of
    the packed model, and their mean cosine with themselves.
    """
    common = [
        (row, own)
        for row, word in enumerate(later.vocabulary)
        if row < FREQUENT and (own := packed.vocabulary.row(word)) is not None
    ]
    rows, own_rows = np.array(common).T
    held_out = np.arange(len(rows)) % HELD_OUT == 0
    rotated = rotation(later.vectors[rows[~held_out]], packed.vectors[own_rows[~held_out]])
    there = later.vectors[rows[held_out]] @ rotated
    itself = own_rows[held_out]
    nearest = np.concatenate([(part @ packed.vectors.T).argmax(axis=1) for part in np.array_split(there, 30)])
    cosines = np.einsum("ij,ij->i", there, packed.vectors[itself])
    return rotated, float(np.mean(nearest == itself)), float(cosines.mean())


@click.command()
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True), required=True, help="A packed model.")
@click.option("--out", type=click.Path(path_type=Path), default=CATALOGUE / "wikipedia.additions", show_default=True)
def main(source: Path, out: Path) -> None:
    """Choose, rotate, round and pack what is added."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(CATALOGUE / "wikipedia.packed", Path(folder) / "packed")
        unpack(source, Path(folder) / "later")
        packed, later = open_model(Path(folder) / "packed"), open_model(Path(folder) / "later")
        if packed.dimension != later.dimension:
            raise ModelError(f"{source} has {later.dimension} dimensions and the packed model {packed.dimension}.")
        rows = chosen_rows(later, packed)
        rotated, nearest, cosine = fitted(later, packed)
        of_run = later.manifest.card
        content = Content(
            [later.vocabulary.word(row) for row in rows],
            later.vectors[rows] @ rotated,
            [later.count_of(row) for row in rows],
            Card("additions", method=of_run.method, corpus=of_run.corpus, licence=of_run.licence, joiner=of_run.joiner),
            [later.display(row) for row in rows],
            [later.description(row) for row in rows],
        )
        size = pack(out, content, [Band(len(rows), STEP)])
    click.echo(f"{out}: {len(rows):,} entries, {size / 1e3:.0f} kB")
    click.echo(f"held-out words nearest to themselves: {nearest:.4f}, mean cosine: {cosine:.4f}")


if __name__ == "__main__":
    main()
