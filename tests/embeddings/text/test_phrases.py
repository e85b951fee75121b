"""Phrases against gensim's `Phrases` on the same sentences, and what gensim has no word for."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from gensim.models.phrases import ENGLISH_CONNECTOR_WORDS
from gensim.models.phrases import Phrases as GensimPhrases
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embeddings.text import phrases as module
from embeddings.text.phrases import (
    CONNECTORS,
    Links,
    PhraseParameters,
    Scoring,
    blocks_of,
    find_phrases,
    phrase_words,
)
from embeddings.text.tokens import END, FIRST_WORD, PAUSE, Ids

Sentences = Sequence[Sequence[str]]


def numbered(sentences: Sentences) -> tuple[Ids, list[str]]:
    """Sentences as numbers; a comma is a pause."""
    numbers: dict[str, int] = {}
    ids: list[int] = []
    for sentence in sentences:
        of_words = (PAUSE if word == "," else numbers.setdefault(word, len(numbers) + FIRST_WORD) for word in sentence)
        ids.extend((*of_words, END))
    return np.array(ids, np.int32), list(numbers)


def ours(sentences: Sentences, parameters: PhraseParameters) -> tuple[dict[str, float], list[list[str]]]:
    """The phrases with their scores, and the sentences with them joined."""
    ids, words = numbered(sentences)
    counts = np.bincount(ids, minlength=len(words) + FIRST_WORD)
    links = Links(words, counts, parameters)
    found = find_phrases(ids, counts, links)
    joined = phrase_words(found, words)
    names = ["|", ",", *words, *joined]
    text = " ".join(names[number] for number in links.join(ids, found))
    return dict(zip(joined, found.scores.tolist(), strict=True)), [line.split() for line in text.split("|")[:-1]]


def gensims(sentences: Sentences, parameters: PhraseParameters) -> tuple[dict[str, float], list[list[str]]]:
    model = GensimPhrases(
        sentences,
        min_count=parameters.phrase_min_count,
        threshold=parameters.threshold,
        scoring=parameters.phrase_scoring.value,
        connector_words=ENGLISH_CONNECTOR_WORDS if parameters.connectors else frozenset(),
    )
    return model.export_phrases(), [model[sentence] for sentence in sentences]


words_of_sentences = st.lists(
    st.lists(st.sampled_from(["new", "york", "the", "of", "bank", "city", "a"]), max_size=9), min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None)
@example([["new", "new", "new", "the"]], (Scoring.DEFAULT, 0.1), 1, True)  # "the" is no different word
@given(
    words_of_sentences,
    st.sampled_from([(Scoring.NPMI, -0.2), (Scoring.NPMI, 0.1), (Scoring.DEFAULT, 0.1)]),
    st.integers(1, 3),
    st.booleans(),
)
def test_they_are_those_of_gensim(
    sentences: list[list[str]], scoring: tuple[Scoring, float], min_count: int, connectors: bool
) -> None:
    # At most two connecting words stand within one of our phrases.
    sentences = [
        [word for place, word in enumerate(sentence) if not _third_connector(sentence, place)] for sentence in sentences
    ]
    if not any(sentences):
        return
    parameters = PhraseParameters(
        phrase_scoring=scoring[0], phrase_threshold=scoring[1], phrase_min_count=min_count, connectors=connectors
    )
    our_phrases, our_sentences = ours(sentences, parameters)
    their_phrases, their_sentences = gensims(sentences, parameters)
    if min_count > 1 and scoring[0] is Scoring.DEFAULT:
        return  # gensim's default score counts as different words the pairs of words too rare for us to count
    assert our_phrases == pytest.approx(their_phrases)
    assert our_sentences == their_sentences


def _third_connector(sentence: list[str], place: int) -> bool:
    return place >= 2 and all(word in CONNECTORS for word in sentence[place - 2 : place + 1])


def test_pmi_is_worked_out_by_hand() -> None:
    sentences = [["new", "york"]] * 4 + [["new"], ["york"], ["x"], ["x"]]
    scores, joined = ours(sentences, PhraseParameters(phrase_threshold=0.1, phrase_min_count=4))
    assert scores == {"new_york": pytest.approx(math.log(4 * 12 / (5 * 5)))}
    assert joined[0] == ["new_york"]
    assert joined[4:6] == [["new"], ["york"]]
    assert ours(sentences, PhraseParameters(phrase_threshold=0.7, phrase_min_count=4))[0] == {}
    assert ours(sentences, PhraseParameters(phrase_threshold=0.1, phrase_min_count=5))[0] == {}


def test_no_phrase_reaches_across_a_pause() -> None:
    sentences = [["houston", ",", "texas"]] * 9 + [["new", "york"]] * 9
    assert list(ours(sentences, PhraseParameters(phrase_threshold=0.1))[0]) == []
    assert list(ours(sentences, PhraseParameters(phrase_threshold=0.1, phrase_min_count=9))[0]) == ["new_york"]


def test_of_three_words_in_a_row_the_first_two_are_joined_and_a_second_pass_joins_all() -> None:
    sentences = [["a1", "b1", "c1"]] * 10 + [["a1", "b1"], ["b1", "c1"]]
    parameters = PhraseParameters(phrase_threshold=0.5)
    _, joined = ours(sentences, parameters)
    assert joined[0] == ["a1_b1", "c1"]
    assert joined[-1] == ["b1_c1"]
    assert ours(joined, parameters)[1][0] == ["a1_b1_c1"]


def test_counting_in_parts_and_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    sentences = [[f"w{number}" for number in rng.zipf(1.5, 12) % 40] for _ in range(300)]
    ids, words = numbered(sentences)
    counts = np.bincount(ids, minlength=len(words) + FIRST_WORD)
    links = Links(words, counts, PhraseParameters(phrase_threshold=-9.0, phrase_min_count=2))
    whole = find_phrases(ids, counts, links)
    monkeypatch.setattr(module, "_PART_IDS", 700)
    parts = find_phrases(ids, counts, links)
    assert len(whole) > 100
    assert parts.keys.tolist() == whole.keys.tolist()
    assert parts.counts.tolist() == whole.counts.tolist()
    together = links.join(ids, whole)
    piecewise = [links.join(block, whole) for block in blocks_of(ids, 200)]
    assert len(piecewise) > 10
    assert np.concatenate(piecewise).tolist() == together.tolist()
