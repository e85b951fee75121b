"""Questions → the words nearest to their targets."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest

import numpy as np

from embeddings.answers.answer import Failure
from embeddings.answers.options import Method, Options
from embeddings.answers.question import Question, targets_of
from embeddings.answers.result import Result
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors, fold_each
from embeddings.query import Kind
from embeddings.search import Matrix, Rows, SearchKind, search_cosmul

_SPARE = 2
"""Extra results fetched to replace near-duplicates; more are fetched if these are too few."""
MOST_EXACT_PRODUCTS = 8
"""The most terms that 3CosMul multiplies for every word of a large vocabulary."""
_FEW_ROWS = 100_000
_WORDS_AT_ONCE = 640
"""Of results that are listed together: other threads wait no longer for them than for the answer to one query."""
_SEARCH_KINDS = {kind: SearchKind(kind.value) for kind in (Kind.ANALOGY, Kind.EXPRESSION, Kind.NEIGHBOURS)}
Results = tuple[Result, ...]
Own = tuple[set[int], set[str]]
"""What is left out of results: rows, and folded forms."""
Nearest = tuple[list[float], list[int]]
"""Scores and rows, best first."""


def search_words(model: WordVectors, questions: Sequence[Question], options: Options) -> list[Results | Failure]:
    """The results of each question, or why it has none. One bad question does not affect the others."""
    if options.method is Method.MULTIPLY:
        return [_refused(model, question, options) or _list(model, [question], options)[0] for question in questions]
    return _list(model, questions, options) if questions else []


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


def _list(model: WordVectors, questions: Sequence[Question], options: Options) -> list[Results | Failure]:
    multiplies = options.method is Method.MULTIPLY
    try:
        if len(questions) == 1 and not multiplies:
            return [_list_one(model, questions[0], options)]
        wanted = options.k + _SPARE + max([len(rows_of_inputs(question)) for question in questions])
        if multiplies:
            found = [_products(model, question, wanted, options) for question in questions]
            return [_fill(model, wanted, options, *each) for each in zip(questions, found, strict=True)]
        return list(_list_each(model, questions, _nearest(model, questions, wanted, options), options))
    except (QueryError, UnknownWord) as error:
        if len(questions) == 1:
            return [Failure(questions[0].text, error)]
        return [_list(model, [question], options)[0] for question in questions]


def _list_each(
    model: WordVectors, questions: Sequence[Question], found: tuple[Matrix, Rows], options: Options
) -> Iterator[Results]:
    """The results of each question: what most of them show is looked up for many at once."""
    scores, rows = found
    is_own = rows == -1
    for column in zip_longest(*map(rows_of_inputs, questions), fillvalue=-1):
        is_own |= rows == np.array(column)[:, None]
    best = np.argsort(is_own, axis=1, kind="stable")[:, : options.k]
    enough = (rows.shape[1] - is_own.sum(axis=1) >= options.k).tolist()
    best_rows, best_scores = (np.take_along_axis(each, best, 1).ravel() for each in (rows, scores))
    width = best.shape[1]
    step = max(_WORDS_AT_ONCE // width, 1)
    for start in range(0, len(questions), step):
        part = slice(start * width, (start + step) * width)
        places = best_rows[part].tolist()
        words = model.vocabulary.words(places)
        texts = model.displays(places), model.descriptions(places)
        shown = zip(words, best_scores[part].tolist(), (best_rows[part] + 1).tolist(), *texts, strict=True)
        results, folded = list(map(_result, shown)), fold_each(words)
        for number, question in enumerate(questions[start : start + step], start):
            some = slice((number - start) * width, (number - start + 1) * width)
            forms = folded_inputs(model, question)
            is_whole = options.all_forms or len(forms.union(folded[some])) == len(forms) + width
            if is_whole and enough[number]:
                yield tuple(results[some])
            else:
                nearest = scores[number].tolist(), rows[number].tolist()
                yield _fill(model, rows.shape[1], options, question, nearest)


def _list_one(model: WordVectors, question: Question, options: Options) -> Results:
    """The results of one question. The search leaves its own rows out, and other forms of a word are so rare among the
    rest that nothing is fetched in their place before they are found.
    """
    k, own, forms = options.k, rows_of_inputs(question), folded_inputs(model, question)
    wanted, kind = k, _SEARCH_KINDS.get(question.query.kind)
    while True:
        scores, rows = model.index.nearest(
            question.target, wanted, excluded=own, exact=options.exact, restrict=options.restrict, asked=kind
        )
        results = _list_first(model, scores[:k], rows[:k], forms, options)
        if results is None:
            results = list_words(model, (scores, rows), set(), forms, options)
        if len(results) == k or len(rows) < wanted:
            return results
        wanted *= 4


def _list_first(
    model: WordVectors, scores: list[float], rows: list[int], forms: set[str], options: Options
) -> Results | None:
    """All of ``rows`` as results; None if one of them is another form of the query's words, ``forms``, or of a result
    before.
    """
    words = model.vocabulary.words(rows)
    if not options.all_forms and len(forms.union(fold_each(words))) != len(forms) + len(words):
        return None
    ranks = [row + 1 for row in rows]
    return tuple(map(_result, zip(words, scores, ranks, model.displays(rows), model.descriptions(rows), strict=True)))


def _fill(model: WordVectors, wanted: int, options: Options, question: Question, found: Nearest) -> Results:
    """The results among ``wanted`` rows that were found, or among more of them if there are not enough."""
    own = input_forms(model, question)
    results = list_words(model, found, *own, options)
    while len(results) < options.k and wanted <= len(found[1]) < len(model):
        wanted *= 4
        if options.method is Method.MULTIPLY:
            found = _products(model, question, wanted, options)
        else:
            scores, rows = _nearest(model, [question], wanted, options)
            found = scores[0].tolist(), rows[0].tolist()
        results = list_words(model, found, *own, options)
    return results


def _products(model: WordVectors, question: Question, wanted: int, options: Options) -> Nearest:
    """The ``wanted`` best of a question by 3CosMul, its own words included."""
    exact, restrict = options.exact, options.restrict
    vectors, weights = question.vectors, question.weights
    scores, rows = search_cosmul(model.index, vectors, weights, wanted, exact=exact, restrict=restrict)
    return scores.tolist(), rows.tolist()


def _nearest(model: WordVectors, questions: Sequence[Question], wanted: int, options: Options) -> tuple[Matrix, Rows]:
    """The ``wanted`` best of each question, its own words included."""
    kinds = [_SEARCH_KINDS.get(question.query.kind) for question in questions]
    asked = kinds[0] if kinds.count(kinds[0]) == len(kinds) else kinds
    exact, restrict = options.exact, options.restrict
    return model.index.search(targets_of(questions), wanted, exact=exact, restrict=restrict, asked=asked)


def rows_of_inputs(question: Question) -> list[int]:
    """The rows of the query's own words."""
    return [row for match in question.matches for row in match.rows]


