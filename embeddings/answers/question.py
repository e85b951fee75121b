"""Texts → questions: queries whose terms are found in a model, and the vectors that they are."""

import math
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from embeddings.answers.answer import Failure
from embeddings.answers.axes import directions_of, without
from embeddings.answers.intent import read_query
from embeddings.answers.resolution import Match, Resolution, distinctive, find_term, possible_forms
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.query import Kind, Query, parse
from embeddings.search import Matrix

_NO_DIRECTION, _TINY = 1e-5, 1e-30
_NO_ROW = -1
_FIRST, _NONE = frozenset((0,)), frozenset[int]()
NOT_SEARCHED = (Kind.ODD_ONE_OUT, Kind.SIMILARITY)


@dataclass(slots=True, eq=False)
class Together:
    """The vectors of questions that are read together."""

    terms: Matrix = field(init=False)
    """The unit vectors of all terms [terms, dimension]."""
    weights: Matrix = field(init=False)
    """The weights of the terms [terms]."""
    targets: Matrix = field(init=False)
    """The unit vectors of the weighted sums [questions, dimension]; zeros where the terms cancel each other out."""


@dataclass(slots=True, eq=False)
class Question:
    """A query whose terms are found."""

    text: str
    query: Query
    rows: Sequence[int]
    """The rows of its words."""
    found: Sequence[Match] | None
    """How its terms were found; None if each is the word of its row."""
    together: Together
    number: int
    """The place of its target among those of all."""
    start: int
    """The place of its first term among those of all."""

    @property
    def is_search(self) -> bool:
        return self.query.kind not in NOT_SEARCHED

    @property
    def matches(self) -> Sequence[Match]:
        """How its terms were found."""
        if self.found is None:
            self.found = [
                Match(Resolution.EXACT, (term.text,), (row,))
                for term, row in zip(self.query.terms, self.rows, strict=True)
            ]
        return self.found

    def spellings(self, joiner: str) -> list[str]:
        """Spellings in which its own words could turn up as results."""
        texts = []
        for place, term in enumerate(self.query.terms):
            text = term.text
            texts.append(text)
            if not text.isalnum():
                texts.append(joiner.join(text.split()))
            if self.found is not None and self.found[place].words[0] is not text:
                texts += self.found[place].words
        return texts

    @property
    def vectors(self) -> Matrix:
        """The unit vectors of its terms, [terms, dimension]."""
        return self.together.terms[self.start : self.start + len(self.query.terms)]

    @property
    def weights(self) -> Matrix:
        return self.together.weights[self.start : self.start + len(self.query.terms)]

    @property
    def target(self) -> Matrix:
        target: Matrix = self.together.targets[self.number]
        return target


def targets_of(questions: Sequence[Question]) -> Matrix:
    """The targets of ``questions`` that were read together, [questions, dimension]."""
    targets = questions[0].together.targets
    if len(questions) == len(targets):
        return targets
    return targets.take([question.number for question in questions], axis=0)


def read_questions(model: WordVectors, texts: Sequence[str], left_out: str | None) -> list[Question | Failure]:
    """Each text as a question without the directions that are ``left_out``, or why it is none. All vectors are fetched,
    and all targets computed, at once.
    """
    model.vocabulary.expect(_forms_of(texts, model.manifest.card.joiner))
    try:
        directions = None if left_out is None else directions_of(model, left_out)
    except (QueryError, UnknownWord) as error:
        return [Failure(text, error) for text in texts]
    read: list[Question | Failure] = []
    terms: list[int] = []
    weights: list[float] = []
    starts: list[int] = []
    together = Together()
    for text in texts:
        try:
            query, rows, found = _find(model, text)
        except (QueryError, UnknownWord) as error:
            read.append(Failure(text, error))
            continue
        read.append(Question(text, query, rows, found, together, len(starts), len(terms)))
        starts.append(len(terms))
        terms += rows if found is None else map(_row_of, found)
        weights += [term.weight for term in query.terms]
    if not starts:
        return read
    together.terms = vectors = _vectors_of(model, terms, read)
    zeros = nothing_left = _zeros(vectors)
    if directions is not None:
        together.terms = vectors = without(vectors, directions)
        nothing_left = _zeros(vectors)
    together.weights = weighted = np.array(weights, np.float32)
    if len(starts) == 1:
        together.targets, cancelled = _target(vectors, weighted, sum(map(abs, weights)))
    else:
        together.targets, cancelled = _targets(vectors, weighted, starts)
    if not nothing_left and not cancelled:
        return read
    return [each if isinstance(each, Failure) else _check(model, each, zeros, nothing_left, cancelled) for each in read]


