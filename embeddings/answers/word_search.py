"""Questions → the words nearest to their targets."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

from embeddings.answers.answer import Failure
from embeddings.answers.options import Method, Options
from embeddings.answers.question import Question, targets_of
from embeddings.answers.result import Result
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors, fold_each
from embeddings.query import Kind
from embeddings.search import SearchKind, search_cosmul

_SPARE = 2
"""Extra results fetched to replace near-duplicates; more are fetched if these are too few."""
MOST_EXACT_PRODUCTS = 8
"""The most terms that 3CosMul multiplies for every word of a large vocabulary."""
_FEW_ROWS = 100_000
_NO_ROW = {-1}
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
    own = [input_forms(model, question) for question in questions]
    try:
        if len(questions) == 1 and options.method is not Method.MULTIPLY:
            return [_list_one(model, questions[0], own[0], options)]
        wanted = options.k + _SPARE + max([len(rows) for rows, _ in own]) - 1
        found = _nearest(model, questions, wanted, options)
        return list(map(partial(_fill, model, wanted, options), questions, own, found))
    except (QueryError, UnknownWord) as error:
        if len(questions) == 1:
            return [Failure(questions[0].text, error)]
        return [_list(model, [question], options)[0] for question in questions]


def _list_one(model: WordVectors, question: Question, own: Own, options: Options) -> Results:
    """The results of one question. The search leaves its own rows out, and other forms of a word are so rare among the
    rest that nothing is fetched in their place before they are found.
    """
    rows, forms = own
    wanted, excluded, exact, restrict = options.k, tuple(rows - _NO_ROW), options.exact, options.restrict
    target, asked = question.target, _SEARCH_KINDS.get(question.query.kind)
    while True:
        scores, nearest = model.index.nearest(
            target, wanted, excluded=excluded, exact=exact, restrict=restrict, asked=asked
        )
        results = list_words(model, (scores.tolist(), nearest.tolist()), rows, forms, options)
        if len(results) == options.k or len(nearest) < wanted:
            return results
        wanted *= 4


def _fill(
    model: WordVectors,
    wanted: int,
    options: Options,
    question: Question,
    own: Own,
    found: Nearest,
) -> Results:
    """The results among ``wanted`` rows that were found, or among more of them if there are not enough."""
    results = list_words(model, found, *own, options)
    while len(results) < options.k and wanted <= len(found[1]) < len(model):
        wanted *= 4
        [found] = _nearest(model, [question], wanted, options)
        results = list_words(model, found, *own, options)
    return results


def _nearest(model: WordVectors, questions: Sequence[Question], wanted: int, options: Options) -> Sequence[Nearest]:
    """The ``wanted`` best of each question, its own words included."""
    exact, restrict = options.exact, options.restrict
    if options.method is Method.MULTIPLY:
        products = [
            search_cosmul(model.index, each.vectors, each.weights, wanted, exact=exact, restrict=restrict)
            for each in questions
        ]
        return [(scores.tolist(), rows.tolist()) for scores, rows in products]
    kinds = [question.query.kind for question in questions]
    first = kinds[0]
    if kinds.count(first) < len(kinds):
        of_kind = {
            kind: iter(_nearest(model, [each for each in questions if each.query.kind is kind], wanted, options))
            for kind in set(kinds)
        }
        return [next(of_kind[kind]) for kind in kinds]
    asked, targets = _SEARCH_KINDS.get(first), targets_of(questions)
    scores, rows = model.index.search(targets, wanted, exact=exact, restrict=restrict, asked=asked)
    return list(zip(scores.tolist(), rows.tolist(), strict=True))


def input_forms(model: WordVectors, question: Question) -> Own:
    """The rows of the query's own words, and -1, which is none; the folded forms in which its words could turn up as
    results.
    """
    texts = [term.text for term in question.query.terms]
    joined = map(model.manifest.card.joiner.join, map(str.split, texts))
    forms = [*texts, *joined, *chain.from_iterable([match.words for match in question.matches])]
    return {-1}.union(*[match.rows for match in question.matches]), set(fold_each(forms))


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
