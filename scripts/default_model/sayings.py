"""What a text says of the entries of a model: in the first sentences of articles, and anywhere else."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from embeddings.models import Model
from embeddings.text import CorpusParameters, Statement, described, modifiers_of, paragraphs, statements, title

USUAL = 5
"""Articles of so many subjects must have a word before what they are for it to be shown."""
SLASHED = re.compile(r"(?<![\w/])[A-Z]{2,}/[A-Z]{2,}(?![\w/])")


@dataclass(slots=True)
class Sayings:
    """What a text says of the rows of a model."""

    articles: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What the first sentences of articles say that their subjects are: several where namesakes have some each."""
    titles: set[int] = field(default_factory=set)
    """The rows of which articles begin with the name."""
    said: defaultdict[int, Counter[Statement]] = field(default_factory=lambda: defaultdict(Counter))
    usual: set[str] = field(default_factory=set)
    """Words that articles have before what their subjects are."""
    slashed: set[str] = field(default_factory=set)
    """Acronyms that are written with a slash between them: AC/DC."""


def read(corpus: Path, model: Model) -> Sayings:
    """All that the text says of entries."""
    found, modifiers = Sayings(), Counter[str]()
    names = {word: row for row, word in enumerate(model.vocabulary) if (model.display(row) or word)[:1].isupper()}

    def row_of(name: str) -> int | None:
        return names.get(name.lower().replace("’", "'").replace(" ", "_"))

    def row_of_title(name: str) -> int | None:
        return model.vocabulary.row("_".join(name.lower().replace("’", "'").split()))

    for line in paragraphs(corpus, CorpusParameters()):
        found.slashed.update(SLASHED.findall(line))
        if (name_of_article := title(line)) is not None and (row := row_of_title(name_of_article)) is not None:
            found.titles.add(row)
        for name, description in described([line]):
            modifiers.update(modifiers_of(description))
            if (row := row_of_title(name)) is not None:
                found.articles[row].append(description)
        for row, statement in statements(line, row_of):
            found.said[row][statement] += 1
    found.usual.update(word for word, times in modifiers.items() if times >= USUAL)
    return found
