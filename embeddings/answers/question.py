"""Texts → questions: queries whose terms are found in a model, and the vectors that they are."""

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

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
_NOT_SEARCHED = (Kind.ODD_ONE_OUT, Kind.SIMILARITY)


class Found(NamedTuple):
    """A query whose terms are found."""

    text: str
    query: Query
    matches: tuple[Match, ...]


class Question(NamedTuple):
    """A query whose terms are resolved to unit vectors [terms, dimension]."""

    text: str
    query: Query
    matches: tuple[Match, ...]
    vectors: Matrix
    weights: Matrix
    target: Matrix
    """The unit vector of their weighted sum [dimension]; zeros where they cancel each other out."""

    @property
    def is_search(self) -> bool:
        return self.query.kind not in _NOT_SEARCHED


def read_questions(model: WordVectors, texts: Sequence[str], left_out: str | None) -> list[Question | Failure]:
    """Each text as a question without the directions that are ``left_out``, or why it is none. All vectors are fetched,
    and all targets computed, at once.
    """
    model.vocabulary.expect(form for text in texts for form in _forms_of(text, model.manifest.card.joiner))
    try:
        directions = None if left_out is None else directions_of(model, left_out)
    except (QueryError, UnknownWord) as error:
        return [Failure(text, error) for text in texts]
    read = [_find(model, text) for text in texts]
    questions = iter(_with_vectors(model, [each for each in read if isinstance(each, Found)], directions))
    return [next(questions) if isinstance(each, Found) else each for each in read]


def _forms_of(text: str, joiner: str) -> Iterator[str]:
    """All words that may be looked up to read a query."""
    yield from possible_forms(text, joiner)
    with suppress(QueryError):
        for term in parse(text).terms:
            yield from possible_forms(term.text, joiner)


def _find(model: WordVectors, text: str) -> Found | Failure:
    try:
        query = read_query(model, text)
        return Found(text, query, tuple([find_term(model, term.text) for term in query.terms]))
    except (QueryError, UnknownWord) as error:
        return Failure(text, error)


def _with_vectors(model: WordVectors, found: list[Found], directions: Matrix | None) -> Iterator[Question | Failure]:
    if not found:
        return
    vectors = _vectors_of(model, found)
    zeros = _zeros(vectors)
    if directions is not None:
        vectors = without(vectors, directions)
    nothing_left = zeros if directions is None else _zeros(vectors)
    weights = np.array([term.weight for each in found for term in each.query.terms], np.float32)
    starts = list(itertools.accumulate([len(each.matches) for each in found], initial=0))
    targets, lengths = _targets(vectors, weights, starts[:-1])
    for (text, query, matches), start, target, length in zip(found, starts, targets, lengths, strict=False):
        end = start + len(matches)
        question = Question(text, query, matches, vectors[start:end], weights[start:end], target)
        if nothing_left and (points_nowhere := sorted(nothing_left.intersection(range(start, end)))):
            term = query.terms[points_nowhere[0] - start].text
            if points_nowhere[0] in zeros:
                reason = f"'{term}' has a vector of zeros in {model.name}, which points nowhere."
            else:
                reason = f"Nothing is left of '{term}' without the directions that are left out."
            yield Failure(text, QueryError(reason))
        elif length < _NO_DIRECTION * sum([abs(term.weight) for term in query.terms]) and question.is_search:
            reason = "The terms cancel each other out, so there is no direction left to search in."
            yield Failure(text, QueryError(reason))
        else:
            yield question


def _vectors_of(model: WordVectors, found: Sequence[Found]) -> Matrix:
    """The unit vectors of all terms, [terms, dimension]."""
    matches = [match for each in found for match in each.matches]
    own = {place: match.vector for place, match in enumerate(matches) if match.vector is not None}
    if not own:
        return model.vectors_of([match.rows[0] for match in matches])
    vectors = np.empty((len(matches), model.dimension), np.float32)
    if rows := [match.rows[0] for match in matches if match.vector is None]:
        vectors[[place for place in range(len(matches)) if place not in own]] = model.vectors_of(rows)
    for place, vector in own.items():
        vectors[place] = vector
    place = 0
    for _, query, terms in found:
        if query.kind is Kind.NEIGHBOURS and terms[0].resolution is Resolution.COMPOSED:
            vectors[place] = distinctive(model, vectors[place])
        place += len(terms)
    return vectors


def _targets(vectors: Matrix, weights: Matrix, starts: list[int]) -> tuple[Matrix, list[float]]:
    """The unit vectors [questions, dimension] of the weighted sums from each of ``starts`` on; the sums' lengths."""
    if len(starts) == 1:
        total = weights @ vectors
        length = math.sqrt(total @ total)
        return (total / max(length, _TINY))[None], [length]
    sums = np.add.reduceat(vectors * weights[:, None], starts)
    lengths: Matrix = np.sqrt(np.vecdot(sums, sums))
    targets = np.asarray(sums / np.maximum(lengths, _TINY)[:, None], np.float32)
    return targets, lengths.tolist()


def _zeros(vectors: Matrix) -> set[int]:
    """Which of ``vectors`` [n, dimension] are nothing but zeros."""
    if 0.0 not in vectors[:, 0].tolist():  # a tenth of the time of looking at all numbers
        return set()
    return set(np.flatnonzero(~np.any(vectors, axis=1)).tolist())
