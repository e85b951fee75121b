"""The kernel against the same algorithm in numpy, at every level that this processor has."""

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from embeddings.errors import KernelError
from embeddings.models.subwords import ngram_buckets
from embeddings.native import FORCED, LEVELS, processor_level
from embeddings.parameters import typed
from embeddings.training.kernel.network import Network, Stretch
from embeddings.training.parameters import TrainingParameters

WORDS = ["the", "cat", "Käse", "sat", "日本語", "on", "mat", "it's"]
COUNTS = np.array([90, 40, 20, 12, 9, 7, 5, 3])
SENTENCE = [1, 0, 3, 5, 0, 6, 2, 4, 7]
_MASK = (1 << 64) - 1
REUSED = 3
"""As learn.c has it."""


def levels() -> Sequence[str]:
    try:
        return LEVELS[: LEVELS.index(processor_level("embeddings.training")) + 1]
    except KernelError:
        return []


@pytest.fixture(params=levels())
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(FORCED, request.param)
    return str(request.param)


def parameters(**given: Any) -> TrainingParameters:
    small = {"vector_size": 21, "window": 9, "sample": 0.0, "bucket": 50, "negative": 5, "shrink_windows": False}
    return typed(TrainingParameters, {**small, **given})


def network(of: TrainingParameters, seed: int = 3) -> Network:
    made = Network(WORDS, COUNTS, of)
    made.begin(seed)
    made.inputs *= 0.7 * made.dimension  # so that the sigmoid is not flat at a half
    made.outputs[:, : of.vector_size] = np.random.default_rng(seed).normal(size=(len(WORDS), of.vector_size)) / 4
    return made


def learn(made: Network, sentence: Sequence[int], rate: float = 0.1, seed: int = 77) -> Any:
    ids = np.array([*sentence, -1], np.int32)
    made.check(ids)
    return made.learn(ids, Stretch(0, len(ids), rate, 0.0, seed), made.scratch())


