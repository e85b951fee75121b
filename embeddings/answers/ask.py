"""Query and model → answer."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from embeddings.answers.answer import Answer, Failure, TermReading
from embeddings.answers.elsewhere import ModelElsewhere
from embeddings.answers.explanation import explain
from embeddings.answers.intent import notes_on
from embeddings.answers.odd_one_out import oddness, rows_apart, shared_rows
from embeddings.answers.options import Method, Options
from embeddings.answers.question import NOT_SEARCHED, Question, read_questions
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
    if isinstance(model, ModelElsewhere):
        return model.ask_many(list(queries), options)
    started = time.perf_counter()
    asked = list(queries)
    options = options or _DEFAULT
    if len(asked) <= _BLOCK:
        answers = _answer_block(model, read_questions(model, asked, options.without), None, options)
    else:
        answers = _answer_blocks(model, asked, options)
    took_ms = (time.perf_counter() - started) * 1000 / max(len(answers), 1)
    for answer in answers:
        if not isinstance(answer, Failure):  # nobody has seen it yet, and a second one would take as long to make
            answer.took_ms = took_ms
    return answers


def _answer_blocks(model: WordVectors, queries: Sequence[str], options: Options) -> list[Answer | Failure]:
    """Answers to many queries: while other threads search for the words of a block, this one reads the next and lists
    the words of the one before.
    """
    from concurrent.futures import ThreadPoolExecutor

    number = -(-len(queries) // _BLOCK)
    threads = processors()
    answers: list[Answer | Failure] = []
    under_way: deque[tuple[_Read, Future[Found] | None]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for some in blocks(len(queries), -(-len(queries) // number)):
            read = read_questions(model, queries[some], options.without)
            is_free = sum(found is not None and not found.done() for _, found in under_way) < threads
            under_way.append((read, _search_apart(pool, is_free, model, read, options)))
            if len(under_way) > threads:
                answers += _answer_block(model, *under_way.popleft(), options)
        for of_block in under_way:
            answers += _answer_block(model, *of_block, options)
    return answers


def _search_apart(
    pool: "ThreadPoolExecutor", is_free: bool, model: WordVectors, read: _Read, options: Options
) -> "Future[Found] | None":
    """Have a thread of ``pool`` search; wait until it has begun if one ``is_free``, else it would wait for the
    interpreter, which this thread is about to be busy with.
    """
    searches = _searches(read)
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


def _searches(read: _Read) -> list[Question]:
    return [question for question in read if isinstance(question, Question) and question.is_search]


def _answer_block(
    model: WordVectors, read: _Read, found: "Future[Found] | None", options: Options
) -> list[Answer | Failure]:
    results = iter(search_words(model, _searches(read), options, None if found is None else found.result))
    return [
        question if isinstance(question, Failure) else _answer_or_fail(model, question, options, results)
        for question in read
    ]


def _answer_or_fail(
    model: WordVectors, question: Question, options: Options, found: Iterator[Results | Failure]
) -> Answer | Failure:
    """The answer to ``question``; if it is a search, its results are the next that were ``found``."""
    results = next(found) if question.is_search else ()
    if isinstance(results, Failure):
        return results
    try:
        if question.query.kind is Kind.ODD_ONE_OUT:
            return _answer_odd_one_out(model, question, options)
        if question.query.kind is Kind.SIMILARITY:
            cosine = float(np.clip(question.vectors[0] @ question.vectors[1], -1, 1))
            return _answer(model, question, options, score=cosine)
        return _answer(model, question, options, results)
    except (QueryError, UnknownWord) as error:
        return Failure(question.text, error)


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
    query, matches = question.query, question.matches
    names, readings = [], []
    for term, match in zip(query.terms, matches, strict=True):
        names.append(match.words[0] if len(match.words) == 1 else " ".join(match.words))
        readings.append(_term_reading((term.text, str(match.resolution), match.words, term.weight)))
    explanation = None
    if options.explain:
        found = results if question.is_search else ()
        vectors = model.vectors_of([result.rank - 1 for result in found if result.rank is not None])
        words, scores = [result.word for result in found], [result.score for result in results]
        explanation = explain(query, names, question.vectors, words, vectors, scores)
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
        notes=notes_on(query, matches, options.without),
        without=options.without,
        parsed=query,
    )


def _method(query: Query, options: Options) -> str:
    if query.kind in NOT_SEARCHED:
        return "cosine"
    if options.method is Method.MULTIPLY:
        return _MULTIPLY
    if query.kind is Kind.NEIGHBOURS:
        return "cosine"
    return _AVERAGE if len(query.pairs) > 2 else _ADD
