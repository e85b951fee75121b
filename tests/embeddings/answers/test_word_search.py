"""Words near a target: not the query's own, no form twice, as many as are asked for."""

from collections.abc import Callable
from threading import Thread, current_thread
from typing import Any

import numpy as np
import pytest

from embeddings.answers import Answer, Failure, Method, Options, ask, ask_many, resolve
from embeddings.errors import QueryError
from embeddings.models.model import Model
from embeddings.query.query import literal
from embeddings.search import Matrix, Rows


def test_results_leave_out_the_inputs_and_other_forms(tiny_model: Model) -> None:
    words = [result.word for result in ask(tiny_model, "QUEEN").results]
    assert len(words) == 10
    assert not {"queen", "Queen"} & set(words)
    words = [result.word for result in ask(tiny_model, "woman + king").results]
    assert "queen" in words
    assert "Queen" not in words
    words = [result.word for result in ask(tiny_model, "queen", Options(all_forms=True)).results]
    assert words[0] == "Queen"
    assert "new_york" not in [result.word for result in ask(tiny_model, "New York").results]
    assert not {"united", "states"} & {result.word for result in ask(tiny_model, "united states").results}


def test_batches_that_ask_for_more_than_there_is_get_all_there_is(tiny_model: Model) -> None:
    queries = ["king", "king - man + woman", "queen + bread"]
    options = Options(k=100)
    for query, answer in zip(queries, ask_many(tiny_model, queries, options), strict=True):
        assert isinstance(answer, Answer)
        assert answer.results == ask(tiny_model, query, options).results
        assert 5 < len(answer.results) < len(tiny_model)


def test_a_short_list_is_filled_up_from_farther_away(glove: Model) -> None:
    assert len(ask(glove, "king", Options(k=1000)).results) == 1000
    assert len(ask(glove, "name", Options(k=1000, restrict=500)).results) == 499
    few = ask(glove, "king - man + woman", Options(restrict=3000, k=5))
    assert all(result.rank is not None and result.rank <= 3000 for result in few.results)


@pytest.mark.parametrize(("method", "compares"), [(Method.ADD, "nearest"), (Method.MULTIPLY, "first_vectors")])
def test_another_form_among_the_results_takes_no_second_comparison_with_every_word(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch, method: Method, compares: str
) -> None:
    """``Queen`` is nearest to ``queen``, and left out."""
    calls = []
    of_index = getattr(tiny_model.index, compares)
    monkeypatch.setattr(tiny_model.index, compares, lambda *given, **more: calls.append(1) or of_index(*given, **more))
    found = ask(tiny_model, "queen", Options(k=5, exact=True, method=method)).results
    assert len(found) == 5
    assert "Queen" not in [result.word for result in found]
    assert len(calls) == 1


def test_what_would_take_longer_than_any_other_query_is_refused_by_its_limit(glove: Model) -> None:
    words = glove.vocabulary.words(range(300, 340))
    for count, fails in ((8, False), (9, True)):
        found = ask_many(glove, [" + ".join(words[:count])], Options(method=Method.MULTIPLY, exact=True))[0]
        assert isinstance(found, Failure) is fails
        assert not fails or "at most 8 terms" in str(found.error)
    assert len(ask(glove, " + ".join(words), Options(method=Method.MULTIPLY)).results) == 10
    with pytest.raises(QueryError, match="At most 100 results can be explained"):
        Options(k=101, explain=True)


def test_through_the_index_the_answers_are_those_of_exact_search(glove: Model) -> None:
    rng = np.random.default_rng(5)
    inputs = [glove.vocabulary.words(rng.choice(30_000, 3, replace=False)) for _ in range(300)]
    queries = [" - ".join(map(literal, words)) for words in inputs]
    for method, some, least in ((Method.ADD, queries, 0.998), (Method.MULTIPLY, queries[:60], 0.995)):
        found = ask_many(glove, some, Options(method=method))
        truth = ask_many(glove, some, Options(method=method, exact=True))
        hits = sum(
            len({r.word for r in one.results} & {r.word for r in other.results})
            for one, other in zip(found, truth, strict=True)
            if isinstance(one, Answer) and isinstance(other, Answer)
        )
        assert hits >= least * 10 * len(some)


def test_of_many_blocks_each_question_has_its_own_results_and_a_bad_one_fails_alone(
    glove: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [word for word in glove.vocabulary.words(range(1000, 3000)) if word.isalpha()][:1100]
    bad = words[700]
    searching: set[Thread] = set()

    def refusing(search: Callable[..., tuple[Matrix, Rows]]) -> Callable[..., tuple[Matrix, Rows]]:
        def refuse_one(targets: Matrix, *given: Any, **options: Any) -> tuple[Matrix, Rows]:
            if (np.abs(np.atleast_2d(targets) - resolve(glove, bad).vector).max(axis=1) < 1e-6).any():
                raise QueryError("not this one")
            searching.add(current_thread())
            return search(targets, *given, **options)

        return refuse_one

    for name in ("search", "nearest"):  # of a block, and of each question by itself
        monkeypatch.setattr(glove.index, name, refusing(getattr(glove.index, name)))
    for word, answer in zip(words, ask_many(glove, words, Options(k=1)), strict=True):
        if word == bad:
            assert isinstance(answer, Failure)
        else:
            assert isinstance(answer, Answer)
            assert answer.query == word
            assert answer.results[0].score > 0.4
            assert answer.results == ask(glove, word, Options(k=1)).results
    assert searching - {current_thread()}, "all blocks were searched by the thread that reads them"
