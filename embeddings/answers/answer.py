"""Query and model → answer: the one value that the command line, the API and the page show."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from embeddings.answers.axes import directions_of, without
from embeddings.answers.elsewhere import ModelElsewhere
from embeddings.answers.explanation import Explanation, explain
from embeddings.answers.intent import notes_on, read_query
from embeddings.answers.odd_one_out import oddness, rows_apart, shared_rows
from embeddings.answers.options import Method, Options
from embeddings.answers.resolution import Reading, distinctive, possible_forms, resolve
from embeddings.answers.result import Result, as_dicts, from_dicts
from embeddings.errors import EmbeddingsError, QueryError, UnknownWord, error_from_dict
from embeddings.models import WordVectors, fold
from embeddings.query import Kind, Query, parse
from embeddings.search import Matrix, Rows, SearchKind, search_cosmul, unit

_SPARE = 2
"""Extra results fetched to replace near-duplicates; more are fetched if these are too few."""
_REASONS = 8
"""The most words listed that the rest share, or that set the odd one apart."""
_NO_DIRECTION = 1e-5
_DEFAULT = Options()
MOST_EXACT_PRODUCTS = 16
"""The most terms that 3CosMul multiplies for every word of a large vocabulary."""
_FEW_ROWS = 100_000
_AT_ONCE = 64
"""Questions searched together. More gain nothing, and candidates of a thousand would take tens of megabytes."""


@dataclass(frozen=True, slots=True)
class TermReading:
    """How a term of the query was resolved."""

    text: str
    resolved: str
    words: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything to show for a query."""

    query: str
    kind: Kind
    read_as: str
    terms: tuple[TermReading, ...]
    results: tuple[Result, ...]
    model: str
    method: str
    took_ms: float
    score: float | None = None
    """The cosine of the two terms of a similarity."""
    shared: tuple[Result, ...] | None = None
    apart: tuple[Result, ...] | None = None
    explanation: Explanation | None = None
    notes: tuple[str, ...] = ()
    """How the query was read if something else may have been meant, and other senses of its words."""
    without: str | None = None
    """The directions that were taken out of the terms, as they were given."""
    parsed: Query | None = field(default=None, compare=False, repr=False)
    """The query as it was read; None if the answer came from a service."""

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON, without what does not apply to the kind of query."""
        content: dict[str, Any] = {
            "query": self.query,
            "kind": self.kind.value,
            "read_as": self.read_as,
            "terms": [
                {
                    "text": term.text,
                    "resolved": term.resolved,
                    "words": list(term.words),
                    "weight": term.weight,
                }
                for term in self.terms
            ],
            "results": as_dicts(self.results),
            "model": self.model,
            "method": self.method,
            "took_ms": round(self.took_ms, 3),
        }
        if self.score is not None:
            content["score"] = round(self.score, 6)
        if self.shared is not None and self.apart is not None:
            content |= {"shared": as_dicts(self.shared), "apart": as_dicts(self.apart)}
        if self.explanation is not None:
            content["explanation"] = self.explanation.as_dict()
        if self.notes:
            content["notes"] = list(self.notes)
        if self.without is not None:
            content["without"] = self.without
        return content

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The answer that `as_dict` described. Raises KeyError, TypeError or ValueError if it is none."""
        return cls(
            query=str(content["query"]),
            kind=Kind(content["kind"]),
            read_as=str(content["read_as"]),
            terms=tuple(
                TermReading(
                    str(term["text"]), str(term["resolved"]), tuple(map(str, term["words"])), float(term["weight"])
                )
                for term in content["terms"]
            ),
            results=from_dicts(content["results"]),
            model=str(content["model"]),
            method=str(content["method"]),
            took_ms=float(content["took_ms"]),
            score=float(content["score"]) if "score" in content else None,
            shared=from_dicts(content["shared"]) if "shared" in content else None,
            apart=from_dicts(content["apart"]) if "apart" in content else None,
            explanation=Explanation.from_dict(content["explanation"]) if "explanation" in content else None,
            notes=tuple(map(str, content.get("notes", ()))),
            without=str(content["without"]) if "without" in content else None,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in the place of an answer for a query that could not be answered."""

    query: str
    error: EmbeddingsError

    def __post_init__(self) -> None:
        # An error holds the frames it went through, and they all that was asked: too much for what may be kept.
        self.error.__traceback__ = self.error.__context__ = self.error.__cause__ = None

    def as_dict(self) -> dict[str, Any]:
        return {"query": self.query, "error": self.error.as_dict()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The failure that `as_dict` described. Raises KeyError or TypeError if it is none."""
        return cls(str(content["query"]), error_from_dict(content["error"]))


_SEARCH_KINDS: dict[str, SearchKind] = {kind.value: kind for kind in SearchKind}
"""The kind of search for each kind of query; other kinds search as for the hardest."""


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """A query whose terms are resolved to unit vectors [terms, dimension]."""

    text: str
    query: Query
    readings: tuple[Reading, ...]
    vectors: Matrix
    weights: Matrix
    sum: Matrix
    """Of the weighted vectors, [dimension]."""

    @property
    def is_search(self) -> bool:
        return self.query.kind not in (Kind.ODD_ONE_OUT, Kind.SIMILARITY)

    @property
    def target(self) -> Matrix:
        return unit(self.sum)


def ask(model: WordVectors | ModelElsewhere, query: str, options: Options | None = None) -> Answer:
    """Answer one query. Raises `QueryError` or `UnknownWord`."""
    [answer] = ask_many(model, [query], options)
    if isinstance(answer, Failure):
        raise answer.error
    return answer


def ask_many(
    model: WordVectors | ModelElsewhere, queries: Iterable[str], options: Options | None = None
) -> list[Answer | Failure]:
    """Answer queries together, which is faster than one by one. Answers and failures are in the order of the queries.

    ``took_ms`` of each is the time for all divided by their number.
    """
    if isinstance(model, ModelElsewhere):
        return model.ask_many(list(queries), options)
    started = time.perf_counter()
    options = options or _DEFAULT
    questions = [_affordable(model, question, options) for question in _read_all(model, list(queries), options)]
    searches = [question for question in questions if isinstance(question, _Question) and question.is_search]
    found = iter(_search(model, searches, options))
    answers: list[Answer | Failure] = []
    for question in questions:
        if isinstance(question, Failure):
            answers.append(question)
            continue
        results = next(found) if question.is_search else ()
        answers.append(results if isinstance(results, Failure) else _answer_or_fail(model, question, options, results))
    took_ms = (time.perf_counter() - started) * 1000 / max(len(answers), 1)
    for answer in answers:
        if not isinstance(answer, Failure):  # nobody has seen it yet, and a second one would take as long to make
            object.__setattr__(answer, "took_ms", took_ms)
    return answers


def _read_all(model: WordVectors, texts: Sequence[str], options: Options) -> list["_Question | Failure"]:
    model.vocabulary.expect(form for text in texts for form in _forms_of(text, model.manifest.card.joiner))
    try:
        left_out = None if options.without is None else directions_of(model, options.without)
    except (QueryError, UnknownWord) as error:
        return [Failure(text, error) for text in texts]
    return [_read(model, text, left_out) for text in texts]


def _forms_of(text: str, joiner: str) -> Iterator[str]:
    """All words that may be looked up to read a query."""
    yield from possible_forms(text, joiner)
    with suppress(QueryError):
        for term in parse(text).terms:
            yield from possible_forms(term.text, joiner)


def _read(model: WordVectors, text: str, left_out: Matrix | None) -> _Question | Failure:
    try:
        query = read_query(model, text)
        readings = tuple([resolve(model, term.text) for term in query.terms])
        is_arithmetic = query.kind is not Kind.NEIGHBOURS
        vectors = np.array([reading.vector if is_arithmetic else distinctive(model, reading) for reading in readings])
        weights = np.array([term.weight for term in query.terms], np.float32)
        for term, points in zip(query.terms, np.any(vectors, axis=1).tolist(), strict=True):
            if not points:
                raise QueryError(f"'{term.text}' has a vector of zeros in {model.name}, which points nowhere.")
        if left_out is not None:
            vectors = _without(query, vectors, left_out)
        target = weights @ vectors
        question = _Question(text, query, readings, vectors, weights, target)
        if question.is_search:
            least = _NO_DIRECTION * sum([abs(term.weight) for term in query.terms])
            if target @ target < least * least:
                raise QueryError("The terms cancel each other out, so there is no direction left to search in.")
    except (QueryError, UnknownWord) as error:
        return Failure(text, error)
    return question


def _without(query: Query, vectors: Matrix, directions: Matrix) -> Matrix:
    """The unit vectors of the terms without ``directions``. Raises `QueryError` for a term that is nothing else."""
    left = without(vectors, directions)
    for term, points in zip(query.terms, np.any(left, axis=1).tolist(), strict=True):
        if not points:
            raise QueryError(f"Nothing is left of '{term.text}' without the directions that are left out.")
    return left


def _affordable(model: WordVectors, question: "_Question | Failure", options: Options) -> "_Question | Failure":
    """The question, or a failure if it would take too long."""
    if options.method is not Method.MULTIPLY or isinstance(question, Failure) or not question.is_search:
        return question
    compared = options.restrict or (len(model) if options.exact or model.index.is_exact else 0)
    terms = len(question.weights)
    if terms <= MOST_EXACT_PRODUCTS or min(compared, len(model)) <= _FEW_ROWS:
        return question
    detail = (
        f"3CosMul that compares with every word takes at most {MOST_EXACT_PRODUCTS} terms, and this query has {terms}."
    )
    return Failure(question.text, QueryError(f"{detail} Ask without exact, or by 3CosAdd."))


def _search(model: WordVectors, questions: Sequence[_Question], options: Options) -> list[tuple[Result, ...] | Failure]:
    """The results of each question, or why it has none. One bad question does not affect the others."""
    if not questions:
        return []
    try:
        return list(_search_together(model, questions, options))
    except (QueryError, UnknownWord) as error:
        if len(questions) == 1:
            return [Failure(questions[0].text, error)]
        return [found for question in questions for found in _search(model, [question], options)]


def _search_together(model: WordVectors, questions: Sequence[_Question], options: Options) -> list[tuple[Result, ...]]:
    inputs = [_input_forms(model, question) for question in questions]
    wanted = options.k + _SPARE + max(len(rows) for rows, _ in inputs)
    listed: list[tuple[Result, ...]] = []
    found = _nearest(model, questions, wanted, options)
    for place, question in enumerate(questions):
        excluded, forms = inputs[place]
        scores, rows = found[place]
        results = _list(model, scores, rows, excluded, forms, options)
        fetched = wanted
        while len(results) < options.k and fetched <= len(rows) < len(model):
            fetched *= 4
            scores, rows = _nearest(model, [question], fetched, options)[0]
            results = _list(model, scores, rows, excluded, forms, options)
        listed.append(results)
    return listed


def _nearest(
    model: WordVectors, questions: Sequence[_Question], wanted: int, options: Options
) -> dict[int, tuple[Matrix, Rows]]:
    """By place of the question the scores and rows of its ``wanted`` best, the question's own words included."""
    how: Any = {"exact": options.exact, "restrict": options.restrict}
    found: dict[int, tuple[Matrix, Rows]] = {}
    if options.method is Method.MULTIPLY:
        for place, question in enumerate(questions):
            found[place] = search_cosmul(model.index, question.vectors, question.weights, wanted, **how)
    else:
        targets = np.array([question.target for question in questions])
        for some, asked in _of_one_kind(questions):
            for place, scores, rows in zip(
                some, *model.index.search(targets[some], wanted, asked=asked, **how), strict=True
            ):
                found[place] = scores, rows
    return found


def _of_one_kind(questions: Sequence[_Question]) -> Iterator[tuple[list[int], SearchKind | None]]:
    """Places of questions that are searched together, and their kind of search."""
    places: dict[Kind, list[int]] = {}
    for place, question in enumerate(questions):
        places.setdefault(question.query.kind, []).append(place)
    for kind, of_kind in places.items():
        for start in range(0, len(of_kind), _AT_ONCE):
            yield of_kind[start : start + _AT_ONCE], _SEARCH_KINDS.get(kind)


def _input_forms(model: WordVectors, question: _Question) -> tuple[set[int], set[str]]:
    """The rows of the query's own words, and the folded forms in which they could turn up as results."""
    joiner = model.manifest.card.joiner
    rows: set[int] = set()
    forms: set[str] = set()
    for term, reading in zip(question.query.terms, question.readings, strict=True):
        rows.update(reading.rows)
        forms.update([term.text, joiner.join(term.text.split()), *reading.words])
    return rows, {fold(form) for form in forms}


def _list(
    model: WordVectors, scores: Matrix, rows: Rows, excluded: set[int], forms: set[str], options: Options
) -> tuple[Result, ...]:
    """The first results that are neither the query's own words nor other forms of them or of results before."""
    results: list[Result] = []
    seen = set(forms)
    for score, row in zip(scores.tolist(), rows.tolist(), strict=True):
        if row in excluded or row < 0:
            continue
        word = model.vocabulary.word(row)
        form = word if options.all_forms else fold(word)
        if form in seen and not options.all_forms:
            continue
        seen.add(form)
        results.append(Result(word, score, row + 1, model.display(row), model.description(row)))
        if len(results) == options.k:
            break
    return tuple(results)


def _answer_or_fail(
    model: WordVectors, question: _Question, options: Options, results: tuple[Result, ...]
) -> Answer | Failure:
    try:
        if question.is_search:
            return _answer(model, question, options, results)
        if question.query.kind is Kind.ODD_ONE_OUT:
            return _answer_odd_one_out(model, question, options)
        cosine = float(np.clip(question.vectors[0] @ question.vectors[1], -1, 1))
        return _answer(model, question, options, score=cosine)
    except (QueryError, UnknownWord) as error:
        return Failure(question.text, error)


def _answer_odd_one_out(model: WordVectors, question: _Question, options: Options) -> Answer:
    scores = oddness(question.vectors)
    order = np.argsort(scores, kind="stable")
    rest = question.vectors[order[1:]]
    excluded, forms = _input_forms(model, question)
    reasons = replace(options, k=min(options.k, _REASONS))
    shared = _list(model, *shared_rows(model.index, rest), excluded, forms, reasons)
    apart = _list(model, *rows_apart(model.index, question.vectors[order[0]], rest), excluded, forms, reasons)
    terms = [(question.query.terms[place], question.readings[place].rows, scores[place]) for place in order]
    results = tuple(
        Result(term.text, float(score), rows[0] + 1 if len(rows) == 1 else None) for term, rows, score in terms
    )
    return replace(_answer(model, question, options, results), shared=shared, apart=apart)


def _answer(
    model: WordVectors,
    question: _Question,
    options: Options,
    results: tuple[Result, ...] = (),
    score: float | None = None,
) -> Answer:
    query, readings = question.query, question.readings
    names = [" ".join(reading.words) for reading in readings]
    explanation = None
    if options.explain:
        found = [result for result in results if question.is_search]
        vectors = model.vectors_of([result.rank - 1 for result in found if result.rank is not None])
        explanation = explain(
            query,
            names,
            question.vectors,
            [result.word for result in found],
            vectors,
            [r.score for r in results],
        )
    return Answer(
        query=question.text,
        kind=query.kind,
        read_as=query.written(names),
        terms=tuple(
            [
                TermReading(term.text, reading.resolution.value, reading.words, term.weight)
                for term, reading in zip(query.terms, readings, strict=True)
            ]
        ),
        results=results,
        model=model.name,
        method=_method(query, options),
        took_ms=0.0,
        score=score,
        explanation=explanation,
        notes=notes_on(query, readings) + _on_directions(options),
        without=options.without,
        parsed=query,
    )


def _on_directions(options: Options) -> tuple[str, ...]:
    return () if options.without is None else (f"Without the direction of {' '.join(options.without.split())}.",)


def _method(query: Query, options: Options) -> str:
    if query.kind in (Kind.ODD_ONE_OUT, Kind.SIMILARITY):
        return "cosine"
    if options.method is Method.MULTIPLY:
        return Method.MULTIPLY.value
    if query.kind is Kind.NEIGHBOURS:
        return "cosine"
    return Method.AVERAGE.value if len(query.pairs) > 2 else Method.ADD.value
