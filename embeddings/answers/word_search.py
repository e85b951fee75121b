"""Questions → the words nearest to their targets."""

from collections.abc import Callable, Iterator, Sequence

from embeddings.answers.answer import Failure
from embeddings.answers.listing import ResultList, list_together
from embeddings.answers.options import Method, Options
from embeddings.answers.question import Question, targets_of
from embeddings.answers.result import Result, new_result
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors, fold_each
from embeddings.query import Kind
from embeddings.search import Matrix, Rows, SearchKind, search_cosmul, without_each, without_rows

_SPARE = 2
"""Extra results of a batch, in place of other forms of a word. A search for one query takes less time without them."""
_SHARE_OF_FORMS = 8
"""One of so many results may be left out. Another comparison with every word would cost as much again, and more results
cost nothing.
"""
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
Found = tuple[Matrix, Rows]
"""Scores and rows of several questions, [questions, rows]."""


def find_rows(model: WordVectors, questions: Sequence[Question], options: Options) -> Found:
    """What the index finds for some questions, their own words among it."""
    kinds = [_SEARCH_KINDS.get(question.query.kind) for question in questions]
    asked = kinds[0] if kinds.count(kinds[0]) == len(kinds) else kinds
    wanted = options.k + _SPARE + max([len(question.rows) for question in questions])
    exact, restrict = options.exact, options.restrict
    return model.index.search(targets_of(questions), wanted, exact=exact, restrict=restrict, asked=asked)


def search_words(
    model: WordVectors, questions: Sequence[Question], options: Options, found: Callable[[], Found] | None = None
) -> list[Results | ResultList | Failure]:
    """The results of each question, or why it has none. One bad question does not affect the others.

    ``found`` gives what `find_rows` finds for them, if that is looked for already.
    """
    if options.method is Method.MULTIPLY:
        return [_refused(model, question, options) or _list_one(model, question, options) for question in questions]
    if len(questions) == 1:
        return [_list_one(model, questions[0], options)]
    if not questions:
        return []
    try:
        return _list_all(model, questions, found() if found else find_rows(model, questions, options), options)
    except (QueryError, UnknownWord):
        return [_list_one(model, question, options) for question in questions]


def _list_all(
    model: WordVectors, questions: Sequence[Question], found: Found, options: Options
) -> list[Results | ResultList | Failure]:
    listed: list[Results | ResultList | None] = [*list_together(model, questions, *found, options)]
    if left := [place for place, results in enumerate(listed) if results is None]:
        of_these = [questions[place] for place in left]
        results = _list_many(model, of_these, (found[0][left], found[1][left]), options)
        for place, each in zip(left, results, strict=True):
            listed[place] = each
    return [results for results in listed if results is not None]


def _refused(model: WordVectors, question: Question, options: Options) -> Failure | None:
    """A failure if multiplying for this question would take too long."""
    compared = options.restrict or (len(model) if _compares_all(model, options) else 0)
    terms = len(question.weights)
    if terms <= MOST_EXACT_PRODUCTS or min(compared, len(model)) <= _FEW_ROWS:
        return None
    detail = (
        f"3CosMul that compares with every word takes at most {MOST_EXACT_PRODUCTS} terms, and this query has {terms}."
    )
    return Failure(question.text, QueryError(f"{detail} Ask without exact, or by 3CosAdd."))


def _compares_all(model: WordVectors, options: Options) -> bool:
    """Whether a search compares with every word."""
    return options.exact or model.index.is_exact


def _list_one(model: WordVectors, question: Question, options: Options) -> Results | Failure:
    try:
        spare = options.k // _SHARE_OF_FORMS + _SPARE if _compares_all(model, options) else 0
        found = _nearest_to(model, question, options.k + spare, options)
        best = found[0][: options.k], found[1][: options.k]
        [results] = _list_each(model, [question], best, lambda _: found, options)
        return results
    except (QueryError, UnknownWord) as error:
        return Failure(question.text, error)


def _list_many(model: WordVectors, questions: Sequence[Question], found: Found, options: Options) -> Iterator[Results]:
    scores, rows = without_each(*found, [question.rows for question in questions])

    def found_for(place: int) -> Nearest:
        there = rows[place] >= 0
        return scores[place][there].tolist(), rows[place][there].tolist()

    first = slice(options.k)
    best = scores[:, first].ravel().tolist(), rows[:, first].ravel().tolist()
    return _list_each(model, questions, best, found_for, options)


def _list_each(
    model: WordVectors,
    questions: Sequence[Question],
    best: Nearest,
    found_for: Callable[[int], Nearest],
    options: Options,
) -> Iterator[Results]:
    """The results of each question: what most of them show is looked up for many at once.

    ``best`` has the same number of rows for each, question after question, and ``found_for`` gives all that were found
    for one, of which these are the first.
    """
    scores, rows = best
    width = len(rows) // len(questions)
    if width < options.k or -1 in rows:
        yield from (_fill(model, question, found_for(place), options) for place, question in enumerate(questions))
        return
    step = max(_WORDS_AT_ONCE // width, 1)
    for start in range(0, len(questions), step):
        of_some = slice(start * width, (start + step) * width)
        places = rows[of_some]
        words = model.vocabulary.words(places)
        texts = model.displays(places), model.descriptions(places)
        shown = zip(words, scores[of_some], [row + 1 for row in places], *texts, strict=True)
        results = zip(*[map(new_result, shown)] * width, strict=True)
        folded = zip(*[iter(fold_each(words))] * width, strict=True)
        for place, question in enumerate(questions[start : start + step], start):
            forms, listed, of_listed = folded_inputs(model, question), next(results), next(folded)
            if options.all_forms or len(forms.union(of_listed)) == len(forms) + width:
                yield listed
            else:
                yield _fill(model, question, found_for(place), options)


def _fill(model: WordVectors, question: Question, found: Nearest, options: Options) -> Results:
    """The results of a question among those rows that were ``found``, or among more of them if there are not enough:
    other forms of a word are so rare that hardly any are fetched in their place before.
    """
    wanted, forms = options.k, folded_inputs(model, question)
    results = list_words(model, found, set(), forms, options)
    while len(results) < options.k and wanted <= len(found[1]):
        wanted *= 4
        found = _nearest_to(model, question, wanted, options)
        results = list_words(model, found, set(), forms, options)
    return results


def _nearest_to(model: WordVectors, question: Question, wanted: int, options: Options) -> Nearest:
    """The ``wanted`` best rows of a question without those of its own words; fewer only where there are no more."""
    own, exact, restrict = question.rows, options.exact, options.restrict
    if options.method is Method.MULTIPLY:
        terms = question.vectors, question.weights
        found = search_cosmul(model.index, *terms, wanted + len(own), exact=exact, restrict=restrict)
        return without_rows(*found, own, wanted)
    kind = _SEARCH_KINDS.get(question.query.kind)
    return model.index.nearest(question.target, wanted, excluded=own, exact=exact, restrict=restrict, asked=kind)


def folded_inputs(model: WordVectors, question: Question) -> set[str]:
    """The folded forms in which the query's own words could turn up as results."""
    return set(fold_each(question.spellings(model.manifest.card.joiner)))


def input_forms(model: WordVectors, question: Question) -> Own:
    """What is left out of a question's results: the rows of its own words, and -1, which is none; their forms."""
    return {-1, *question.rows}, folded_inputs(model, question)


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
                results.append(new_result((word, score, row + 1, display, description)))
    return tuple(results)
