"""One word that an answer lists."""

import numpy as np
import pytest

from embeddings.answers.result import Result, as_dicts, from_dicts

PLAIN = Result("paper", 0.5, 3)
NAMED = Result("new_york_times", 0.25, 7, "New York Times", "American newspaper")


def test_a_word_is_shown_as_it_is_mostly_written() -> None:
    assert [PLAIN.shown, NAMED.shown] == ["paper", "New York Times"]


def test_json_has_the_texts_that_there_are_and_gives_the_results_back() -> None:
    content = as_dicts([PLAIN, NAMED])
    assert content[0] == {"word": "paper", "score": 0.5, "rank": 3}
    assert (content[1]["display"], content[1]["description"]) == ("New York Times", "American newspaper")
    assert from_dicts(content) == (PLAIN, NAMED)


def test_scores_have_six_decimals_and_halves_go_to_the_even_one() -> None:
    scores = [0.0078125, -0.0078125, 0.5234375, float(np.float32(0.1234565)), 1.0, float(np.float32(2 / 3))]
    shown = [entry["score"] for entry in as_dicts(Result("paper", score, 3) for score in scores)]
    assert shown == [0.007812, -0.007812, 0.523438, 0.123457, 1.0, 0.666667]
    assert shown == [round(score, 6) for score in scores]


def test_a_result_without_its_score_is_refused() -> None:
    with pytest.raises(KeyError):
        from_dicts([{"word": "paper", "rank": 1}])
