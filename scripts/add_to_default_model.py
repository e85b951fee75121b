"""Names and terms that the model that comes with the package lacks, from a later run of its recipe:

    python scripts/build_default_model.py --corpus enwiki.txt.xz --work W --threads 1 --out W/later.packed
    thisplusthat merge W/skipgram W/fasttext W/near W/close glove-6b-50d --out W/later --dimension 380 \\
        --weights 0.7,1,0.5,0.7,1.1 --power 0.68
    python scripts/add_to_default_model.py --from W/later --corpus enwiki.txt.xz

W is where that run keeps its parts, which have all that was met five times. The packed model does not change. What only
the later run has is written as wikipedia.additions beside it, if it is a name that the text describes
(`describe_default_model`) or that says itself what it is (Aegean Airlines), or an article's subject or a name that is
no fragment and was met often (World War I, McDonald's, C++). A rotation, fitted to the frequent words of both, brings
their vectors into the packed model's space (Schönemann 1966, the orthogonal Procrustes problem). Every tenth of those
words is held out and says how well that went. The same files give the same bytes. Then run
`scripts/measure_bundled_indexes.py`, since a larger model has another index, and `scripts/describe_default_model.py`.
"""

import re
import tempfile
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from embeddings.errors import ModelError
from embeddings.models import Band, Card, Content, Model, open_model, pack, unpack
from embeddings.search import Matrix
from embeddings.text import KINDS, POSSESSIVE, CorpusParameters, class_of, paragraphs
from scripts.describe_default_model import CATALOGUE, RARE, descriptions, read

LEAST_POSSESSIVE, LEAST_TERM, LEAST_SIGNS = 10, 25, 100
"""So often names in 's, phrases in small letters, and names of one word with signs in them (C++) must have been met."""
LEADS_NO_NAME = frozenset("at by during for from in of on the to with".split())
"""Words before a name, written with a capital where a sentence begins."""
TITLES = KINDS["works"] | KINDS["people"] - {"general", "model"}  # there are general theories, and models of prices
"""What articles are on whose title a text may well use in another sense."""
GROUPS = KINDS["groups"] - {"brand", "people"}
CLASSES = KINDS["places"] | GROUPS | {"award", "battle", "war"}
WHOLE = re.compile(r" (?:of|the) |[a-z] (?:[IVX]+|\d+)$")
"""What fragments of names seldom have: Kingdom of France, World War I."""
PAIR = re.compile(" (?:of|and|in) ")
SLASHED = re.compile(r"(?<![\w/])[A-Z]{2,}/[A-Z]{2,}(?![\w/])")
FREQUENT, HELD_OUT = 30_000, 10
"""The rotation is fitted to so many words, the most frequent, but every tenth."""
PRIOR = 5
"""As often as the rarest names are met."""
STEP = 0.016
"""As the packed model's words of middling frequency are rounded."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the text says of rows, and of names."""

    about: Mapping[int, str]
    """What they are."""
    terms: Container[int]
    """Those that articles begin with, if these are on what they mean."""
    slashed: Container[str]
    """Acronyms that are written with a slash between them: AC/DC."""


def chosen_rows(later: Model, packed: Container[str], known: Known) -> list[int]:
    """The rows of what is added, the most frequent first."""
    rows = [row for row, word in enumerate(later.vocabulary) if word not in packed]
    return sorted((row for row in rows if is_chosen(later, row, known)), key=lambda row: -later.count_of(row))


def is_chosen(model: Model, row: int, known: Known) -> bool:
    """Whether an entry is a name or a term that people look up."""
    word, count = model.vocabulary.word(row), model.count_of(row)
    shown = model.display(row) or word
    words = word.split(model.manifest.card.joiner)
    if len(words) == 1 and word.endswith(POSSESSIVE):
        return count >= LEAST_POSSESSIVE
    if len(words) == 1:
        return is_name(shown) and word.isascii() and count >= LEAST_SIGNS
    if words[0] in LEADS_NO_NAME or word.endswith(POSSESSIVE):  # the United Kingdom's is two words
        return False
    if not is_name(shown):
        return row in known.terms and count >= LEAST_TERM
    if PAIR.search(shown) is not None and row not in known.about and is_pair(words, model):
        return False
    is_whole = WHOLE.search(shown) is not None or shown.replace(" ", "/") in known.slashed
    return row in known.about or (is_whole and count >= LEAST_TERM) or says_what_it_is(shown, model)


def is_pair(words: Sequence[str], model: Model) -> bool:
    """Whether two names of several words are joined, as in `Pittsburgh Penguins of the National Hockey League`."""
    joiner = model.manifest.card.joiner
    parts = re.split(" (?:of|and|in)(?: the)? ", " ".join(words), maxsplit=1)
    return all(" " in part and part.replace(" ", joiner) in model.vocabulary for part in parts)


