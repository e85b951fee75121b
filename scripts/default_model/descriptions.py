"""What the entries of the default model are, from the text that it is made of.

Three rules describe an entry: it is the subject of an article; much is said of it anywhere in the text; or the little
that is said of it fits the entries nearest to it. What the first sentence or the text says, the vectors have to bear
out: entries nearest to it have to be described in such words too. Of namesakes the one is taken that they are most
like.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

import numpy as np

from embeddings.models import Model
from embeddings.search import Matrix
from embeddings.text import FUNCTION_WORDS, KINDS, POSSESSIVE, REGIONS, Statement, class_of, most_agreed
from scripts.default_model.sayings import Sayings

LEAST_OF_A_WORD, SHARE_OF_A_WORD = 4, 50
"""So much must be said of a name of one word, and once for so many times that it is met: it may mean many things."""
NEAREST, SURE_OF_KIND, SURE_OF_CLASS, LIKELY = 15, 0.4, 0.02, 0.03
"""Described rows that confirm what little is said of a name: how many are asked, the shares of them that must be of its
kind and, for a name of one word, of its class; and what a class counts that none of them is of.
"""
OFTEN = 400
"""What is said of a name only once for so many times that it is met is not what it mostly means."""
MOST_OF_ONE_THING = 20
"""An article may be on another thing than a name of one word mostly means that is met more often."""
MANY = 3
"""Articles on things of one class and one name: it says nothing which of them an entry is."""
NEIGHBOURS = 20
"""So many rows that are described have to be described in such words too."""
PHRASE, NAME, COMMON, ACRONYM, TEXT = "phrase", "name", "common word", "acronym", "text"
LEAST = {PHRASE: 0.3, NAME: 0.55, COMMON: 0.6, ACRONYM: 0.65, TEXT: 0.55}
LEAST_OF_LITTLE = 0.57
"""How well, by the rule that found the description: each was chosen by looking at some that are just above it."""
BLOCK_ROWS = 512
RARE = 1e-3
"""Words count less in a composition if they are more frequent than this in the text."""
NAMED_AFTER = KINDS["works"] | frozenset("breed community hamlet locality place settlement village".split())
"""What is mostly named after something else."""
NAMES = KINDS["people"] | KINDS["places"] | KINDS["works"] | KINDS["groups"]
"""What is no sense of words in small letters."""
PLACES_OF_REGIONS = frozenset("state country nation republic kingdom province region county territory".split())


def is_phrase(word: str) -> bool:
    """Whether an entry is of several words, as McDonald's is."""
    return "_" in word.strip("_") or word.endswith(POSSESSIVE)


def descriptions(model: Model, sayings: Sayings) -> dict[int, str]:
    """What each row is, where a rule finds it and its neighbours bear it out."""
    by_rule = described_by_rules(model, sayings)
    about: dict[int, str] = {}
    for found in by_rule.values():
        about = {row: texts[0] for row, texts in found.items()} | about
    agreement = Agreement(model, about)
    kept: dict[int, str] = {}
    for rule, found in by_rule.items():
        left = {row: texts for row, texts in found.items() if row not in kept}
        kept = agreement.borne_out(left, LEAST[rule]) | kept
    little = {row: said for row, said in sayings.said.items() if row not in kept}
    likely = confirmed(model, little, kept, sayings.usual)
    return agreement.borne_out({row: [text] for row, text in likely.items()}, LEAST_OF_LITTLE) | kept


def described_by_rules(model: Model, sayings: Sayings) -> dict[str, dict[int, list[str]]]:
    """What each rule finds, those that are seldom wrong first; several texts where namesakes have articles."""
    sure = {}
    for row, said in sayings.said.items():
        of_row = of_a_region(said) if (model.display(row) or "") in REGIONS else said
        if (text := most_agreed(of_row, sayings.usual, least_of(row, model))) is not None:
            sure[row] = [text]
    articles: dict[str, defaultdict[int, list[str]]] = {rule: defaultdict(list) for rule in LEAST if rule != TEXT}
    for row, texts in sayings.articles.items():
        for text in with_what_they_share(texts):
            if (rule := rule_of_article(row, text, model)) is not None and not (
                rule == NAME and row in sure and model.count_of(row) > MOST_OF_ONE_THING
            ):
                articles[rule][row].append(text)
    for row, found in articles[PHRASE].items():  # the article may be on a namesake: William Morris, a footballer
        noun = class_of(sure[row][0]) if row in sure else None
        if noun in KINDS["people"] and noun not in map(class_of, found):
            found += sure[row]
    return {**articles, TEXT: sure}


def with_what_they_share(texts: Sequence[str]) -> list[str]:
    """Articles' descriptions. In the place of those of `MANY` things of one class, such as Bear Creeks and St Mary's
    Churches, stands what they begin with.
    """
    of_classes: defaultdict[str | None, list[str]] = defaultdict(list)
    for text in dict.fromkeys(texts):
        of_classes[class_of(text)].append(text)
    found = []
    for noun, of_class in of_classes.items():
        if noun is None or len(of_class) < MANY:
            found += of_class
            continue
        columns = zip(*map(str.split, of_class), strict=False)
        shared = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, columns)]
        while shared and shared[-1] in FUNCTION_WORDS:
            shared.pop()
        found.append(" ".join(shared) if noun in shared else noun)
    return found