def folded_inputs(model: WordVectors, question: Question) -> set[str]:
    """The folded forms in which the query's own words could turn up as results."""
    forms = []
    join = model.manifest.card.joiner.join
    for term, match in zip(question.query.terms, question.matches, strict=True):
        text = term.text
        forms.append(text)
        if not text.isalnum():
            forms.append(join(text.split()))
        if match.words[0] is not text:
            forms += match.words
    return set(fold_each(forms))


def input_forms(model: WordVectors, question: Question) -> Own:
    """What is left out of a question's results: the rows of its own words, and -1, which is none; their forms."""
    return {-1, *rows_of_inputs(question)}, folded_inputs(model, question)


def list_words(model: WordVectors, found: Nearest, excluded: set[int], forms: set[str], options: Options) -> Results:
    """The first results that are neither the query's own words nor other forms of them or of results before."""
    left = [pair for pair in zip(*found, strict=True) if pair[1] not in excluded]
    results: list[Result] = []
    seen = set(forms)
    start, k = 0, options.k
    while len(results) < k and start < len(left):  # most often once: no more words are looked up than needed
        some = left[start : start + k - len(results)]
        start += len(some)
        rows = [row for _, row in some]
        words = model.vocabulary.words(rows)
        shown = zip(some, words, fold_each(words), model.displays(rows), model.descriptions(rows), strict=True)
        for (score, row), word, form, display, description in shown:
            if options.all_forms or form not in seen:
                seen.add(form)
                results.append(_result((word, score, row + 1, display, description)))
    return tuple(results)


_result = partial(tuple.__new__, Result)
"""A `Result` without the call of a function of Python's: there are ten in an answer."""