def is_name(shown: str) -> bool:
    """Whether the first and the last word are written with a capital."""
    words = shown.split()
    return words[0][0].isupper() and (words[-1][0].isupper() or words[-1][0].isdigit())


def says_what_it_is(shown: str, model: Model, classes: Container[str] = CLASSES) -> bool:
    """Whether a name, of which a word is in capitals everywhere, ends with the class of things that it is of, one or
    many: ``Aegean Airlines``, and not ``Art School``.
    """
    *words, last = shown.split()
    if not words:
        return False
    is_class = last.lower() in classes or last.lower().removesuffix("s") in classes
    rows = [model.vocabulary.row(word.lower()) for word in words]
    is_own = any(row is not None and (model.display(row) or "")[:1].isupper() for row in rows)
    return is_class and is_own and words[0].isalpha() and len(words[0]) > 1


def slashed_acronyms(corpus: Path) -> set[str]:
    """Acronyms with a slash between them."""
    return {found for line in paragraphs(corpus, CorpusParameters()) for found in SLASHED.findall(line)}


def is_term(description: str) -> bool:
    """Whether an article is on what a phrase in small letters means, and not on a film or a novel of that name."""
    return class_of(description) not in TITLES


def rotation(later: Matrix, packed: Matrix) -> Matrix:
    """The orthogonal matrix [dimension, dimension] that brings rows of ``later`` nearest to those of ``packed``."""
    left, _, right = np.linalg.svd(later.T.astype(np.float64) @ packed)
    return (left @ right).astype(np.float32)


def steadied(later: Model, rows: Sequence[int], rotated: Matrix, packed: Model) -> Matrix:
    """The vectors of ``rows`` in the packed model's space. A group that is named by one word and what it is (Aegean
    Airlines) counts these `PRIOR` times: what is met five times has learnt little of itself.
    """
    vectors = later.vectors[rows] @ rotated
    total = float(packed.counts.sum())
    for place, row in enumerate(rows):
        word = later.vocabulary.word(row)
        parts = word.split(later.manifest.card.joiner)
        known = [own for part in parts if (own := packed.vocabulary.row(part)) is not None]
        is_group = len(parts) == 2 and says_what_it_is(later.display(row) or word, later, GROUPS)
        if is_group and len(known) == len(parts):  # else it would become what it is: Mouchoir Bank a bank
            shares = np.array([packed.count_of(part) for part in known]) / total
            composed = np.asarray(RARE / (RARE + shares), np.float32) @ packed.vectors_of(known)
            composed /= np.float32(max(float(np.linalg.norm(composed)), 1e-9))
            vectors[place] = later.count_of(row) * vectors[place] + PRIOR * composed
            vectors[place] /= np.linalg.norm(vectors[place])
    return np.asarray(vectors, np.float32)


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
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True), required=True, help="A model.")
@click.option("--corpus", type=click.Path(path_type=Path, exists=True), required=True, help="The text of that run.")
@click.option("--out", type=click.Path(path_type=Path), default=CATALOGUE / "wikipedia.additions", show_default=True)
def main(source: Path, corpus: Path, out: Path) -> None:
    """Choose, rotate, round and pack what is added."""
    later = open_model(source)
    with tempfile.TemporaryDirectory() as folder:
        unpack(CATALOGUE / "wikipedia.packed", Path(folder) / "packed")
        packed = open_model(Path(folder) / "packed")
        if packed.dimension != later.dimension:
            raise ModelError(f"{source} has {later.dimension} dimensions and the packed model {packed.dimension}.")
        sayings = read(corpus, later)
        terms = {row for row in sayings.titles if all(map(is_term, sayings.articles.get(row, [])[:1]))}
        known = Known(descriptions(later, sayings), terms, slashed_acronyms(corpus))
        rows = chosen_rows(later, packed.vocabulary, known)
        rotated, nearest, cosine = fitted(later, packed)
        of_run = later.manifest.card
        content = Content(
            later.vocabulary.words(rows),
            steadied(later, rows, rotated, packed),
            [later.count_of(row) for row in rows],
            Card("additions", method=of_run.method, corpus=of_run.corpus, licence=of_run.licence, joiner=of_run.joiner),
            [later.display(row) for row in rows],
        )
        size = pack(out, content, [Band(len(rows), STEP)])
    click.echo(f"{out}: {len(rows):,} entries, {size / 1e3:.0f} kB")
    click.echo(f"held-out words nearest to themselves: {nearest:.4f}, mean cosine: {cosine:.4f}")


if __name__ == "__main__":
    main()
