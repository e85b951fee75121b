"""Query and model → answer."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from embeddings.answers.answer import Answer, Failure, TermReading
from embeddings.answers.elsewhere import ModelElsewhere
from embeddings.answers.explanation import explain
from embeddings.answers.intent import notes_on
from embeddings.answers.odd_one_out import oddness, rows_apart, shared_rows
from embeddings.answers.options import Method, Options
from embeddings.answers.question import NOT_SEARCHED, Question, read_questions
from embeddings.answers.result import Result
from embeddings.answers.word_search import Results, input_forms, list_words, search_words
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import WordVectors
from embeddings.query import Kind, Query

_REASONS = 8
"""The most words listed that the rest share, or that set the odd one apart."""
_BLOCK = 1024
"""Queries answered together. More gain nothing, and take memory."""
_DEFAULT = Options()
_ADD, _MULTIPLY, _AVERAGE = map(str, (Method.ADD, Method.MULTIPLY, Method.AVERAGE))
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
    answers: list[Answer | Failure] = []
    for start in range(0, len(asked), _BLOCK):
        answers += _answer_block(model, options or _DEFAULT, asked[start : start + _BLOCK])
    took_ms = (time.perf_counter() - started) * 1000 / max(len(answers), 1)
    for answer in answers:
        if not isinstance(answer, Failure):  # nobody has seen it yet, and a second one would take as long to make
            answer.took_ms = took_ms
    return answers


def _answer_block(model: WordVectors, options: Options, queries: Sequence[str]) -> list[Answer | Failure]:
    questions = read_questions(model, queries, options.without)
    searches = [question for question in questions if isinstance(question, Question) and question.is_search]
    found = iter(search_words(model, searches, options))
    return [
        question if isinstance(question, Failure) else _answer_or_fail(model, question, options, found)
        for question in questions
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
    names = [match.words[0] if len(match.words) == 1 else " ".join(match.words) for match in matches]
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
        terms=tuple(
            [
                _term_reading((term.text, str(match.resolution), match.words, term.weight))
                for term, match in zip(query.terms, matches, strict=True)
            ]
        ),
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
