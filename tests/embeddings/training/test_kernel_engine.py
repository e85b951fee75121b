"""The kernel's engine: topics found, repeated bit for bit, from a checkpoint, in threads, beside gensim."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.errors import ModelError
from embeddings.parameters import typed
from embeddings.training import kernel_engine as learning
from embeddings.training.engine import Learner, Place, Start, alpha_at
from embeddings.training.gensim_engine import GensimLearner
from embeddings.training.kernel_engine import KernelLearner, why_not
from embeddings.training.parameters import TrainingParameters

SENTENCES = 600
KINDS: list[dict[str, Any]] = [
    {},
    {"architecture": "cbow"},
    {"algorithm": "fasttext"},
    {"algorithm": "fasttext", "architecture": "cbow"},
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], np.ndarray]:
    """Sentences of two topics that share no words but one: animals are 1 to 20, planets 21 to 40."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("corpus") / "sentences.ids"
    lines = [[*(rng.choice(20, 9) + 1 + 20 * (number % 2)), 0, -1] for number in range(SENTENCES)]
    rows = np.array(lines, np.int32).ravel()
    rows.tofile(path)
    words = ["the", *(f"{name}{number}" for name in ("animal", "planet") for number in range(20))]
    return path, words, np.bincount(rows[rows >= 0])


def parameters(**given: Any) -> TrainingParameters:
    small = {"vector_size": 16, "workers": 1, "epochs": 3, "bucket": 500, "sample": 0.0, "alpha": 0.05}
    return typed(TrainingParameters, {**small, **given})


def learn(learner: Learner, path: Path, place: Place, until: int) -> Place:
    while place.epoch < until:
        learner.learn_piece(path, place, lambda _: None)
    learner.finish_epoch()
    return place


def contrast(learner: Learner) -> float:
    """How much closer words are to those of their topic than to those of the other."""
    vectors = learner.rows(1, 41)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    close = unit @ unit.T
    return float(close[:20, :20].mean() + close[20:, 20:].mean() - 2 * close[:20, 20:].mean()) / 2


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_topics_are_told_apart_as_well_as_gensim_does(corpus: Any, given: dict[str, Any]) -> None:
    path, words, counts = corpus
    wanted = parameters(epochs=8, min_n=5, max_n=5, **given)
    ours, theirs = KernelLearner(words, counts, wanted), GensimLearner(words, counts, wanted)
    for learner in (ours, theirs):
        learn(learner, path, Place(), 8)
    assert contrast(ours) > 0.5
    assert contrast(ours) > contrast(theirs) - 0.1


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_a_checkpoint_changes_nothing(
    corpus: Any, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "PIECE_WORDS", 2_500)  # three pieces an epoch
    monkeypatch.setattr(learning, "CHUNK_WORDS", 700)
    path, words, counts = corpus
    through = KernelLearner(words, counts, parameters(**given))
    learn(through, path, Place(), 3)
    stopped = KernelLearner(words, counts, parameters(**given))
    place = learn(stopped, path, Place(), 1)
    assert stopped.learn_piece(path, place, lambda _: None) is False
    assert (place.epoch, place.words) == (1, 2_500)
    place.random = stopped.random_state()
    stopped.save(tmp_path)
    resumed = KernelLearner(words, counts, parameters(**given))
    resumed.load(tmp_path, place)
    learn(resumed, path, place, 3)
    assert np.array_equal(resumed.rows(0, 41), through.rows(0, 41))
    assert (resumed.ngrams is None) == (given.get("algorithm") is None)
    assert resumed.ngrams is None or np.array_equal(resumed.ngrams, through.ngrams)


def test_another_seed_gives_other_vectors_and_the_same_one_the_same(corpus: Any) -> None:
    path, words, counts = corpus
    first, second, third = (KernelLearner(words, counts, parameters(seed=seed)) for seed in (1, 1, 2))
    for learner in (first, second, third):
        learn(learner, path, Place(), 1)
    assert np.array_equal(first.rows(0, 41), second.rows(0, 41))
    assert not np.allclose(first.rows(0, 41), third.rows(0, 41))


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_threads_learn_side_by_side(corpus: Any, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "CHUNK_WORDS", 200)
    path, words, counts = corpus
    learner = KernelLearner(words, counts, parameters(epochs=8, workers=4, min_n=5, max_n=5, **given))
    place, fed = Place(), list[int]()
    monkeypatch.setattr(learning, "PIECE_WORDS", 1_000)
    while place.epoch < 8:
        learner.learn_piece(path, place, fed.append)
    assert contrast(learner) > 0.5
    assert max(fed) == 1_000


