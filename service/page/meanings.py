"""What words are, in a line each: by the model's own descriptions, else by WordNet's glosses where there are some."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import current_app

from embeddings import Answer
from embeddings.answers import Resolution
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
    """A part of a query: the sign between terms, or a term, what it was taken for, and what that is."""

    sign: str = ""
    chip: Chip | None = None
    says: str = ""
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
        meaning = meanings.get(part.words[0]) if len(part.words) == 1 else None
        listed.append(QueryPart(chip=part, says=_taken_for(model, part), meaning=meaning))
    return listed


def _taken_for(model: WordVectors, chip: Chip) -> str:
    """What a term was taken for; nothing where it is the word as it is written, or would be within a sentence."""
    if chip.resolved == Resolution.SUBWORD:
        return "from its letters"
    shown = [display_of(model, word) for word in chip.words]
    if len(shown) > 1:
        return f"mean of {', '.join(shown)}"
    joiner = model.manifest.card.joiner
    written = shown[0].replace(joiner, " ") if joiner else shown[0]
    return "" if written in (chip.text, chip.text.lower()) else shown[0]


def display_of(model: WordVectors, word: str) -> str:
    """How ``word`` is mostly written."""
    row = model.vocabulary.row(word)
    return (model.display(row) if row is not None else None) or word


def words_of_terms(answer: Answer) -> dict[str, str]:
    """The word of the vocabulary that each term of a query is read as, where it is a single one."""
    return {term.text: term.words[0] for term in answer.terms if len(term.words) == 1 and term.resolved != "subword"}
