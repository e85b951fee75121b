"""What words are, in a line each: by the model's own descriptions, else by WordNet's glosses where there are some."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app

from embeddings import Answer
from embeddings.models import WordVectors
from service.page.glosses import Gloss, Glosses
from service.page.interpretation import Chip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word is, and its part of speech where that is known."""

    text: str
    part_of_speech: str | None = None


def glosses_of(words: Iterable[str]) -> dict[str, list[Gloss]]:
    """The senses of each word, none where there are no glosses."""
    glosses: Glosses | None = current_app.extensions["thisplusthat-glosses"]
    listed = list(words)
    return glosses.lookup_many(listed) if glosses else {word: [] for word in listed}


def meanings_of(model: WordVectors, words: Iterable[str]) -> dict[str, Meaning]:
    """What each word is, as far as that is known."""
    listed = list(dict.fromkeys(words))
    found: dict[str, Meaning] = {}
    for word in listed:
        row = model.vocabulary.row(word)
        if row is not None and (text := model.description(row)):
            found[word] = Meaning(text)
    for word, senses in glosses_of(word for word in listed if word not in found).items():
        if senses:
            found[word] = Meaning(senses[0].text, senses[0].part_of_speech)
    return found


@dataclass(frozen=True, slots=True)
class QueryPart:
    """A part of a query: the sign between terms, or a term, how it is mostly written, and what it is."""

    sign: str = ""
    chip: Chip | None = None
    shown: str = ""
    meaning: Meaning | None = None


def understood(model: WordVectors, parts: Iterable[Chip | str]) -> list[QueryPart]:
    """The ``parts`` of a query with what their terms are. A term of several words is described by none of them."""
    chips = list(parts)
    single = [chip.words[0] for chip in chips if isinstance(chip, Chip) and len(chip.words) == 1]
    meanings = meanings_of(model, single)
    listed = []
    for part in chips:
        if isinstance(part, str):
            listed.append(QueryPart(sign=part))
            continue
        word = part.words[0] if len(part.words) == 1 else None
        shown = display_of(model, word) if word and part.resolved in ("exact", "case", "phrase") else part.text
        listed.append(QueryPart(chip=part, shown=shown, meaning=meanings.get(word) if word else None))
    return listed


def display_of(model: WordVectors, word: str) -> str:
    """How ``word`` is mostly written."""
    row = model.vocabulary.row(word)
    return (model.display(row) if row is not None else None) or word


def words_of_terms(answer: Answer) -> dict[str, str]:
    """The word of the vocabulary that each term of a query is read as, where it is a single one."""
    return {term.text: term.words[0] for term in answer.terms if len(term.words) == 1 and term.resolved != "subword"}
