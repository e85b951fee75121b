import random
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from embeddings.errors import ModelError
from embeddings.models.row_texts import write_texts
from embeddings.models.vocabulary import (
    FOLDED_FILE,
    TABLE_FILE,
    TRIE_FILE,
    WORDS_FILE,
    Vocabulary,
    fold,
    open_array,
    open_vocabulary,
    save_vocabulary,
)

WORDS = [
    "the",
    "Paris",
    "paris",
    "Café",
    "cafe",
    "café",
    "CAFE",
    "united_states",
    "naïve",
    "macy's",
    "東京",
    "한국",
    "क़िला",
]


def vocabulary_of(words: list[str], folder: Path) -> Vocabulary:
    save_vocabulary(words, folder)
    return open_vocabulary(folder, len(words))


@pytest.fixture
def vocabulary(tmp_path: Path) -> Vocabulary:
    return vocabulary_of(WORDS, tmp_path)


def test_words_and_rows_are_each_others_inverse(vocabulary: Vocabulary) -> None:
    assert [vocabulary.row(word) for word in WORDS] == list(range(len(WORDS)))
    assert list(vocabulary) == vocabulary.words(range(len(WORDS))) == WORDS
    assert "Paris" in vocabulary
    assert "PARIS" not in vocabulary
    assert vocabulary.row("PARIS") is None


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("PARIS", "Paris"),  # the more frequent of two that differ in case alone
        ("THE", "the"),
        ("CAFÉ", "Café"),  # accents agree, although cafe without accent has other candidates
        ("Cafe", "cafe"),
        ("naive", "naïve"),  # accents folded
        ("MACY’S", "macy's"),  # a typographer's apostrophe
        ("United_States", "united_states"),
        ("lyon", None),
        ("", None),
    ],
)
def test_another_spelling_is_found_case_before_accents(vocabulary: Vocabulary, typed: str, found: str | None) -> None:
    row = vocabulary.row_of_variant(typed)
    assert (None if row is None else vocabulary.word(row)) == found


def test_folding_keeps_the_marks_that_carry_meaning() -> None:
    assert fold("MÉXICO") == "mexico"
    assert fold("Straße") == "strasse"
    assert fold("한국") == "한국"
    assert fold("क़िला") != fold("क")


def test_completion_is_in_order_of_frequency_and_knows_no_case(tmp_path: Path) -> None:
    words = ["part", "Paris", "zebra", "parti", "pa", "PARK", "été", "par"]
    vocabulary = vocabulary_of(words, tmp_path)
    assert vocabulary.complete("par") == ["part", "Paris", "parti", "PARK", "par"]
    assert vocabulary.complete("PAR", limit=2) == ["part", "Paris"]
    assert vocabulary.complete("ete") == ["été"]
    assert vocabulary.complete("zz") == []
    assert vocabulary.complete("", limit=3) == ["part", "Paris", "zebra"]


def test_completion_agrees_with_reading_everything(tmp_path: Path) -> None:
    random.seed(1)
    words = list({"".join(random.choices("abcÀé", k=random.randint(1, 5))) for _ in range(800)})
    vocabulary = vocabulary_of(words, tmp_path)
    for prefix in ["", "a", "ab", "é", "AA", "bca", "abcab"]:
        expected = [word for word in words if fold(word).startswith(fold(prefix))][:7]
        assert vocabulary.complete(prefix, limit=7) == expected


def test_suggestions_are_those_of_comparing_with_every_word(tmp_path: Path) -> None:
    random.seed(2)
    words = list({"".join(random.choices("abcdefg", k=random.randint(2, 9))) for _ in range(3000)})
    vocabulary = vocabulary_of(words, tmp_path)
    for _ in range(100):
        typed = "".join(random.choices("abcdefgh", k=random.randint(2, 14)))
        edits = 1 if len(typed) < 4 else 2 if len(typed) < 12 else 3
        distances = [(OSA.distance(typed, word), row) for row, word in enumerate(words)]
        expected = [words[row] for distance, row in sorted(distances) if distance <= edits][:5]
        assert vocabulary.suggest(typed) == expected


