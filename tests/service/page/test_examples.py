"""The questions that the page suggests: all of them are answered, by any model."""

import json
from pathlib import Path

import numpy as np
import pytest

from embeddings import Model, ask
from embeddings.models import Card, open_model, save_model
from service.page.examples import EXAMPLES_FILE, SHOWN, WIKIPEDIA, examples_of


def test_the_default_model_answers_all_that_is_suggested(wikipedia: Model) -> None:
    examples = examples_of(wikipedia, lambda query: ask(wikipedia, query))
    assert examples == WIKIPEDIA
    assert len(examples) >= SHOWN + 20


def test_glove_answers_all_that_is_suggested(glove: Model) -> None:
    examples = examples_of(glove, lambda query: ask(glove, query))
    assert len(examples) == SHOWN
    kinds = set()
    for example in examples:
        answer = ask(glove, example.query)
        kinds.add(answer.kind)
        assert answer.score is not None or answer.results, example.query
        if example.answer:
            assert answer.results[0].word.casefold() == example.answer
    assert len(kinds) >= 4


@pytest.mark.parametrize(
    "words", [["ἀρχή", "λόγος", "θεός", "φῶς", "ζωή", "κόσμος"], ["a", "b", "c"], ["+", "-", "1 000"]]
)
def test_a_model_of_other_words_is_asked_about_its_own(tmp_path: Path, words: list[str]) -> None:
    vectors = np.random.default_rng(1).normal(size=(len(words), 8)).astype(np.float32)
    save_model(tmp_path / "m", words, vectors, Card("m"))
    model = open_model(tmp_path / "m")
    examples = examples_of(model, lambda query: ask(model, query))
    assert 3 <= len(examples) <= SHOWN
    for example in examples:
        answer = ask(model, example.query)
        assert answer.score is not None or answer.results


def test_a_model_can_bring_its_own_and_those_it_cannot_answer_are_left_out(tmp_path: Path) -> None:
    save_model(tmp_path / "m", ["x", "y", "z", "w"], np.eye(4, dtype=np.float32) + 0.3, Card("m"))
    listed = [
        {"query": "x + y", "says": "Both"},
        {"query": "nothing", "says": "?"},
        {"query": "z", "says": "z", "answer": "q"},
    ]
    (tmp_path / "m" / EXAMPLES_FILE).write_text(json.dumps(listed))
    model = open_model(tmp_path / "m")
    queries = [example.query for example in examples_of(model, lambda query: ask(model, query))]
    assert queries[0] == "x + y"
    assert "nothing" not in queries
    (tmp_path / "m" / EXAMPLES_FILE).write_text("[" * 100_000)
    again = open_model(tmp_path / "m")
    assert examples_of(again, lambda query: ask(again, query))
