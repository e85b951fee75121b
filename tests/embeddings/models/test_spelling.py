"""Spellings: which are of one word, and which words are in other people's keys."""

import numpy as np
import pytest

from embeddings.models import Card, Model, open_model, save_model
from embeddings.models.spelling import caseless, fold, fold_before, fold_each, folded_key, plain


@pytest.mark.parametrize(
    "spellings",
    [
        ("México", "MEXICO", "mexico", "ｍｅｘｉｃｏ"),
        ("ﬁnance", "finance", "FINANCE", "ﬁｎance"),
        ("İstanbul", "istanbul", "ISTANBUL", "ıstanbul"),
        ("straße", "STRASSE", "STRAẞE"),
        ("O’Brien", "O'BRIEN", "oʼbrien"),
        ("co\u00adoperate", "cooperate"),
        ("m²", "M2"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_spellings_of_one_word_fold_into_one(spellings: tuple[str, ...]) -> None:
    assert len({fold(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize("words", [[], [""], ["Paris", "", "b"], ["A\0B", "c"], ["É", "Rome"], ["\0"]])
def test_words_fold_together_as_each_does_alone(words: list[str]) -> None:
    assert fold_each(words) == [fold(word) for word in words]


def test_vowel_signs_stay_and_nothing_folds_into_blanks() -> None:
    assert fold("हिन्दी") != fold("हन्द")
    assert fold("¨") == "¨"
    assert fold_before("ﬁ") == "fi"
    assert caseless("ＣＡＦÉ") == "café"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("/c/en/coffee_pot", "coffee_pot"),
        ("/c/de/haus/n/wn/artifact", "haus"),
        ("/en/new_york", "new_york"),
        ("duck|NOUN", "duck"),
        ("Barack_Obama|PERSON", "Barack_Obama"),
        ("house_NOUN", "house"),
        ("new_york_PROPN", "new_york"),
        ("dog/NN", "dog"),
        ("ENTITY/New_York", "New_York"),
        ("DBPEDIA_ID/Barack_Obama", "Barack_Obama"),
        ("http://dbpedia.org/resource/Berlin", "Berlin"),
        ("dbr:Berlin", "Berlin"),
        ("bank#n#1", "bank"),
        ("dog.n.01", "dog"),
        ("art%1:09:00::", "art"),
        ("▁coffee", "coffee"),
        ("Ġcoffee", "coffee"),
        ("coffee</w>", "coffee"),
        *(
            (word, word)
            for word in ("coffee", "new_york", "and/or", "HIV/AIDS", "AC/DC", "a|b", "C#", "snake_case", "▁")
        ),
    ],
)
def test_the_word_in_a_key(key: str, word: str) -> None:
    assert plain(key) == word
    assert folded_key(key) == fold(word)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Model:
    words = [
        "duck|NOUN",
        "/c/en/coffee_pot",
        "house_NOUN",
        "duck|VERB",
        "ENTITY/New_York",
        "İzmir",
        "ｆｕｌｌ",
        "new",
        "duck|PROPN",
    ]
    folder = tmp_path_factory.mktemp("models") / "keys"
    save_model(folder, words, np.eye(len(words), dtype=np.float32), Card("keys"))
    return open_model(folder)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("duck", ["duck|NOUN", "duck|VERB", "duck|PROPN"]),
        ("Duck|verb", []),
        ("DUCK|VERB", ["duck|VERB"]),
        ("coffee_pot", ["/c/en/coffee_pot"]),
        ("/c/en/Coffee_Pot", ["/c/en/coffee_pot"]),
        ("izmir", ["İzmir"]),
        ("FULL", ["ｆｕｌｌ"]),
        ("duck|ADJ", []),
    ],
)
def test_a_vocabulary_finds_keys_by_their_words(keys: Model, word: str, found: list[str]) -> None:
    assert keys.vocabulary.words(keys.vocabulary.variants(word)) == found


def test_keys_are_completed_and_suggested_by_their_words(keys: Model) -> None:
    assert keys.vocabulary.complete("cof") == ["/c/en/coffee_pot"]
    assert keys.vocabulary.complete("/c/en/cof") == ["/c/en/coffee_pot"]
    assert keys.vocabulary.suggest("huose") == ["house_NOUN"]