def rule_of_article(row: int, text: str, model: Model) -> str | None:
    """Which rule an article on an entry falls under; None where it is on what is only called so."""
    word = model.vocabulary.word(row)
    shown = model.display(row) or word
    if shown.isupper():
        return ACRONYM  # begins paragraphs that are no articles too
    if not shown[:1].isupper() and class_of(text) in NAMES:
        return None
    if is_phrase(word):
        return PHRASE
    if not shown[:1].isupper():
        return COMMON
    return None if model.count_of(row) > MOST_OF_ONE_THING and class_of(text) in NAMED_AFTER else NAME


def of_a_region(said: Counter[Statement]) -> Counter[Statement]:
    """What is said of a country or a state as one."""
    return Counter({statement: times for statement, times in said.items() if statement.noun in PLACES_OF_REGIONS})


def least_of(row: int, model: Model) -> float:
    """How much must be said of a name."""
    word = model.vocabulary.word(row)
    if is_phrase(word):
        return 1
    if (model.display(row) or word).isupper():
        return math.inf  # acronyms mean many things
    return max(LEAST_OF_A_WORD, model.count_of(row) // SHARE_OF_A_WORD)


def composed(model: Model, rows: Sequence[int]) -> Matrix:
    """The mean of the words at ``rows``, of which frequent ones count less (Arora and others 2017), of length 1."""
    shares = np.array([model.count_of(row) for row in rows]) / model.total_count
    mean = np.asarray(RARE / (RARE + shares), np.float32) @ model.vectors_of(rows)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)


class Agreement:
    """How near descriptions are to those of the rows nearest to theirs."""

    def __init__(self, model: Model, about: Mapping[int, str]) -> None:
        self._model = model
        self._rows = np.array(list(about))
        self._vectors = model.vectors_of(self._rows)
        self._meanings = np.stack([self._meaning(text) for text in about.values()])

    def borne_out(self, found: Mapping[int, Sequence[str]], least: float) -> dict[int, str]:
        """Of each row the text of ``found`` that means most what is said of its neighbours: a cosine of at least so
        much.
        """
        borne_out = {}
        for rows in blocks_of(found):
            for row, around in zip(rows, self._around(rows), strict=True):
                cosines = [float(self._meaning(text) @ around) for text in found[row]]
                if max(cosines) >= least:
                    borne_out[row] = found[row][cosines.index(max(cosines))]
        return borne_out

    def _around(self, rows: Sequence[int]) -> Matrix:
        """What is said of the neighbours of each of ``rows``, the nearest most, as vectors of length 1."""
        cosines = self._model.vectors_of(rows) @ self._vectors.T
        cosines[np.array(rows)[:, None] == self._rows] = -1
        near = np.argpartition(-cosines, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        weights = np.maximum(np.take_along_axis(cosines, near, axis=1), 0.01) ** 4
        around = np.einsum("rn,rnd->rd", weights, self._meanings[near])
        return np.asarray(around / np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-9))

    def _meaning(self, text: str) -> Matrix:
        found = (self._model.vocabulary.row(word.lower()) for word in re.findall(r"[^\W\d][\w'-]+", text))
        return composed(self._model, [row for row in found if row is not None])


def confirmed(
    model: Model, said: Mapping[int, Counter[Statement]], about: Mapping[int, str], usual: Container[str]
) -> dict[int, str]:
    """What is ``said`` of rows, of most of which too little to be sure, where the vectors say it as well: of the
    `NEAREST` rows that are described, most are things of that kind, and some are of that very class.
    """
    classes = {row: noun for row, text in about.items() if (noun := class_of(text)) is not None}
    nouns, known = list(classes.values()), model.vectors_of(list(classes))
    found = {}
    for rows in blocks_of(said):
        cosines = model.vectors_of(rows) @ known.T
        places = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        weights = np.maximum(np.take_along_axis(cosines, places, axis=1), 0.01) ** 4  # the nearest say most
        for row, places_of_row, weights_of_row in zip(rows, places.tolist(), weights.tolist(), strict=True):
            near = Counter[str]()
            for place, weight in zip(places_of_row, weights_of_row, strict=True):
                near[nouns[place]] += weight
            best = most_confirmed(said[row], near, 0 if is_phrase(model.vocabulary.word(row)) else SURE_OF_CLASS)
            if best is None or weight_of(best) * OFTEN < model.count_of(row):
                continue
            if (text := most_agreed(best, usual, 1)) is not None:
                found[row] = text
    return found


def blocks_of(rows: Iterable[int]) -> Iterator[list[int]]:
    """Some rows at a time."""
    ordered = list(rows)
    return (ordered[start : start + BLOCK_ROWS] for start in range(0, len(ordered), BLOCK_ROWS))


def weight_of(said: Counter[Statement]) -> int:
    """How much is said in all."""
    return sum(statement.weight * times for statement, times in said.items())


def most_confirmed(said: Counter[Statement], near: Counter[str], least: float) -> Counter[Statement] | None:
    """The statements of the class on which text and vectors agree; ``near`` has how much of each class is nearest.
    None where they agree on none, of which at least a share of ``least`` is.
    """
    nouns = max(KINDS.values(), key=lambda kind: sum(near[noun] for noun in kind))
    sure = sum(near[noun] for noun in nouns) / near.total()
    of_classes = Counter[str]()
    for statement, times in said.items():
        of_classes[statement.noun] += statement.weight * times
    of_kind = {
        noun: weight * (near[noun] / near.total() + LIKELY) for noun, weight in of_classes.items() if noun in nouns
    }
    if sure < SURE_OF_KIND or sum(of_classes[noun] for noun in of_kind) < of_classes.total() / 2:
        return None
    best = max(of_kind, key=lambda noun: (of_kind[noun], noun))
    if near[best] < least * near.total():
        return None
    return Counter({statement: times for statement, times in said.items() if statement.noun in (best, "place")})
