"""Short definitions of words from WordNet, where `thisplusthat glosses` has made them; without them all else works."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Self
from urllib.parse import quote

from embeddings.catalogue import home
from service.page.wordnet import SCHEMA_VERSION, GlossError

GLOSSES_FILE = "glosses.sqlite"
_BATCH = 500
# Morphy's rules (morphy(7WN)): endings and what takes their place.
_ENDINGS = {
    "noun": "s: ses:s xes:x zes:z ches:ch shes:sh men:man ies:y",
    "verb": "s: ies:y es:e es: ed:e ed: ing:e ing:",
    "adjective": "er: est: er:e est:e",
}
_RULES = [
    (part, ending, instead)
    for part, rules in _ENDINGS.items()
    for ending, _, instead in (rule.partition(":") for rule in rules.split())
]
_NOT_IN_WORDNET = frozenset(
    "a ain am an and are as at by d does don for he her him his how i if in is it its ll m me mine my nor o of on or "
    "our re s she so t than that the their them there these they this those to us ve we what which who whom whose with "
    "you your".split()
)
"""Words whose only homographs in WordNet are others: *he* is helium there, *or* is Oregon, *us* the United States."""

_Way = tuple[str | None, str]
"""A part of speech, None for any, and the lemma that a word may be a form of."""


@dataclass(frozen=True, slots=True)
class Gloss:
    """What a word means in one of its senses."""

    part_of_speech: str
    text: str


class Glosses:
    """The glosses of one WordNet, open to be read; several threads may share it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self.version, self.licence = connection.execute("SELECT version, licence FROM about").fetchone()

    @classmethod
    def open(cls, path: Path | None = None) -> Self | None:
        """The glosses of the user's folder, or of ``path``; None where none have been made.

        Raises `GlossError` for a file that is damaged or of another version.
        """
        path = path or home() / GLOSSES_FILE
        if not path.exists():
            return None
        remedy = "Delete it, or run: thisplusthat glosses"
        try:
            address = f"file:{quote(str(path))}?mode=ro&immutable=1"
            connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                connection.close()
                raise GlossError(f"{path} has version {version} where {SCHEMA_VERSION} is needed. {remedy}")
            return cls(connection)
        except sqlite3.Error as error:
            raise GlossError(f"{path} is damaged: {error}. {remedy}") from error

    def close(self) -> None:
        self._connection.close()

    def lookup(self, word: str) -> list[Gloss]:
        """The senses of ``word``, the most frequent first; of its base form where WordNet has only that."""
        return self.lookup_many([word])[word]

    def lookup_many(self, words: Iterable[str]) -> dict[str, list[Gloss]]:
        """The senses of each word, in its place, an empty list where there are none."""
        wanted = list(dict.fromkeys(words))
        glosses: dict[str, list[Gloss]] = {}
        with self._lock:
            for start in range(0, len(wanted), _BATCH):
                glosses |= self._lookup(wanted[start : start + _BATCH])
        return glosses

    def _lookup(self, words: list[str]) -> dict[str, list[Gloss]]:
        spellings = {word: _spellings(word) for word in words}
        forms = [form for of_word in spellings.values() for form in of_word]
        irregular: dict[str, list[_Way]] = {}
        for form, part, lemma in self._select("SELECT form, part, lemma FROM irregular WHERE form IN", forms):
            irregular.setdefault(form, []).append((part, lemma))
        # What a word may be a form of: itself in any part of speech, then irregular forms, then regular ones.
        ways: dict[str, list[list[_Way]]] = {}
        for word, of_word in spellings.items():
            ways[word] = []
            for form in of_word:
                ways[word] += [(None, form)], irregular.get(form, []), list(_bases(form))
        lemmas = dict.fromkeys(lemma for of_word in ways.values() for way in of_word for _, lemma in way)
        senses: dict[str, list[Gloss]] = {}
        chosen = "SELECT lemma, part, text FROM sense JOIN gloss ON gloss = number WHERE lemma IN"
        for lemma, part, text in self._select(chosen, lemmas, "ORDER BY lemma, place"):
            senses.setdefault(lemma, []).append(Gloss(part, text))
        return {word: _first_that_is_known(of_word, senses) for word, of_word in ways.items()}

    def _select(self, question: str, values: Iterable[str], order: str = "") -> Iterator[tuple[str, str, str]]:
        listed = list(values)
        return self._connection.execute(f"{question} ({','.join('?' * len(listed))}) {order}", listed)


def _spellings(word: str) -> list[str]:
    """The ways in which WordNet may write ``word``: lower case, words joined by ``_``."""
    joined = "_".join(word.lower().split())
    if not joined or not joined.isprintable() or joined in _NOT_IN_WORDNET:
        return []  # lone surrogates, which SQLite would refuse, are not printable
    return list(dict.fromkeys([joined, joined.replace("-", "_"), joined.replace("-", "").replace("_", "-")]))


def _bases(form: str) -> Iterator[_Way]:
    for part, ending, instead in _RULES:
        if form.endswith(ending) and len(form) > len(ending) + 1 and not (ending == "s" and form.endswith("ss")):
            yield part, form[: -len(ending)] + instead


def _first_that_is_known(ways: list[list[_Way]], senses: dict[str, list[Gloss]]) -> list[Gloss]:
    for way in ways:
        found = [
            gloss
            for part, lemma in way
            for gloss in senses.get(lemma, ())
            if part is None or gloss.part_of_speech == part
        ]
        if found:
            return list(dict.fromkeys(found))
    return []
