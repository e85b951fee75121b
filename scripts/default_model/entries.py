"""Which words, phrases and names of a text become entries of the default model.

A phrase or a word that was met often enough is one, and whatever the text describes. Of what was met more seldom those
are that people look up: names that say themselves what they are (Aegean Airlines), articles' subjects, and names that
are no fragment (World War I, McDonald's, C++).
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.models import Card, Content, Model
from embeddings.search import Matrix
from embeddings.text import KINDS, POSSESSIVE, class_of
from scripts.default_model.descriptions import composed, is_phrase
from scripts.default_model.sayings import Sayings

LEAST_PHRASE, LEAST_COMMON, LEAST_KNOWN, LEAST_OTHER = 7, 5, 7, 10
"""So often phrases, common words of GloVe, rare ones of it, and other words must have been met."""
GLOVE_COMMON, GLOVE_WORDS = 100_000, 80_000
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
PLAIN = re.compile("[a-z]{3,}")
PRIOR = 5
"""As often as the rarest names are met."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the text says of rows, and of names."""

    about: Mapping[int, str]
    """What they are."""
    terms: Container[int]
    """Those that articles begin with, if these are on what they mean."""
    slashed: Container[str]
    """Acronyms that are written with a slash between them: AC/DC."""


def known_of(sayings: Sayings, about: Mapping[int, str]) -> Known:
    """What a choice of entries asks of a text."""
    terms = {row for row in sayings.titles if all(map(is_term, sayings.articles.get(row, [])[:1]))}
    return Known(about, terms, sayings.slashed)


def chosen_rows(model: Model, glove: Model, known: Known) -> list[int]:
    """The rows of what becomes an entry, the most frequent first."""
    return [
        row
        for row, count in enumerate(model.counts.tolist())
        if row in known.about
        or (count >= least_count(model, row, glove) and not is_heading(model, row))
        or is_looked_up(model, row, known)
    ]


def words_of_glove(model: Model, glove: Model) -> list[str]:
    """Frequent words of GloVe's that the text does not have: it read other years and other papers."""
    common = (glove.vocabulary.word(row) for row in range(min(GLOVE_WORDS, len(glove))))
    return [word for word in common if word not in model.vocabulary and PLAIN.fullmatch(word)]


def least_count(model: Model, row: int, glove: Model) -> int:
    """How often an entry must have been met if nothing else speaks for it."""
    word = model.vocabulary.word(row)
    if is_phrase(word):
        return LEAST_PHRASE
    rank = glove.vocabulary.row(word)
    return LEAST_OTHER if rank is None else LEAST_COMMON if rank < GLOVE_COMMON else LEAST_KNOWN


def is_heading(model: Model, row: int) -> bool:
    """Whether an entry is a name behind a small word (In Germany), as headings and the beginnings of sentences have."""
    first, *rest = model.vocabulary.word(row).split(model.manifest.card.joiner)
    own = model.vocabulary.row(model.manifest.card.joiner.join(rest)) if rest else None
    is_name_behind = own is not None and (model.display(own) or "")[:1].isupper()
    return is_name_behind and first in LEADS_NO_NAME - {"the"}  # The Beatles


def is_looked_up(model: Model, row: int, known: Known) -> bool:
    """Whether an entry that was seldom met is a name or a term that people look up."""
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


def is_term(description: str) -> bool:
    """Whether an article is on what a phrase in small letters means, and not on a film or a novel of that name."""
    return class_of(description) not in TITLES


def content_of(model: Model, rows: Sequence[int], about: Mapping[int, str], card: Card) -> Content:
    """What is packed. A name of several words that is met with *the* before it, too (The Washington Post), is one
    entry: counts are added, and vectors by counts.
    """
    same = with_article(model, rows)
    counts = {row: model.count_of(row) for row in rows}
    vectors = dict(zip(rows, steadied(model, rows), strict=True))
    for row, bare in same.items():
        vectors[bare] = counts[bare] * vectors[bare] + counts[row] * vectors[row]
        vectors[bare] /= np.linalg.norm(vectors[bare])
        counts[bare] += counts[row]
    kept = sorted((row for row in rows if row not in same), key=lambda row: -counts[row])
    about = {bare: about[row] for row, bare in same.items() if row in about} | about
    return Content(
        model.vocabulary.words(kept),
        np.stack([vectors[row] for row in kept]),
        [counts[row] for row in kept],
        card,
        [model.display(row) for row in kept],
        [about.get(row) for row in kept],
    )


def with_article(model: Model, rows: Sequence[int]) -> dict[int, int]:
    """Of ``rows`` those of names of several words with *the* before them that are among them without it, too, and the
    rows of these. A name of one word means another thing: The Matrix.
    """
    joiner, entries = model.manifest.card.joiner, frozenset(rows)
    found = {}
    for row in rows:
        article, _, name = model.vocabulary.word(row).partition(joiner)
        bare = model.vocabulary.row(name) if article == "the" and joiner in name else None
        if bare is not None and bare in entries:
            found[row] = bare
    return found


def steadied(model: Model, rows: Sequence[int]) -> Matrix:
    """The vectors of ``rows``. A group that is named by one word and what it is (Aegean Airlines) counts these `PRIOR`
    times: what is met five times has learnt little of itself.
    """
    vectors = np.array(model.vectors[rows])
    entries = frozenset(rows)
    for place, row in enumerate(rows):
        word = model.vocabulary.word(row)
        parts = word.split(model.manifest.card.joiner)
        if len(parts) != 2 or not says_what_it_is(model.display(row) or word, model, GROUPS):
            continue
        known = [own for part in parts if (own := model.vocabulary.row(part)) is not None and own in entries]
        if len(known) == len(parts):  # else it would become what it is: Mouchoir Bank a bank
            vectors[place] = model.count_of(row) * vectors[place] + PRIOR * composed(model, known)
            vectors[place] /= np.linalg.norm(vectors[place])
    return vectors