def test_a_suggestion_is_made_once_for_all_its_spellings(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(["berlín", "Berlin", "berlin", "merlin"], tmp_path)
    assert vocabulary.suggest("brlin") == ["berlín", "merlin"]
    assert vocabulary.suggest("qwertz") == []
    assert vocabulary.suggest("") == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12),
        min_size=1,
        unique=True,
    )
)
def test_any_distinct_words_come_back(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    vocabulary = vocabulary_of(words, tmp_path_factory.mktemp("vocabulary"))
    assert list(vocabulary) == words
    assert [vocabulary.row(word) for word in words] == list(range(len(words)))
    for word in words:
        row = vocabulary.row_of_variant(word)
        assert row is not None
        assert fold(words[row]) == fold(word)


def test_a_word_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="1 words twice"):
        save_vocabulary(["a", "b", "a"], tmp_path)


@pytest.mark.parametrize("word", ["", "a\0b", "\ud800"])
def test_what_is_no_word_is_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(ModelError, match="cannot be in a vocabulary"):
        save_vocabulary(["a", word], tmp_path)


@pytest.mark.parametrize("name", [TRIE_FILE, FOLDED_FILE, TABLE_FILE, WORDS_FILE])
@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, name: str, damage: str) -> None:
    save_vocabulary(list(string.ascii_lowercase), tmp_path)
    path = tmp_path / name
    path.unlink()
    if damage != "missing":
        path.write_bytes(b"" if damage == "empty" else b"\x00garbage" * 30)
    with pytest.raises(ModelError, match=name):
        open_vocabulary(tmp_path, 26)


def test_the_trie_spells_the_words_of_a_vocabulary_of_an_earlier_version(tmp_path: Path) -> None:
    words = ["the", "é", "new york", "日本", "The"]
    save_vocabulary(words, tmp_path)
    (tmp_path / WORDS_FILE).unlink()
    vocabulary = open_vocabulary(tmp_path, len(words), has_texts=False)
    assert list(vocabulary) == vocabulary.words(np.arange(5)) == words
    assert vocabulary.word(3) == "日本"


def test_a_file_of_words_that_leaves_a_row_without_one_is_refused(tmp_path: Path) -> None:
    save_vocabulary(["a", "b", "c"], tmp_path)
    write_texts(tmp_path / WORDS_FILE, ["a", None, "c"])
    with pytest.raises(ModelError, match=f"{WORDS_FILE} is damaged: a row has no text"):
        open_vocabulary(tmp_path, 3)


def test_another_number_of_words_is_refused(tmp_path: Path) -> None:
    save_vocabulary(["a", "b"], tmp_path)
    with pytest.raises(ModelError, match=TABLE_FILE):
        open_vocabulary(tmp_path, 3)


def test_an_array_with_objects_is_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match=r"objects\.npy"):
        open_array(path, np.float32, (1,))


@pytest.mark.parametrize("line", [0, 1, 2, 3, 7])
def test_a_table_that_names_words_which_are_not_there_is_refused(tmp_path: Path, line: int) -> None:
    save_vocabulary(WORDS, tmp_path)
    table = np.load(tmp_path / TABLE_FILE)
    table[line, 1] = len(WORDS)
    np.save(tmp_path / TABLE_FILE, table)
    with pytest.raises(ModelError, match=f"{TABLE_FILE} is damaged: it names words that are not there"):
        open_vocabulary(tmp_path, len(WORDS))


@pytest.mark.parametrize("name", [TRIE_FILE, FOLDED_FILE, WORDS_FILE])
def test_a_word_that_is_no_text_is_refused_where_it_is_read(tmp_path: Path, name: str) -> None:
    save_vocabulary(["abc", "abd"], tmp_path)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content.replace(b"b", b"\xff").replace(b"ba", b"\xffa"))
    vocabulary = open_vocabulary(tmp_path, 2, has_texts=name == WORDS_FILE)
    with pytest.raises(ModelError, match=f"{name} is damaged: a word of it is no text"):
        vocabulary.suggest("abx")


def test_a_word_that_could_not_be_opened_again_is_not_saved(tmp_path: Path) -> None:
    longest = 65_536
    assert vocabulary_of(["a" * longest], tmp_path).word(0) == "a" * longest
    for word in ("a" * (longest + 1), "ﷺ" * 4000):  # which is 18 letters where it is folded
        with pytest.raises(ModelError, match="letters cannot be in a vocabulary"):
            save_vocabulary([word], tmp_path)