def test_pieces_cover_every_word_once_and_the_rate_goes_down_in_a_line(
    corpus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "PIECE_WORDS", 1_000)
    monkeypatch.setattr(learning, "CHUNK_WORDS", 250)
    path, words, counts = corpus
    learner = KernelLearner(words, counts, parameters(epochs=2))
    rows = np.fromfile(path, np.int32, 1_100)
    stretches = list(learner._stretches(rows, Place(1, 2_000, 2_200)))
    assert [(stretch.first, stretch.end) for stretch in stretches] == [(n * 275, n * 275 + 275) for n in range(4)]
    assert [stretch.rate for stretch in stretches] == [
        pytest.approx(alpha_at(learner, Place(1, 2_000 + 250 * n))) for n in range(4)
    ]
    assert stretches[0].rate - 250 * stretches[0].slope == pytest.approx(stretches[1].rate)
    assert len({stretch.seed for stretch in stretches}) == 4
    place, pieces = Place(), 0
    while place.epoch < 2:
        learner.learn_piece(path, place, lambda _: None)
        pieces += 1
        assert place.loss is not None
        assert place.loss > 0
    assert pieces == 2 * SENTENCES * 10 // 1_000


def test_words_of_an_older_model_stay_at_first_and_move_less_afterwards(corpus: Any) -> None:
    path, words, counts = corpus
    old = np.random.default_rng(1).normal(size=(10, 16)).astype(np.float32)
    learner = KernelLearner(words, counts, parameters(init_step=0.1), Start(np.arange(10), old))
    place = learn(learner, path, Place(), 1)
    assert np.array_equal(learner.rows(0, 10), old)
    learn(learner, path, place, 3)
    moved = np.linalg.norm(learner.rows(0, 10) - old, axis=1)
    free = KernelLearner(words, counts, parameters(init_step=1.0), Start(np.arange(10), old))
    learn(free, path, Place(), 3)
    assert 0 < moved.max() < np.linalg.norm(free.rows(0, 10) - old, axis=1).mean()


def test_fasttext_begins_from_words_and_ngrams(corpus: Any) -> None:
    path, words, counts = corpus
    first = KernelLearner(words, counts, parameters(algorithm="fasttext"))
    learn(first, path, Place(), 2)
    assert first.ngrams is not None
    rows = np.arange(0, 41, 2)
    start = Start(rows, first.rows(0, 41)[rows].copy(), first.ngrams.copy())
    second = KernelLearner(words, counts, parameters(algorithm="fasttext"), start)
    assert np.allclose(second.rows(0, 41)[rows], first.rows(0, 41)[rows], atol=1e-5)
    assert np.array_equal(second.ngrams, first.ngrams)
    assert second.ngrams is not None
    learn(second, path, Place(), 1)
    assert np.array_equal(second.ngrams, first.ngrams), "old n-grams stay in the first epoch, too"


def test_damaged_checkpoints_are_refused_by_name(corpus: Any, tmp_path: Path) -> None:
    _, words, counts = corpus
    learner = KernelLearner(words, counts, parameters())
    learner.save(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"vectors\.npy is missing or damaged"):
        learner.load(tmp_path, Place())
    np.save(tmp_path / "vectors.npy", np.zeros((2, 2), np.float32))
    with pytest.raises(ModelError, match=r"vectors\.npy is of another training"):
        learner.load(tmp_path, Place())


def test_a_model_that_does_not_fit_into_memory_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning.os, "sysconf", lambda _: 10)
    with pytest.raises(ModelError, match="Take a larger --min-count"):
        KernelLearner(["a"], np.array([1]), parameters())


def test_what_it_cannot_do() -> None:
    assert why_not(parameters()) is None
    assert why_not(parameters(hs=True)) == "hierarchical softmax (--hs)"
