"""Questions to begin with: for each model six that it answers well."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from embeddings import Answer, Model
from embeddings.errors import EmbeddingsError
from embeddings.models import WordVectors
from embeddings.query import Kind
from service.page.interpretation import as_term

EXAMPLES_FILE = "examples.json"
"""In a model's folder, and no part of the model: a list of questions, each ``{"query", "says", "answer"?}``."""
SHOWN = 6


@dataclass(frozen=True, slots=True)
class ExampleQuery:
    """A question, what it asks in words, and the answer that is expected of it (of models named here)."""

    query: str
    says: str
    answer: str | None = None


WIKIPEDIA = (
    ExampleQuery("United States : dollar :: Mexico : ?", "What is to Mexico as the dollar is to the United States?"),
    ExampleQuery("king - man + woman", "A king, less what makes a man, plus what makes a woman", "queen"),
    ExampleQuery("Old Navy, Banana Republic, Macy's, Louis Vuitton", "Which of these shops does not belong?"),
    ExampleQuery("France : Paris, Japan : Tokyo :: Italy : ?", "Two examples make the question clearer", "rome"),
    ExampleQuery("coffee", "What is used most like coffee?"),
    ExampleQuery("coffee <> tea", "How alike are two words?"),
    ExampleQuery("Paris - France + Italy", "A capital, moved to another country", "rome"),
    ExampleQuery("breakfast, cereal, dinner, lunch", "Which word does not belong?", "cereal"),
)
"""For models of phrases and names; those whose first answer a model does not give, or not so, are left out."""
GLOVE = (
    ExampleQuery("king - man + woman", "A king, less what makes a man, plus what makes a woman", "queen"),
    ExampleQuery(
        "United States : dollar :: Mexico : ?", "What is to Mexico as the dollar is to the United States?", "peso"
    ),
    ExampleQuery("breakfast, cereal, dinner, lunch", "Which word does not belong?", "cereal"),
    ExampleQuery("France : Paris, Japan : Tokyo :: Italy : ?", "Two examples make the question clearer", "rome"),
    ExampleQuery("coffee", "What is used most like coffee?"),
    ExampleQuery("coffee <> tea", "How alike are two words?"),
)
_BY_MODEL = {"glove-6b-50d": GLOVE}

Ask = Callable[[str], Answer]

_known: WeakKeyDictionary[WordVectors, tuple[ExampleQuery, ...]] = WeakKeyDictionary()


def examples_of(model: WordVectors, ask: Ask) -> tuple[ExampleQuery, ...]:
    """Six questions that ``model`` answers as expected, or as many as there are; found out once for each model."""
    if model not in _known:
        found: dict[str, ExampleQuery] = {}
        for example in _candidates(model):
            if example.query not in found and _works(example, ask):
                found[example.query] = example
            if len(found) == SHOWN:
                break
        _known[model] = tuple(found.values())
    return _known[model]


def _candidates(model: WordVectors) -> Iterator[ExampleQuery]:
    yield from _of_folder(model)
    yield from _BY_MODEL.get(model.name, WIKIPEDIA)
    yield from _of_words(model)


def _of_folder(model: WordVectors) -> Sequence[ExampleQuery]:
    """What stands in the model's own list; a list that cannot be read is as good as none."""
    if not isinstance(model, Model):
        return ()
    with suppress(OSError, ValueError, KeyError, TypeError):
        listed = json.loads((model.folder / EXAMPLES_FILE).read_text(encoding="utf-8"))
        return [ExampleQuery(str(entry["query"]), str(entry["says"]), entry.get("answer")) for entry in listed]
    return ()


def _of_words(model: WordVectors) -> Iterator[ExampleQuery]:
    """Questions of the model's own words, for vocabularies that know none of the others."""
    with suppress(EmbeddingsError):
        words = model.vocabulary.words(range(min(len(model), 400)))
        plain = [word for word in words if word.isalpha() and len(word) > 3] or [word for word in words if word.strip()]
        terms = [as_term(word) for word in plain[len(plain) // 4 :] + plain[: len(plain) // 4]]
        for one, other, third in zip(terms, terms[1:], terms[2:], strict=False):
            yield ExampleQuery(one, "What is used most like it?")
            yield ExampleQuery(f"{one} <> {other}", "How alike are two words?")
            yield ExampleQuery(f"{one} + {other}", "What lies between two words?")
            yield ExampleQuery(f"{one}, {other}, {third}", "Which word does not belong?")


def _works(example: ExampleQuery, ask: Ask) -> bool:
    try:
        answer = ask(example.query)
    except EmbeddingsError:
        return False
    if answer.kind is Kind.SIMILARITY:
        return True
    if not answer.results:
        return False
    return example.answer is None or example.answer.casefold() in (
        answer.results[0].word.casefold(),
        answer.results[0].shown.casefold(),
    )
