"""gensim in pieces: against gensim in one go, and against itself from a checkpoint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gensim.models import FastText, Word2Vec

from embeddings.errors import ModelError
from embeddings.parameters import typed
from embeddings.training import gensim_engine as learning
from embeddings.training.engine import Place, Start, alpha_at, sentences_of
from embeddings.training.gensim_engine import GensimLearner as Learner
from embeddings.training.parameters import TrainingParameters

SENTENCES = 600


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], np.ndarray]:
    """Sentences of two topics that share no words but one."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("corpus") / "sentences.ids"
    topics = [[f"{name}{number}" for number in range(20)] for name in ("animal", "planet")]
    lines = [[*rng.choice(topics[number % 2], 9), "the"] for number in range(SENTENCES)]
    words, counts = np.unique([word for line in lines for word in line], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    known = [str(word) for word in words[order]]
    np.array([number for line in lines for number in (*map(known.index, line), -1)], np.int32).tofile(path)
    return path, known, counts[order]


def parameters(**given: Any) -> TrainingParameters:
    small = {"vector_size": 16, "workers": 1, "epochs": 3, "bucket": 500, "sample": 0.0, "alpha": 0.05}
    return typed(TrainingParameters, {**small, **given})


def learn(learner: Learner, path: Path, place: Place, until: int) -> Place:
    while place.epoch < until:
        learner.learn_piece(path, place, lambda _: None)
    learner.finish_epoch()
    return place


KINDS: list[dict[str, Any]] = [
    {},
    {"architecture": "cbow"},
    {"hs": True, "negative": 0},
    {"algorithm": "fasttext"},
    {"algorithm": "fasttext", "architecture": "cbow"},
]


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_one_epoch_is_what_gensim_makes_of_it(corpus: Any, given: dict[str, Any], tmp_path: Path) -> None:
    path, words, counts = corpus
    wanted = parameters(epochs=1, **given)
    kind = FastText if given.get("algorithm") else Word2Vec
    more = {"bucket": 500} if given.get("algorithm") else {}
    theirs = kind(
        list(sentences_of(path, words)),
        vector_size=16,
        workers=1,
        epochs=1,
        sample=0,
        alpha=0.05,
        min_alpha=0.0001,
        min_count=1,
        seed=1,
        negative=wanted.negative,
        hs=int(wanted.hs),
        sg=int(given.get("architecture") != "cbow"),
        **more,
    )
    # Equally frequent words stand in the order of the text with gensim, and what is drawn goes by their order.
    order = [words.index(word) for word in theirs.wv.index_to_key]
    learner = Learner(theirs.wv.index_to_key, counts[order], wanted)
    renumbered = np.append(np.argsort(order), -1).astype(np.int32)[np.fromfile(path, np.int32)]
    renumbered.tofile(tmp_path / "sentences.ids")
    learn(learner, tmp_path / "sentences.ids", Place(), 1)
    assert np.array_equal(learner.rows(0, len(words)), theirs.wv.vectors)


@pytest.mark.parametrize("given", KINDS, ids=str)
def test_a_checkpoint_changes_nothing(
    corpus: Any, given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "PIECE_WORDS", 2_500)  # three pieces an epoch
    path, words, counts = corpus
    through = Learner(words, counts, parameters(**given))
    learn(through, path, Place(), 3)
    stopped = Learner(words, counts, parameters(**given))
    place = learn(stopped, path, Place(), 1)
    assert stopped.learn_piece(path, place, lambda _: None) is False
    assert (place.epoch, place.words) == (1, 2_500)
    place.random = stopped.random_state()
    stopped.save(tmp_path)
    resumed = Learner(words, counts, parameters(**given))
    resumed.load(tmp_path, place)
    learn(resumed, path, place, 3)
    assert np.array_equal(resumed.rows(0, len(words)), through.rows(0, len(words)))
    assert resumed.ngrams is None or np.array_equal(resumed.ngrams, through.ngrams)


def test_another_seed_gives_other_vectors(corpus: Any) -> None:
    path, words, counts = corpus
    first, second, third = (Learner(words, counts, parameters(seed=seed)) for seed in (1, 1, 2))
    for learner in (first, second, third):
        learn(learner, path, Place(), 1)
    assert np.array_equal(first.rows(0, len(words)), second.rows(0, len(words)))
    assert not np.allclose(first.rows(0, len(words)), third.rows(0, len(words)))


def test_pieces_cover_every_word_once_and_the_rate_goes_down_in_a_line(
    corpus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "PIECE_WORDS", 1_000)
    path, words, counts = corpus
    learner = Learner(words, counts, parameters(epochs=2))
    place, rates, given = Place(), [], []
    while place.epoch < 2:
        rates.append(alpha_at(learner, place))
        learner.learn_piece(path, place, given.append)
        assert place.loss is not None
        assert place.loss > 0
    assert len(rates) == 2 * SENTENCES * 10 // 1_000
    assert np.allclose(np.diff(rates), -(0.05 - 0.0001) / len(rates), rtol=1e-6)
    assert alpha_at(learner, place) == pytest.approx(0.0001)
    assert max(given) == 1_000


def test_words_of_an_older_model_stay_at_first_and_move_less_afterwards(corpus: Any) -> None:
    path, words, counts = corpus
    old = np.random.default_rng(1).normal(size=(10, 16)).astype(np.float32)
    learner = Learner(words, counts, parameters(init_step=0.1), Start(np.arange(10), old))
    place = learn(learner, path, Place(), 1)
    assert np.array_equal(learner.rows(0, 10), old)
    learn(learner, path, place, 3)
    moved = np.linalg.norm(learner.rows(0, 10) - old, axis=1)
    free = Learner(words, counts, parameters(init_step=1.0), Start(np.arange(10), old))
    learn(free, path, Place(), 3)
    assert 0 < moved.max() < np.linalg.norm(free.rows(0, 10) - old, axis=1).mean()


def test_fasttext_begins_from_words_and_ngrams(corpus: Any) -> None:
    path, words, counts = corpus
    first = Learner(words, counts, parameters(algorithm="fasttext"))
    learn(first, path, Place(), 2)
    assert first.ngrams is not None
    start = Start(np.arange(len(words)), first.rows(0, len(words)).copy(), first.ngrams.copy())
    second = Learner(words, counts, parameters(algorithm="fasttext"), start)
    assert np.allclose(second.rows(0, len(words)), first.rows(0, len(words)), atol=1e-5)


def test_damaged_checkpoints_are_refused_by_name(corpus: Any, tmp_path: Path) -> None:
    _, words, counts = corpus
    learner = Learner(words, counts, parameters())
    place = Place(random=learner.random_state())
    learner.save(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"vectors\.npy is missing or damaged"):
        learner.load(tmp_path, place)
    np.save(tmp_path / "vectors.npy", np.zeros((2, 2), np.float32))
    with pytest.raises(ModelError, match=r"vectors\.npy is of another training"):
        learner.load(tmp_path, place)


def test_a_model_that_does_not_fit_into_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(learning, "_build", too_large)
    with pytest.raises(ModelError, match="Take a larger --min-count"):
        Learner(["a"], np.array([1]), parameters())