class Reference:
    """What learn.c does, in float64, for a sentence that is no longer than the window."""

    def __init__(self, made: Network, seed: int) -> None:
        self.of, self.state = made.parameters, seed
        self.inputs = made.inputs[:, : made.dimension].astype(np.float64)
        self.outputs = made.outputs[:, : made.dimension].astype(np.float64)
        self.alias = made._alias
        self.rows = [[word] for word in range(len(WORDS))]
        if made.buckets:
            for word, text in enumerate(WORDS):
                buckets = ngram_buckets(text, self.of.min_n, self.of.max_n, self.of.bucket)
                self.rows[word] += [len(WORDS) + bucket for bucket in buckets]

    def random(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def draw(self) -> int:
        random, self.coming = self.coming, self.random()
        place = ((random >> 32) * len(WORDS)) >> 32
        limit, other = self.alias[place]
        return place if random & 0xFFFFFFFF <= limit else int(other)

    def begin(self, sentence: Sequence[int]) -> None:
        """A stretch begins with a pool of samples; then chance says which words of the sentence stay: here, all."""
        self.coming = self.random()
        size = 256 if self.of.architecture == "cbow" else 64
        while size < 8 * self.of.negative:
            size *= 2
        self.pool, self.oldest = [self.draw() for _ in range(size)], 0
        for _ in sentence:
            self.random()

    def negatives(self) -> list[int]:
        """So many places of the pool; then some of its samples give way to new ones."""
        random, size = self.random(), len(self.pool)
        chosen = [self.pool[(random + k * (random >> 32 | 1)) % size] for k in range(self.of.negative)]
        for _ in range(-(-self.of.negative // REUSED)):
            self.pool[self.oldest % size] = self.draw()
            self.oldest += 1
        return chosen

    def reach(self) -> int:
        return 1 + (((self.random() >> 32) * self.of.window) >> 32) if self.of.shrink_windows else self.of.window

    def word(self, word: int) -> np.ndarray:
        mean: np.ndarray = self.inputs[self.rows[word]].mean(axis=0)
        return mean

    def step(self, given: np.ndarray, words: list[int], times: list[float], positive: bool, rate: float) -> None:
        """All dot products first, then both updates from what was there before."""
        outputs = self.outputs[words]
        label = np.zeros(len(words))
        label[0] = positive
        slope = rate * (label - 1 / (1 + np.exp(-given @ outputs.T))) * np.array(times)
        self.outputs[words] += slope.T @ given
        given += slope @ outputs

    def outputs_of(self, given: np.ndarray, target: int, drawn: list[int], rate: float) -> None:
        left, first = list(drawn), True
        while left or first:
            words, times, has_target = ([target], [1.0], True) if first else ([], [], False)
            first = False
            while left and len(words) < 6:
                word = left.pop(0)
                if word == target:
                    continue
                if word in words:
                    times[words.index(word)] += 1
                else:
                    words.append(word)
                    times.append(1.0)
            if words:
                self.step(given, words, times, has_target, rate)

    def add(self, word: int, learned: np.ndarray) -> None:
        for row in self.rows[word]:
            self.inputs[row] += learned

    def skip_gram(self, sentence: Sequence[int], rate: float) -> None:
        self.begin(sentence)
        drawn = [self.negatives(), self.negatives()]
        window = np.array([self.word(word) for word in sentence])
        before = window.copy()
        for place, word in enumerate(sentence):
            drawn.append(self.negatives())
            near = self.near(place, len(sentence))
            given = window[near]
            self.outputs_of(given, word, drawn[place], rate)
            window[near] = given
        for word, learned in zip(sentence, window - before, strict=True):
            self.add(word, learned)

    def near(self, place: int, length: int) -> list[int]:
        far = self.reach()
        return [c for c in range(max(place - far, 0), min(place + far + 1, length)) if c != place]

    def cbow(self, sentence: Sequence[int], rate: float) -> None:
        self.begin(sentence)
        drawn = [self.negatives(), self.negatives()]
        window = np.array([self.word(word) for word in sentence])
        start = window.copy()
        for place, word in enumerate(sentence):
            drawn.append(self.negatives())
            near = self.near(place, len(sentence))
            given = window[near].mean(axis=0) if self.of.cbow_mean else window[near].sum(axis=0)
            before = given.copy()
            self.outputs_of(given[None], word, drawn[place], rate)
            window[near] += (given - before) / (1 if self.of.cbow_mean else len(near))
        for word, moved in zip(sentence, window - start, strict=True):
            self.add(word, moved)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"negative": 1},
        {"negative": 13},
        {"vector_size": 64},
        {"vector_size": 3},
        {"shrink_windows": True},
        {"algorithm": "fasttext"},
        {"algorithm": "fasttext", "min_n": 1, "max_n": 3, "negative": 10},
        {"architecture": "cbow"},
        {"architecture": "cbow", "cbow_mean": False, "shrink_windows": True},
        {"architecture": "cbow", "algorithm": "fasttext"},
    ],
    ids=str,
)
def test_a_sentence_changes_what_numpy_says(level: str, given: dict[str, Any]) -> None:
    of = parameters(**given)
    made = network(of)
    reference = Reference(made, 77)
    before = made.inputs.copy()
    for _ in range(2):
        progress = learn(made, SENTENCE, seed=reference.state)
        getattr(reference, "cbow" if given.get("architecture") else "skip_gram")(SENTENCE, 0.1)
        assert progress.words == len(SENTENCE)
    assert not np.allclose(made.inputs, before)
    assert np.allclose(made.outputs[:, : of.vector_size], reference.outputs, atol=2e-5)
    assert np.allclose(made.inputs[:, : of.vector_size], reference.inputs, atol=2e-5)
    assert not made.inputs[:, of.vector_size :].any(), "what rows are filled up with stays zero"


