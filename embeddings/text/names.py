"""Selects the runs of capitalised words that are names people would look up.

Each rule takes out one kind of run that is met often and is no name; they were found by reading samples of what
English Wikipedia gives: two names beside one another (France and Germany), dates, a title's article (the New York
Times), parts of longer names, and what stands in one article's tables alone. An article's subject is a name whatever
the rules say of it.
"""

from collections.abc import Collection, Iterator
from itertools import pairwise
from math import log

import numpy as np

from embeddings.text.capitals import Capitals, Runs
from embeddings.text.spellings import ARTICLES, CLOSE, LOOSE, POSSESSIVE, Spellings
from embeddings.text.tokens import FIRST_WORD

Name = tuple[int, ...]
"""A phrase by the numbers of its words."""

MONTHS = frozenset("january february march april may june july august september october november december".split())
_CALENDAR = MONTHS | frozenset(
    "monday tuesday wednesday thursday friday saturday sunday jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_BETWEEN = CLOSE | LOOSE
_NO_END = _BETWEEN | frozenset("no nos not vol pp but than that this it its his her their is was are were be".split())
_NO_START = frozenset("no nos vol pp and or et".split())
_TURNING = ("and", "or")
"""What stands between two names either of which may stand first."""
_LOOSE_SHARE = 0.1
"""Of the rarer of the two that *and* joins: Trinidad and Tobago, but not France and Germany."""
_REVERSED_SHARE = 0.2
_ARTICLE_SHARE = 0.4
"""Of all that is called so: The Hague, but not The United States."""
_POSSESSIVE_SHARE = 0.4
"""Of all that is called so: Sotheby's, but not Germany's."""
_COHESION, _COHESION_OF_DATES = 3.2, 5.7
"""Mean PMI of a name's words, in nats, each counted where it has a capital."""
_COHESION_OF_LINKED = 2.7
"""The same where a word such as *of* holds them together."""
_APART = 20_000
"""Tokens between the first and the last place of a name, in a corpus that is large enough: more than one article."""
_APART_SHARE = 0.02


class Names:
    """Chooses among ``runs`` those that are met at least so often."""

    def __init__(self, runs: Runs, capitals: Capitals, spellings: Spellings, least: int) -> None:
        tokens = int(capitals.met.sum())
        self._capital = capitals.capital
        self._words = spellings.words
        self._least = least
        self._total = max(tokens, 1)
        self._far = min(_APART, tokens * _APART_SHARE)
        # Of rarer ones only those are looked up that may be others turned round.
        turned = list(spellings.numbers_of(_TURNING).values())
        kept = (runs.met >= least) | np.isin(runs.words, turned).any(axis=1)
        lengths = (runs.words[kept] > 0).sum(axis=1).tolist()
        rows = enumerate(zip(runs.words[kept].tolist(), lengths, strict=True))
        self._row_of: dict[Name, int] = {tuple(numbers[:length]): row for row, (numbers, length) in rows}
        self._met, self._whole, self._apart = (of[kept].tolist() for of in (runs.met, runs.whole, runs.apart))

    def choose(self, subjects: Collection[Name]) -> list[Name]:
        """The names in the order of their hashes; `subjects` are names already."""
        least, apart = self._least, self._apart
        enough = [(name, row) for name, row in self._row_of.items() if self._met[row] >= least]
        loose = [
            (name, row)
            for name, row in enough
            if self._whole[row] >= least and self._cuts(name) and self._is_name(name, self._met[row])
        ]
        for name, row in loose:  # what is counted with the whole is not counted with its parts
            for part in self._parts(name):
                if part in self._row_of:
                    self._whole[self._row_of[part]] -= self._whole[row]
        chosen = {name for name, row in loose if apart[row] >= self._far}
        for name, row in enough:
            if name in subjects:
                is_chosen = self._says_something(name)
            else:
                is_chosen = self._whole[row] >= least and apart[row] >= self._far
                is_chosen = is_chosen and self._is_name(name, self._met[row])
            if is_chosen:
                chosen.add(name)
        return [name for name in self._row_of if name in chosen]

    def _word(self, number: int) -> str:
        return self._words[number - FIRST_WORD]

    def _count(self, part: Name) -> int:
        if len(part) == 1:
            return int(self._capital[part[0]])
        row = self._row_of.get(part)
        return 0 if row is None else int(self._met[row])

    def _is_name(self, name: Name, met: int) -> bool:
        return (
            self._says_something(name)
            and self._is_whole(name, met)
            and not self._is_pair(name, met)
            and self._is_cohesive(name, met)
        )

    def _content(self, name: Name) -> list[int]:
        return [number for number in name if self._word(number) not in _BETWEEN]

    def _says_something(self, name: Name) -> bool:
        """Whether there is more in it than letters, dates and words that stand between others."""
        content = [self._word(number) for number in self._content(name)]
        telling = [word for word in content if len(word) > 1 and word not in _CALENDAR and word not in _NO_END]
        first, last = self._word(name[0]), self._word(name[-1])
        return bool(telling) and first not in _NO_START and (last not in _NO_END or last == POSSESSIVE)

    def _is_whole(self, name: Name, met: int) -> bool:
        """Whether an article at its beginning and a possessive at its end are parts of the name."""
        if self._word(name[0]) in ARTICLES:
            rest = name[1:]
            alone = len(rest) == 1 and self._word(name[0]) != "the"
            if alone or met < _ARTICLE_SHARE * max(self._count(rest), met):
                return False
        return self._word(name[-1]) != POSSESSIVE or met >= _POSSESSIVE_SHARE * self._count(name[:-1])

    def _cuts(self, name: Name) -> list[int]:
        return [place for place, number in enumerate(name) if 0 < place < len(name) - 1 and self._word(number) in LOOSE]

    def _parts(self, name: Name) -> Iterator[Name]:
        """What a name is made of between its loose connecting words."""
        edges = [-1, *self._cuts(name), len(name)]
        for before, after in pairwise(edges):
            yield self._stripped(name[before + 1 : after])

    def _stripped(self, name: Name) -> Name:
        start, stop = 0, len(name)
        while start < stop and self._word(name[start]) in _BETWEEN:
            start += 1
        while stop > start and self._word(name[stop - 1]) in _BETWEEN:
            stop -= 1
        return name[start:stop]

    def _is_pair(self, name: Name, met: int) -> bool:
        """Whether it is two names, each of which is met far oftener, or either of which may stand first."""
        for cut in self._cuts(name):
            left, right = self._stripped(name[:cut]), self._stripped(name[cut + 1 :])
            if not left or not right:
                continue
            if met < _LOOSE_SHARE * min(self._count(left), self._count(right)):
                return True
            reverse = (*name[cut + 1 :], name[cut], *name[:cut])
            if self._word(name[cut]) in _TURNING and self._count(reverse) >= _REVERSED_SHARE * met:
                return True
        return False

    def _is_cohesive(self, name: Name, met: int) -> bool:
        content = self._content(name)
        if len(content) < 2:
            return True
        chance = sum(log(max(int(self._capital[number]), 1) / self._total) for number in content)
        cohesion = (log(met / self._total) - chance) / (len(content) - 1)
        if self._word(content[0]) in MONTHS or self._word(content[-1]) in MONTHS:
            return cohesion > _COHESION_OF_DATES
        return cohesion > (_COHESION if len(content) == len(name) else _COHESION_OF_LINKED)
