"""Answers: worked out by hand on a tiny model, and the same as gensim's on the real one."""

import json
import math
import re
import sys
from itertools import chain

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embeddings.answers import Answer, Failure, Method, Options, ask, ask_in_blocks, ask_many
from embeddings.errors import QueryError, UnknownWord
from embeddings.models.model import Model

ALL = Options(all_forms=True, exact=True)


@pytest.fixture(scope="module")
def peer(glove: Model) -> KeyedVectors:
    """The 30,000 most frequent words of the real model in gensim."""
    vectors = KeyedVectors(glove.dimension)
    vectors.add_vectors(glove.vocabulary.words(range(30_000)), glove.vectors[:30_000])
    return vectors


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def random_words(glove: Model, number: int, each: int, seed: int) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [glove.vocabulary.words(rng.choice(30_000, each, replace=False)) for _ in range(number)]


def assert_same(answer: Answer | Failure, expected: list[tuple[str, float]]) -> None:
    """The same words in the same order, but for neighbours whose scores are equal to the last digits."""
    assert isinstance(answer, Answer)
    scores = [result.score for result in answer.results]
    np.testing.assert_allclose(scores, [score for _, score in expected], atol=2e-6)
    for place, (result, (word, score)) in enumerate(zip(answer.results, expected, strict=True)):
        if result.word != word:
            around = [other for other, its in expected if abs(its - score) < 2e-6]
            assert result.word in around or place == len(expected) - 1


# ---- By hand


def test_an_analogy_worked_out_on_paper(tiny_model: Model) -> None:
    answer = ask(tiny_model, "King : man :: ? : woman")
    assert answer.read_as == "king : man :: ? : woman"
    assert [(term.text, term.resolved, term.weight) for term in answer.terms] == [
        ("King", "case", 1.0),
        ("man", "exact", -1.0),
        ("woman", "exact", 1.0),
    ]
    # king - man + woman = (r, r - 1, 1, 0) with r = 1/√2; its cosine with queen (r, 0, r, 0) by hand:
    r = math.sqrt(0.5)
    length = math.sqrt(r * r + (r - 1) ** 2 + 1)
    assert answer.results[0].word == "queen"
    assert answer.results[0].score == pytest.approx((r * r + r) / length, abs=1e-6)
    assert answer.results[0].rank == 5
    assert (answer.kind, answer.method, answer.model) == ("analogy", "3cosadd", "tiny")


def test_without_a_direction_the_words_of_the_query_have_nothing_of_it(tiny_model: Model) -> None:
    rows = [tiny_model.vocabulary.row(word) for word in ("king", "man", "woman")]
    king, man, woman = (tiny_model.vectors[row] for row in rows if row is not None)
    direction = (woman - man) / np.linalg.norm(woman - man)
    left = king - king @ direction * direction
    expected = tiny_model.vectors @ left / np.linalg.norm(left)
    answer = ask(tiny_model, "king", Options(without="man:woman", exact=True))
    assert answer.without == "man:woman"
    assert answer.notes[-1] == "Without the direction of man:woman."
    scores = {result.word: result.score for result in answer.results}
    assert scores == pytest.approx({word: expected[tiny_model.vocabulary.row(word) or 0] for word in scores}, abs=1e-6)
    assert ask(tiny_model, "man <> woman", Options(without="man:woman")).score == pytest.approx(1, abs=1e-6)
    summed = ask(tiny_model, "king - man + woman", Options(without="man:woman", exact=True))
    assert [(r.word, r.score) for r in summed.results] == [
        (r.word, pytest.approx(r.score)) for r in answer.results if r.word not in ("man", "woman")
    ]


@pytest.mark.parametrize(
    ("query", "directions", "reason"),
    [
        ("woman", "man, woman", "Nothing is left of 'woman'"),
        ("king", "nosuchword", "'nosuchword' is not in tiny"),
        ("king", " , ", "A direction to leave out is a word"),
        ("king", "king:king", "its ends are the same"),
        ("king", ",".join(["man"] * 17), "At most 16 directions"),
    ],
)
def test_directions_that_cannot_be_taken_out_fail_each_query_by_itself(
    tiny_model: Model, query: str, directions: str, reason: str
) -> None:
    for failure in ask_many(tiny_model, [query, query], Options(without=directions)):
        assert isinstance(failure, Failure)
        assert reason in str(failure.error)


