"""Questions to begin with: for each model six that it answers well, and more where they are known."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from embeddings import Answer, Model
from embeddings.errors import EmbeddingsError
from embeddings.files import open_regular
from embeddings.models import WordVectors
from embeddings.query import Kind
from service.page.interpretation import as_term

EXAMPLES_FILE = "examples.json"
"""In a model's folder, and no part of the model: a list of questions, each ``{"query", "says", "answer"?}``."""
_MOST_BYTES = 1 << 20
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
    ExampleQuery("France : Paris, Japan : Tokyo :: Hungary : ?", "Two examples make the question clearer", "Budapest"),
    ExampleQuery("coffee", "What is used most like coffee?"),
    ExampleQuery("coffee <> tea", "How alike are two words?"),
    ExampleQuery("breakfast, cereal, dinner, lunch", "Which word does not belong?", "cereal"),
    ExampleQuery("Tokyo - Japan + France", "A capital, moved to another country", "Paris"),
    ExampleQuery("Barack Obama - United States + Germany", "Who governs another country", "Angela Merkel"),
    ExampleQuery("Manchester United - England + Italy", "A club of another country", "Juventus"),
    ExampleQuery("Michael Jordan : basketball :: Babe Ruth : ?", "What did he play?", "baseball"),
    ExampleQuery("Zeus - Greek + Norse", "A god of other people", "Odin"),
    ExampleQuery("Bible : Christianity :: Quran : ?", "Whose book is it?", "Islam"),
    ExampleQuery("Iliad : Homer :: Aeneid : ?", "Who wrote it?", "Virgil"),
    ExampleQuery("Beethoven - Germany + Russia", "A composer of another country", "Tchaikovsky"),
    ExampleQuery("Beethoven : piano :: Paganini : ?", "What did he play?", "violin"),
    ExampleQuery("Einstein : physics :: Darwin : ?", "What did he study?", "biology"),
    ExampleQuery("Harvard University - Massachusetts + California", "A university", "University of California"),
    ExampleQuery("Louvre : Paris :: British Museum : ?", "Where does it stand?", "London"),
    ExampleQuery("Amazon - Brazil + Egypt", "A river of another country", "Nile"),
    ExampleQuery("Hollywood - United States + India", "Films of another country", "Bollywood"),
    ExampleQuery("Toyota - Japan + Germany", "Cars of another country", "Volkswagen"),
    ExampleQuery("sushi - Japan + Italy", "Food of another country", "pasta"),
    ExampleQuery("wine - grapes + barley", "A drink of something else", "beer"),
    ExampleQuery("walked : walk :: swam : ?", "Grammar is in the vectors too", "swim"),
    ExampleQuery("John Lennon, Paul McCartney, George Harrison, Mick Jagger", "Who was no Beatle?", "Mick Jagger"),
    ExampleQuery("Mercury, Venus, Saturn, Texas", "Which is no planet?", "Texas"),
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
    """All listed questions that ``model`` answers as expected, with questions of its own words at least `SHOWN` if
    there are so many; found out once for each model.
    """
    if model not in _known:
        listed = [*_of_folder(model), *_BY_MODEL.get(model.name, WIKIPEDIA)]
        found = {example.query: example for example in listed if _works(example, ask)}
        for example in _of_words(model):
            if len(found) >= SHOWN:
                break
            if example.query not in found and _works(example, ask):
                found[example.query] = example
        _known[model] = tuple(found.values())
    return _known[model]


def _of_folder(model: WordVectors) -> Sequence[ExampleQuery]:
    """What stands in the model's own list; a list that cannot be read is as good as none."""
    if not isinstance(model, Model):
        return ()
    with suppress(EmbeddingsError, OSError, ValueError, KeyError, TypeError, RecursionError):
        with open_regular(model.folder / EXAMPLES_FILE) as file:
            listed = json.loads(file.read(_MOST_BYTES))
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