def _forms_of(texts: Sequence[str], joiner: str) -> Iterator[str]:
    """All words that may be looked up to read queries."""
    for text in texts:
        yield from possible_forms(text, joiner)
        with suppress(QueryError):
            for term in parse(text).terms:
                yield from possible_forms(term.text, joiner)


def _find(model: WordVectors, text: str) -> tuple[Query, list[int], list[Match] | None]:
    """A query, the rows of its words, and how its terms were found: None if each is the word of its row, as mostly."""
    query = read_query(model, text)
    row_of = model.vocabulary.row
    rows = [row for term in query.terms if (row := row_of(term.text)) is not None]
    if len(rows) == len(query.terms):
        return query, rows, None
    matches = [find_term(model, term.text) for term in query.terms]
    if query.kind is Kind.NEIGHBOURS and matches[0].resolution is Resolution.COMPOSED:
        assert matches[0].vector is not None
        matches = [replace(matches[0], vector=distinctive(model, matches[0].vector))]
    return query, [row for match in matches for row in match.rows], matches


def _row_of(match: Match) -> int:
    """The row whose vector is that of a term, if there is one."""
    return match.rows[0] if match.vector is None else _NO_ROW


def _check(
    model: WordVectors, question: Question, zeros: Set[int], nothing_left: Set[int], cancelled: Set[int]
) -> Question | Failure:
    """``question``, or why it has no direction: terms in ``zeros`` had none before directions were left out."""
    for place, term in enumerate(question.query.terms, question.start):
        if place in zeros:
            reason = f"'{term.text}' has a vector of zeros in {model.name}, which points nowhere."
            return Failure(question.text, QueryError(reason))
        if place in nothing_left:
            reason = f"Nothing is left of '{term.text}' without the directions that are left out."
            return Failure(question.text, QueryError(reason))
    if question.number in cancelled and question.is_search:
        reason = "The terms cancel each other out, so there is no direction left to search in."
        return Failure(question.text, QueryError(reason))
    return question


def _vectors_of(model: WordVectors, rows: Sequence[int], questions: Sequence[Question | Failure]) -> Matrix:
    """The unit vectors of all terms of ``questions``, of which those are ``rows`` that have one, [terms, dimension]."""
    if _NO_ROW not in rows:
        return model.vectors_of(rows)
    found = [match for question in questions if isinstance(question, Question) for match in question.found or ()]
    others = (match.vector for match in found if match.vector is not None)
    known = [row for row in rows if row != _NO_ROW]
    of_rows = iter(model.vectors_of(known) if known else ())
    return np.array([next(others) if row == _NO_ROW else next(of_rows) for row in rows], np.float32)


def _target(vectors: Matrix, weights: Matrix, size: float) -> tuple[Matrix, Set[int]]:
    """`_targets` of one question; ``size`` is the sum of the absolute weights."""
    total = weights.dot(vectors)  # half of the time of the operator @
    length = math.sqrt(total.dot(total))
    return (total / max(length, _TINY))[None], _FIRST if length < _NO_DIRECTION * size else _NONE


def _targets(vectors: Matrix, weights: Matrix, starts: Sequence[int]) -> tuple[Matrix, Set[int]]:
    """The unit vectors [questions, dimension] of the weighted sums from each of ``starts`` on, and the numbers of those
    that cancel each other out.
    """
    sums = np.add.reduceat(vectors * weights[:, None], starts)
    lengths: Matrix = np.sqrt(np.vecdot(sums, sums))
    cancelled = lengths < _NO_DIRECTION * np.add.reduceat(np.abs(weights), starts)
    targets = np.asarray(sums / np.maximum(lengths, _TINY)[:, None], np.float32)
    return targets, set(np.flatnonzero(cancelled).tolist())


def _zeros(vectors: Matrix) -> Set[int]:
    """Which of ``vectors`` [n, dimension] are nothing but zeros."""
    if 0.0 not in vectors[:, 0].tolist():  # a tenth of the time of looking at all numbers
        return _NONE
    return set(np.flatnonzero(~np.any(vectors, axis=1)).tolist())