def test_several_examples_are_averaged(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king:man, queen:woman :: ? : woman")
    unit = tiny_model.vectors
    rows = [tiny_model.vocabulary.row(word) for word in ("king", "man", "queen", "woman")]
    king, man, queen, woman = (unit[row] for row in rows if row is not None)
    target = ((king - man) + (queen - woman)) / 2 + woman
    throne = unit[tiny_model.vocabulary.row("throne") or 0]
    assert answer.results[0].word == "throne"
    assert answer.results[0].score == pytest.approx(float(throne @ target / np.linalg.norm(target)), abs=1e-6)
    assert answer.method == "3cosavg"


def test_similarity_is_the_cosine(tiny_model: Model) -> None:
    answer = ask(tiny_model, "king <> queen")
    assert answer.score == pytest.approx(0.5, abs=1e-6)
    assert answer.results == ()
    assert ask(tiny_model, "bread <> bread").score == pytest.approx(1.0)


def test_the_odd_one_out_comes_first_with_reasons(glove: Model) -> None:
    answer = ask(glove, "breakfast, cereal, dinner, lunch")
    assert answer.results[0].word == "cereal"
    assert {result.word for result in answer.results} == {"breakfast", "cereal", "dinner", "lunch"}
    assert answer.shared
    assert answer.apart
    assert "meal" in [result.word for result in answer.shared]
    assert "cereals" in [result.word for result in answer.apart]


# ---- The same as gensim's, on hundreds of random inputs


def test_3cosadd_is_gensims_most_similar(glove: Model, peer: KeyedVectors) -> None:
    options = Options(exact=True, all_forms=True, restrict=30_000)
    inputs = random_words(glove, 300, 3, seed=1)
    queries = [f"{quoted(a)} - {quoted(b)} + {quoted(c)}" for a, b, c in inputs]
    for (a, b, c), answer in zip(inputs, ask_many(glove, queries, options), strict=True):
        assert_same(answer, peer.most_similar(positive=[a, c], negative=[b], topn=10))


def test_weights_and_single_words_are_gensims_most_similar(glove: Model, peer: KeyedVectors) -> None:
    options = Options(exact=True, all_forms=True, restrict=30_000)
    for a, b in random_words(glove, 100, 2, seed=2):
        assert_same(ask(glove, quoted(a), options), peer.most_similar(a, topn=10))
        expected = peer.most_similar(positive=[(a, 2.0)], negative=[(b, -0.5)], topn=10)
        assert_same(ask(glove, f"2*{quoted(a)} - 0.5*{quoted(b)}", options), expected)


def test_3cosmul_is_gensims_most_similar_cosmul(glove: Model, peer: KeyedVectors) -> None:
    options = Options(method=Method.MULTIPLY, exact=True, all_forms=True, restrict=30_000)
    inputs = random_words(glove, 200, 3, seed=3)
    queries = [f"{quoted(a)} : {quoted(b)} :: {quoted(c)} : ?" for a, b, c in inputs]
    for (a, b, c), answer in zip(inputs, ask_many(glove, queries, options), strict=True):
        assert isinstance(answer, Answer)
        expected = peer.most_similar_cosmul(positive=[b, c], negative=[a], topn=10)
        np.testing.assert_allclose([r.score for r in answer.results], [score for _, score in expected], rtol=1e-4)
        assert [r.word for r in answer.results][:1] == [word for word, _ in expected][:1] or math.isclose(
            expected[0][1], expected[1][1], rel_tol=1e-5
        )


def test_odd_one_out_is_gensims_doesnt_match(glove: Model, peer: KeyedVectors) -> None:
    for words in random_words(glove, 200, 5, seed=4):
        answer = ask(glove, ", ".join(map(quoted, words)))
        assert answer.results[0].word == peer.doesnt_match(words)


# ---- Many at once, and what cannot be answered


def test_many_at_once_are_answered_as_one_by_one_and_failures_keep_their_place(tiny_model: Model) -> None:
    queries = ["king - man + woman", "kin", "queen, bread, king", "(", "king <> bread", "café"]
    together = ask_many(tiny_model, queries)
    assert [type(answer) for answer in together] == [Answer, Failure, Answer, Failure, Answer, Answer]
    for query, answer in zip(queries, together, strict=True):
        assert answer.query == query
        if isinstance(answer, Answer):
            assert answer.results == ask(tiny_model, query).results
    assert isinstance(together[1], Failure)
    assert together[1].as_dict()["error"]["suggestions"][0] == "king"
    assert isinstance(together[3], Failure)
    assert together[3].as_dict()["error"]["column"] == 2
    assert ask_many(tiny_model, []) == []


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(k=3, all_forms=True),
        Options(k=40, without="man:woman"),
        Options(restrict=30_000, explain=True),
        Options(method=Method.MULTIPLY),
        Options(exact=True),
    ],
    ids=str,
)
def test_a_batch_of_all_kinds_is_answered_as_one_by_one(glove: Model, options: Options) -> None:
    of_terms = list(zip(*[iter(random_words(glove, 100, 3, seed=5))] * 5, strict=True))
    queries = ["Berlin", "new york", "U.S.", "cafe", "the", "kingg", "(", "king - king", "king = ?", "macy's + 2 king"]
    for (a, b, c), *others in of_terms:
        queries += [f"{quoted(a)} : {quoted(b)} :: {quoted(c)} : ?", f"{quoted(b)} <> {quoted(c)}", quoted(a)]
        queries += [" + ".join(map(quoted, others[0])), f"0.5*{quoted(a)} - {quoted(others[1][0])}"]
        queries += [", ".join(map(quoted, others[2])), f"{a} {b}"]
    together = ask_many(glove, queries, options)
    differing = [one.query for one in together if not is_same(one, ask_many(glove, [one.query], options)[0])]
    assert [one.query for one in together] == queries
    assert len(differing) <= len(queries) // 100  # where one of the two searches missed a row


