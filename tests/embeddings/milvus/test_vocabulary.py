"""Words in Milvus are found, completed and suggested as in a folder; what came last is kept."""

import string
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from embeddings.milvus.model import MilvusModel, open_milvus
from embeddings.milvus.upload import push
from embeddings.milvus.vocabulary import FetchCache, count_letters
from embeddings.models.model import Card, Model, open_model
from embeddings.models.writer import save_model

ODD = [
    "",
    "a'b",
    'q"q',
    "back\\slash",
    "new\nline",
    "tab\t",
    "ünï",
    "日本",
    "100%",
    "un_der",
    "\x07bell",
    "ÜNÏ",
    "Mexico",
    "México",
    "mexico",
]


@pytest.fixture(scope="module")
def both(milvus: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, MilvusModel]:
    """5,000 made words and the odd ones, in a folder and in Milvus."""
    rng = np.random.default_rng(3)
    made = ["".join(rng.choice(list("aeinrst"), rng.integers(2, 14))) for _ in range(6000)]
    words = list(dict.fromkeys([*ODD[1:], *made]))[:5000]
    folder = tmp_path_factory.mktemp("models") / "made"
    vectors = rng.normal(size=(len(words), 8)).astype(np.float32)
    save_model(folder, words, vectors, Card("made"))
    local = open_model(folder)
    push(local, milvus.address("made"))
    return local, open_milvus(milvus.address("made"))


def test_words_are_found_in_every_spelling(both: tuple[Model, MilvusModel]) -> None:
    here, there = both[0].vocabulary, both[1].vocabulary
    for word in [*ODD, "MEXICO", "Ünï", "mexicó", "nowhere", "TAB\t", *here.words(range(20, 60))]:
        assert there.row(word) == here.row(word), word
        assert there.row_of_variant(word) == here.row_of_variant(word), word
        assert there.row_whatever_case(word) == here.row_whatever_case(word), word
        assert (word in there) == (word in here)
    assert there.words(range(len(there))) == list(here)
    assert there.word(7) == here.word(7)


def test_completions_are_the_same(both: tuple[Model, MilvusModel], monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = both[0].vocabulary, both[1].vocabulary
    for prefix in ("", "a", "sta", "ME", "un", "100%", 'q"', "zzz", "日"):
        assert there.complete(prefix) == here.complete(prefix)
    monkeypatch.setattr("embeddings.milvus.vocabulary.MOST_HITS", 64)  # more than Milvus gives at a time
    for prefix in ("", "a", "sta", "ME"):
        assert there.complete(prefix, 50) == here.complete(prefix, 50)


def test_suggestions_are_the_same(both: tuple[Model, MilvusModel]) -> None:
    here, there = both[0].vocabulary, both[1].vocabulary
    rng = np.random.default_rng(8)
    for word in here.words(rng.integers(20, 5000, 40)):
        place = int(rng.integers(len(word)))
        wrong = word[:place] + str(rng.choice(list(string.ascii_lowercase))) + word[place + 1 :]
        assert there.suggest(wrong) == here.suggest(wrong), wrong
    assert there.suggest("mexcio") == here.suggest("mexcio")


def test_one_look_up_serves_all_words_of_a_query(
    both: tuple[Model, MilvusModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    local = both[0]
    remote = open_milvus(both[1].place)
    calls: list[str] = []
    call = remote._connection.call

    def counted(name: str, *arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return call(name, *arguments, **options)

    monkeypatch.setattr(remote._connection, "call", counted)
    from embeddings import ask

    one, two, three = local.vocabulary.words([100, 200, 300])
    ask(remote, f"{one} - {two} + {three}")
    assert calls == ["query", "query", "search"]
    ask(remote, f"{one} - {two} + {three}")
    assert calls == ["query", "query", "search", "search"]


def test_what_was_fetched_last_is_kept() -> None:
    fetched: list[Sequence[int]] = []

    def fetch(keys: Sequence[int]) -> dict[int, str]:
        fetched.append(keys)
        return {key: str(key) for key in keys}

    recent: FetchCache[int, str] = FetchCache(fetch, size=2)
    assert recent.get([1, 2, 1]) == {1: "1", 2: "2"}
    assert recent.get([1]) == {1: "1"}
    recent.get([3])  # 2 was not asked for longest
    recent.get([1, 2])
    assert fetched == [[1, 2], [3], [2]]


def test_letters_are_counted() -> None:
    [counts] = count_letters(["abba"])
    assert (counts[1], counts[2], counts.sum()) == (2, 2, 4)
