"""Query and model → answer."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from embeddings.answers.answer import Answer, Failure, TermReading
from embeddings.answers.elsewhere import ModelElsewhere
from embeddings.answers.explanation import Explanation, explain
from embeddings.answers.intent import notes_on
from embeddings.answers.listing import ResultList
from embeddings.answers.odd_one_out import oddness, rows_apart, shared_rows
from embeddings.answers.options import Method, Options
from embeddings.answers.question import NOT_SEARCHED, Question, read_questions
from embeddings.answers.resolution import Match, Resolution
from embeddings.answers.result import Result
from embeddings.answers.word_search import Found, Results, find_rows, input_forms, list_words, search_words
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.native import processors
from embeddings.query import Kind, Query
from embeddings.search import blocks

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_REASONS = 8
"""The most words listed that the rest share, or that set the odd one apart."""
_BLOCK = 511
"""Queries searched together, at most: for the next larger number the search itself takes two threads, each of which
would read for half of them what one reads for all.
"""
_DEFAULT = Options()
_EXACT = str(Resolution.EXACT)
_ADD, _MULTIPLY, _AVERAGE = map(str, (Method.ADD, Method.MULTIPLY, Method.AVERAGE))
_Read = Sequence[Question | Failure]
_term_reading = partial(tuple.__new__, TermReading)


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
    started = time.perf_counter()
    asked = list(queries)
    if len(asked) > _BLOCK or isinstance(model, ModelElsewhere):
        answers = list(chain.from_iterable(ask_in_blocks(model, asked, options)))
    else:
        answers = _answer_block(model, asked, options or _DEFAULT)
    _share_time(answers, time.perf_counter() - started)
    return answers


def ask_in_blocks(
    model: WordVectors | ModelElsewhere, queries: Sequence[str], options: Options | None = None
) -> Iterator[list[Answer | Failure]]:
    """`ask_many`, some answers at a time: while the caller is busy with them, other threads search for the next."""
    if isinstance(model, ModelElsewhere):
        yield model.ask_many(queries, options)
        return
    options = options or _DEFAULT
    last = time.perf_counter()
    for answers in _answer_blocks(model, queries, options):
        now = time.perf_counter()
        _share_time(answers, now - last)
        last = now
        yield answers


def _share_time(answers: Sequence[Answer | Failure], seconds: float) -> None:
    """Say of each that it took its part of the time for all."""
    took_ms = seconds * 1000 / max(len(answers), 1)
    for answer in answers:
        if not isinstance(answer, Failure):  # nobody has seen it yet, and a second one would take as long to make
            answer.took_ms = took_ms


@dataclass(slots=True, eq=False)
class _Block:
    """Queries that are searched together."""

    read: _Read
    found: "Future[Found] | None" = None
    """What is searched for elsewhere."""
    answers: list[Answer | Failure] = field(default_factory=list)

    @property
    def searches(self) -> list[Question]:
        return [question for question in self.read if isinstance(question, Question) and question.is_search]

    @property
    def is_under_way(self) -> bool:
        return self.found is not None and not self.found.done()


def _answer_blocks(model: WordVectors, queries: Sequence[str], options: Options) -> Iterator[list[Answer | Failure]]:
    """Answers to many queries: while other threads search for the words of a block, this one reads the next and lists
    the words of the one before.
    """
    if len(queries) <= _BLOCK:
        yield _answer_block(model, queries, options)
        return
    from concurrent.futures import ThreadPoolExecutor

    number, threads = -(-len(queries) // _BLOCK), processors()
    under_way: deque[_Block] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for some in blocks(len(queries), -(-len(queries) // number)):
            block = _Block(read_questions(model, queries[some], options.without))
            is_free = sum(each.is_under_way for each in under_way) < threads
            block.found = _search_apart(pool, is_free, model, block.searches, options)
            under_way.append(block)
            if len(under_way) > threads:
                yield _finished(model, under_way.popleft(), options)
        for block in under_way:
            block.answers = _answers_to(model, block.read, options)
        while under_way:
            yield _finished(model, under_way.popleft(), options)


def _answer_block(model: WordVectors, queries: Sequence[str], options: Options) -> list[Answer | Failure]:
    return _finished(model, _Block(read_questions(model, queries, options.without)), options)


def _search_apart(
    pool: "ThreadPoolExecutor", is_free: bool, model: WordVectors, searches: Sequence[Question], options: Options
) -> "Future[Found] | None":
    """Have a thread of ``pool`` search; wait until it has begun if one ``is_free``, else it would wait for the
    interpreter, which this thread is about to be busy with.
    """
    if len(searches) < 2 or options.method is Method.MULTIPLY:
        return None
    has_begun = Event()

    def search() -> Found:
        has_begun.set()
        return find_rows(model, searches, options)

    found = pool.submit(search)
    if is_free:
        has_begun.wait()
    return found


def _answers_to(model: WordVectors, read: _Read, options: Options) -> list[Answer | Failure]:
    """Answers, those of searches without results."""
    return [
        question if isinstance(question, Failure) else _answer_or_fail(model, question, options) for question in read
    ]


def _finished(model: WordVectors, block: _Block, options: Options) -> list[Answer | Failure]:
    """The answers of a block with all results."""
    answers = block.answers or _answers_to(model, block.read, options)
    found = None if block.found is None else block.found.result
    results = iter(search_words(model, block.searches, options, found))
    for place, question in enumerate(block.read):
        if isinstance(question, Question) and question.is_search:
            answers[place] = _with_results(model, question, answers[place], next(results), options)
    return answers


def _answer_or_fail(model: WordVectors, question: Question, options: Options) -> Answer | Failure:
    """The answer to ``question``; without results if it is a search."""
    try:
        if question.query.kind is Kind.ODD_ONE_OUT:
            return _answer_odd_one_out(model, question, options)
        if question.query.kind is Kind.SIMILARITY:
            cosine = float(np.clip(question.vectors[0] @ question.vectors[1], -1, 1))
            return _answer(model, question, options, score=cosine)
        return _answer(model, question, options)
    except (QueryError, UnknownWord) as error:
        return Failure(question.text, error)


def _with_results(
    model: WordVectors,
    question: Question,
    answer: Answer | Failure,
    results: Results | ResultList | Failure,
    options: Options,
) -> Answer | Failure:
    if isinstance(results, Failure) or isinstance(answer, Failure):
        return results if isinstance(results, Failure) else answer
    if isinstance(results, ResultList):
        answer.list_later(results)
        return answer
    answer.results = results
    if options.explain:
        answer.explanation = _explanation(model, question, results, [result.score for result in results])
    return answer


def _answer_odd_one_out(model: WordVectors, question: Question, options: Options) -> Answer:
    scores = oddness(question.vectors)
    order = np.argsort(scores, kind="stable")
    rest = question.vectors[order[1:]]
    excluded, forms = input_forms(model, question)
    reasons = replace(options, k=min(options.k, _REASONS))
    shared = list_words(model, shared_rows(model.index, rest), excluded, forms, reasons)
    apart = list_words(model, rows_apart(model.index, question.vectors[order[0]], rest), excluded, forms, reasons)
    terms = [(question.query.terms[place], question.matches[place].rows, scores[place]) for place in order]
    results = tuple(
        Result(term.text, float(score), rows[0] + 1 if len(rows) == 1 else None) for term, rows, score in terms
    )
    return replace(_answer(model, question, options, results), shared=shared, apart=apart)


def _answer(
    model: WordVectors, question: Question, options: Options, results: Results = (), score: float | None = None
) -> Answer:
    query = question.query
    names, readings = [], []
    if question.found is None:
        for term in query.terms:
            names.append(term.text)
            readings.append(_term_reading((term.text, _EXACT, (term.text,), term.weight)))
    else:
        for term, match in zip(query.terms, question.found, strict=True):
            names.append(_name_of(match))
            readings.append(_term_reading((term.text, str(match.resolution), match.words, term.weight)))
    explanation = None
    if options.explain and not question.is_search:
        explanation = _explanation(model, question, (), [result.score for result in results])
    return Answer(
        query=question.text,
        kind=query.kind,
        read_as=query.written(names),
        terms=tuple(readings),
        results=results,
        model=model.name,
        method=_method(query, options),
        took_ms=0.0,
        score=score,
        explanation=explanation,
        notes=notes_on(query, question.found, options.without),
        without=options.without,
        parsed=query,
    )


def _name_of(match: Match) -> str:
    return match.words[0] if len(match.words) == 1 else " ".join(match.words)


def _explanation(model: WordVectors, question: Question, found: Results, scores: Sequence[float]) -> Explanation:
    """What explains an answer: ``found`` are its results if it is a search."""
    vectors = model.vectors_of([result.rank - 1 for result in found if result.rank is not None])
    names = list(map(_name_of, question.matches))
    words = [result.word for result in found]
    return explain(question.query, names, question.vectors, words, vectors, scores)


def _method(query: Query, options: Options) -> str:
    if query.kind in NOT_SEARCHED:
        return "cosine"
    if options.method is Method.MULTIPLY:
        return _MULTIPLY
    if query.kind is Kind.NEIGHBOURS:
        return "cosine"
    return _AVERAGE if len(query.pairs) > 2 else _ADD
