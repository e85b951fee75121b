"""Parameters and presets: what is chosen, what is refused, what comes back from JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from embeddings.errors import CorpusError
from embeddings.parameters import typed
from embeddings.text.phrases import PhraseParameters, Scoring
from embeddings.text.tokens import Case, TokenParameters
from embeddings.training.parameters import (
    AUTO,
    PRESETS,
    Algorithm,
    Engine,
    EngineParameters,
    Job,
    Keep,
    TrainingParameters,
    VectorsBy,
    available_processors,
    choose_parameters,
    preset_for,
)


@pytest.mark.parametrize(
    ("words", "preset"), [(1, "small"), (10_000_000, "small"), (10_000_001, "medium"), (10**9, "large")]
)
def test_the_size_of_the_corpus_picks_the_preset(words: int, preset: str) -> None:
    assert preset_for(words) == preset
    assert choose_parameters(AUTO, words, {"alpha": 0.1}) == (
        preset,
        TrainingParameters(**PRESETS[preset][1], alpha=0.1),
    )


@pytest.mark.parametrize(
    ("words", "given", "alpha"),
    [
        (20_000_000, {"epochs": 5}, 0.05),
        (20_000_001, {"epochs": 5}, 0.025),
        (5_000_000, {}, 0.05),  # the small preset has twenty epochs
        (5_000_001, {}, 0.025),
        (10**9, {"architecture": "cbow"}, 0.05),
        (1, {"alpha": 0.01}, 0.01),
        (1, {"algorithm": "fasttext"}, 0.025),
    ],
)
def test_the_rate_follows_from_how_much_is_learned_from(words: int, given: dict[str, Any], alpha: float) -> None:
    assert choose_parameters(AUTO, words, given)[1].alpha == alpha


@pytest.mark.parametrize(
    "how",
    [
        {"training": {"hs": True}},
        {"init": "model"},
        {"engine": EngineParameters(engine=Engine.SPARK, vectors=VectorsBy.SPARK)},
    ],
)
def test_what_was_not_measured_keeps_the_usual_rate(how: dict[str, Any]) -> None:
    job = Job(("a.txt",), **how)
    assert choose_parameters(job.preset, 1, job.given)[1].alpha == 0.025
    job = replace(job, training={**job.training, "alpha": 0.5})
    assert choose_parameters(job.preset, 1, job.given)[1].alpha == 0.5


def test_what_is_given_goes_before_the_preset() -> None:
    name, parameters = choose_parameters("large", 5, {"min_count": 1, "window": 9})
    assert name == "large"
    assert (parameters.min_count, parameters.window) == (1, 9)
    assert parameters.vector_size == PRESETS["large"][1]["vector_size"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"negative": 0}, "Neither --hs nor --negative"),
        ({"alpha": 0.01, "min_alpha": 0.02}, "--min-alpha 0.02 is above --alpha 0.01"),
        ({"min_n": 5, "max_n": 4}, "--min-n 5 is above --max-n 4"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        choose_parameters(AUTO, 0, given)


def test_threads_are_the_processors_unless_said() -> None:
    assert TrainingParameters().threads == available_processors() >= 1
    assert TrainingParameters(workers=3).threads == 3


def test_a_job_comes_back_from_json() -> None:
    job = Job(
        ("a.txt", "-"),
        tokens=TokenParameters(case=Case.KEEP),
        phrases=PhraseParameters(phrase_scoring=Scoring.NPMI),
        phrase_lists=("list.txt",),
        training={"algorithm": "fasttext"},
        keep=Keep.BEST,
    )
    again = Job.from_dict(json.loads(json.dumps(job.as_dict())))
    assert again == job
    assert again.tokens.case is Case.KEEP
    with pytest.raises(KeyError):
        Job.from_dict({})


def test_names_become_choices() -> None:
    assert typed(TrainingParameters, {"algorithm": "fasttext"}).algorithm is Algorithm.FASTTEXT
    with pytest.raises(ValueError, match="glove"):
        typed(TrainingParameters, {"algorithm": "glove"})