_DECIMAL = re.compile(r"-?\d+\.\d+(?:e-\d+)?")


def is_same(one: Answer | Failure, other: Answer | Failure) -> bool:
    """Whether both are shown alike but for the last digit of what was summed in another order."""
    shown = [
        json.dumps(each.as_dict(timed=False) if isinstance(each, Answer) else each.as_dict()) for each in (one, other)
    ]
    numbers = [np.array(_DECIMAL.findall(text), float) for text in shown]
    return _DECIMAL.sub("#", shown[0]) == _DECIMAL.sub("#", shown[1]) and np.allclose(*numbers, rtol=0, atol=2e-6)


def test_answers_that_come_in_blocks_are_those_that_come_together(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [
        "king",
        "(",
        "queen <> king",
        "king - man + woman",
        "bread",
        "nowhere",
        "café",
        "woman",
        "king, queen, bread",
    ]
    together = ask_many(tiny_model, queries, Options(k=3))
    monkeypatch.setattr(sys.modules["embeddings.answers.ask"], "_BLOCK", 2)
    in_blocks = list(ask_in_blocks(tiny_model, queries, Options(k=3)))
    assert [len(block) for block in in_blocks] == [2, 2, 2, 2, 1]
    for one, other in zip(chain.from_iterable(in_blocks), together, strict=True):
        assert is_same(one, other)
        assert isinstance(one, Failure) or one.took_ms > 0
    assert next(ask_in_blocks(tiny_model, queries, Options(k=3)))[0].query == "king"  # and the rest is not asked for


def test_no_term_is_ever_dropped(tiny_model: Model) -> None:
    with pytest.raises(UnknownWord, match=r"'quen' is not in tiny. Did you mean 'queen'\?"):
        ask(tiny_model, "king - man + quen")


@pytest.mark.parametrize(("k", "restrict"), [(0, None), (1001, None), (5, 0)])
def test_options_out_of_range_are_refused(k: int, restrict: int | None) -> None:
    with pytest.raises(QueryError):
        Options(k=k, restrict=restrict)