def test_levels_differ_by_rounding_only(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for level in levels():
        monkeypatch.setenv(FORCED, level)
        made = network(parameters(window=3, shrink_windows=True))
        learn(made, SENTENCE * 40)
        found.append(made.inputs.copy())
    for other in found[1:]:
        assert np.allclose(found[0], other, atol=1e-3)


def test_sentences_longer_than_the_buffer_are_learned_from_whole(level: str) -> None:
    made = network(parameters(window=2, negative=1, vector_size=4))
    assert learn(made, [0, 1] * 10_000).words == 20_000
    assert learn(made, []).words == 0
    assert learn(made, [1]).pairs == 0


def test_rows_that_are_held_move_by_their_share(level: str) -> None:
    made, free = network(parameters()), network(parameters())
    made.share = np.ones(len(made.inputs), np.float32)
    made.share[1], made.share[3] = 0, 0.5
    before = made.inputs.copy()
    learn(made, [1, 3, 2])
    learn(free, [1, 3, 2])
    assert np.array_equal(made.inputs[1], before[1])
    assert np.allclose(made.inputs[3] - before[3], (free.inputs[3] - before[3]) / 2, atol=1e-6)
    assert np.allclose(made.inputs[2], free.inputs[2])


def test_negatives_are_drawn_by_the_power_of_their_frequency(level: str) -> None:
    made = network(parameters(negative=1))
    reference, drawn = Reference(made, 5), np.zeros(len(WORDS))
    reference.begin([])
    for _ in range(40_000):
        drawn[reference.negatives()[0]] += 1
    expected = COUNTS**0.75 / (COUNTS**0.75).sum()
    assert np.allclose(drawn / drawn.sum(), expected, atol=0.01)


@pytest.mark.parametrize(("min_n", "max_n"), [(1, 1), (1, 4), (3, 6), (5, 5), (20, 30)])
def test_ngrams_are_fasttexts(min_n: int, max_n: int) -> None:
    made = Network(WORDS, COUNTS, parameters(algorithm="fasttext", min_n=min_n, max_n=max_n, bucket=1000))
    assert made.ngram_start is not None
    assert made._ngrams is not None
    for row, word in enumerate(WORDS):
        found = made._ngrams[made.ngram_start[row] : made.ngram_start[row + 1]] - len(WORDS)
        assert sorted(found) == sorted(ngram_buckets(word, min_n, max_n, 1000))


def test_a_words_vector_is_the_mean_of_its_rows(level: str) -> None:
    made = network(parameters(algorithm="fasttext"))
    reference = Reference(made, 0)
    found = made.vectors(2, 5)
    assert found.shape == (3, 21)
    assert np.allclose(found, [reference.word(word) for word in (2, 3, 4)], atol=1e-6)
    assert made.vectors(6, 100).shape == (2, 21)


def test_frequent_words_are_left_out_at_times() -> None:
    of = parameters(sample=1e-2, window=1, negative=1)
    made = network(of)
    sentence = [0, 7] * 4_000
    pairs = learn(made, sentence).pairs
    share = COUNTS / (of.sample * COUNTS.sum())
    kept = np.minimum((np.sqrt(share) + 1) / share, 1)
    assert pairs / 2 == pytest.approx(4_000 * (kept[0] + kept[7]), rel=0.05)


def test_what_c_could_not_bear_is_refused() -> None:
    made = network(parameters())
    for wrong in ([8], [-2]):
        with pytest.raises(IndexError, match="there are 8 words"):
            made.check(np.array(wrong, np.int32))
    with pytest.raises(TypeError, match="ids is of int64"):
        made.check(np.array([1, 2]))
    ids = np.array([0, 1, -1], np.int32)
    stretch = Stretch(0, 3, 0.1, 0.0, 1)
    for first, end in ((-1, 2), (2, 1), (0, 4)):
        with pytest.raises(IndexError, match="is not within 3 ids"):
            made.learn(ids, replace(stretch, first=first, end=end), made.scratch())
    with pytest.raises(ValueError, match="scratch"):
        made.learn(ids, stretch, made.scratch()[:, :-16])
    made.share = np.ones(3, np.float32)
    with pytest.raises(ValueError, match="share is"):
        made.learn(ids, stretch, made.scratch())
    made.share, made.outputs = None, made.outputs[:-1]
    with pytest.raises(ValueError, match="outputs is"):
        made.learn(ids, stretch, made.scratch())


def test_c_and_python_agree_on_the_size_of_the_model() -> None:
    from embeddings.training.kernel.network import _Model

    size = network(parameters()).library.function("model_size", ctypes.c_int64, [])
    assert size() == ctypes.sizeof(_Model)
