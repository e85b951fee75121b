"""Questions → the words nearest to their targets."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.answers.answer import Failure
from embeddings.answers.options import Method, Options
from embeddings.answers.question import Question
from embeddings.answers.result import Result
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors, fold
from embeddings.query import Kind
from embeddings.search import Index, Matrix, Rows, SearchKind, search_cosmul

if TYPE_CHECKING:
    from concurrent.futures import Future

_SPARE = 2
"""Extra results fetched to replace near-duplicates; more are fetched if these are too few."""
MOST_EXACT_PRODUCTS = 8
"""The most terms that 3CosMul multiplies for every word of a large vocabulary."""
_FEW_ROWS = 100_000
_AT_ONCE = 512
"""Questions searched together. More gain nothing, and take memory."""
_SEARCH_KINDS = {kind: SearchKind(kind.value) for kind in (Kind.ANALOGY, Kind.EXPRESSION, Kind.NEIGHBOURS)}
Results = tuple[Result, ...]
Nearest = Mapping[int, tuple[Matrix, Rows]]
"""Scores and rows by place of a question."""


def search_words(model: WordVectors, questions: Sequence[Question], options: Options) -> Iterator[Results | Failure]:
    """The results of each question, or why it has none. One bad question does not affect the others.

    Of many questions some are searched by a thread while the results of those before are listed here.
    """
    if options.method is Method.MULTIPLY:
        for question in questions:
            yield _refused(model, question, options) or next(_list(model, [question], options, None))
        return
    blocks = [questions[start : start + _AT_ONCE] for start in range(0, len(questions), _AT_ONCE)]
    if len(blocks) < 2 or not isinstance(model.index, Index):
        for block in blocks:
            yield from _list(model, block, options, None)
        return
    from concurrent.futures import ThreadPoolExecutor  # few callers need what it takes to import

    with ThreadPoolExecutor(1) as pool:
        searches = [pool.submit(_nearest, model, block, _wanted(block, options), options) for block in blocks]
        for block, search in zip(blocks, searches, strict=True):
            yield from _list(model, block, options, search)


def _refused(model: WordVectors, question: Question, options: Options) -> Failure | None:
    """A failure if multiplying for this question would take too long."""
    compared = options.restrict or (len(model) if options.exact or model.index.is_exact else 0)
    terms = len(question.weights)
    if terms <= MOST_EXACT_PRODUCTS or min(compared, len(model)) <= _FEW_ROWS:
        return None
    detail = (
        f"3CosMul that compares with every word takes at most {MOST_EXACT_PRODUCTS} terms, and this query has {terms}."
    )
    return Failure(question.text, QueryError(f"{detail} Ask without exact, or by 3CosAdd."))


def _list(
    model: WordVectors, questions: Sequence[Question], options: Options, search: "Future[Nearest] | None"
) -> Iterator[Results | Failure]:
    """The results of ``questions``, which ``search`` finds, or is to be found here."""
    wanted = _wanted(questions, options)
    try:
        found = _nearest(model, questions, wanted, options) if search is None else search.result()
        listed = [_fill(model, question, found[place], wanted, options) for place, question in enumerate(questions)]
    except (QueryError, UnknownWord) as error:
        if len(questions) == 1:
            yield Failure(questions[0].text, error)
        else:
            for question in questions:
                yield from _list(model, [question], options, None)
    else:
        yield from listed


def _wanted(questions: Sequence[Question], options: Options) -> int:
    """How many rows to find, so that enough are left without the questions' own words."""
    return options.k + _SPARE + max([sum([len(match.rows) for match in each.matches]) for each in questions])


def _fill(model: WordVectors, question: Question, found: tuple[Matrix, Rows], wanted: int, options: Options) -> Results:
    """The results among ``wanted`` rows that were found, or among more of them if there are not enough."""
    excluded, forms = input_forms(model, question)
    scores, rows = found
    results = list_words(model, scores, rows, excluded, forms, options)
    while len(results) < options.k and wanted <= len(rows) < len(model):
        wanted *= 4
        scores, rows = _nearest(model, [question], wanted, options)[0]
        results = list_words(model, scores, rows, excluded, forms, options)
    return results


def _nearest(model: WordVectors, questions: Sequence[Question], wanted: int, options: Options) -> Nearest:
    """By place of the question the scores and rows of its ``wanted`` best, the question's own words included."""
    how: Any = {"exact": options.exact, "restrict": options.restrict}
    if options.method is Method.MULTIPLY:
        return {
            place: search_cosmul(model.index, question.vectors, question.weights, wanted, **how)
            for place, question in enumerate(questions)
        }
    found: dict[int, tuple[Matrix, Rows]] = {}
    for places, asked in _of_one_kind(questions):
        if len(places) == 1:
            targets = questions[places[0]].target[None]
        else:
            targets = np.array([questions[place].target for place in places])
        scores, rows = model.index.search(targets, wanted, asked=asked, **how)
        found.update(zip(places, zip(scores, rows, strict=True), strict=True))
    return found


def _of_one_kind(questions: Sequence[Question]) -> Iterator[tuple[list[int], SearchKind | None]]:
    """Places of questions that are searched together, and their kind of search."""
    places: dict[Kind, list[int]] = {}
    for place, question in enumerate(questions):
        places.setdefault(question.query.kind, []).append(place)
    for kind, of_kind in places.items():
        yield of_kind, _SEARCH_KINDS.get(kind)


def input_forms(model: WordVectors, question: Question) -> tuple[set[int], set[str]]:
    """The rows of the query's own words, and the folded forms in which they could turn up as results."""
    joiner = model.manifest.card.joiner
    rows: set[int] = set()
    forms: set[str] = set()
    for term, match in zip(question.query.terms, question.matches, strict=True):
        rows.update(match.rows)
        forms.add(term.text)
        forms.update(match.words)
        if not term.text.isalpha():
            forms.add(joiner.join(term.text.split()))
    return rows, {fold(form) for form in forms}


def list_words(
    model: WordVectors, scores: Matrix, rows: Rows, excluded: set[int], forms: set[str], options: Options
) -> Results:
    """The first results that are neither the query's own words nor other forms of them or of results before."""
    found = [
        (row, score)
        for row, score in zip(rows.tolist(), scores.tolist(), strict=True)
        if row not in excluded and row >= 0
    ]
    listed: list[tuple[str, float, int]] = []
    seen = set(forms)
    start, missing = 0, options.k
    while missing and start < len(found):  # most often once: words are looked up together, and no more than needed
        some = found[start : start + missing]
        words = model.vocabulary.words([row for row, _ in some])
        for word, (row, score) in zip(words, some, strict=True):
            if not options.all_forms:
                form = fold(word)
                if form in seen:
                    continue
                seen.add(form)
            listed.append((word, score, row))
        start, missing = start + missing, options.k - len(listed)
    display, description = model.display, model.description
    return tuple([_result((word, score, row + 1, display(row), description(row))) for word, score, row in listed])


_result = partial(tuple.__new__, Result)
"""A `Result` without the call of a function of Python's: there are ten in an answer."""
