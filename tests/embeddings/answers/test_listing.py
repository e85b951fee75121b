"""Results of a batch, which the kernel writes as JSON: as each query by itself has them, and as Python writes them."""

import copy
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from embeddings.answers import Answer, Options, Result, ask, ask_many, listing
from embeddings.errors import KernelError
from embeddings.models.model import Card, Model, open_model
from embeddings.models.row_texts import DESCRIPTIONS_FILE, DISPLAY_FILE, write_texts
from embeddings.models.writer import ModelWriter
from embeddings.native import FORCED, LEVELS, missing_kernel, processor_level

SPELLED = [
    *('say "no"', "back\\slash", "tab\there", "\x01\x1f", "rub\x7fout", "/", "a\nb", "b\rc", "\b\f\v", "plain", "{}"),
    *("two words", "two_words", "Plain", "PLAIN", "wide　blank", "café", "cafe", "łódź", "語", "😀", "l'été"),
]
"""Words that JSON or folding changes; the rest are letters."""
WORDS = [*SPELLED, *(f"w{chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(300))]
ASKED = [word for word in WORDS if word.isalpha()]


def levels() -> Iterator[str]:
    try:
        yield from LEVELS[: LEVELS.index(processor_level("embeddings.answers")) + 1]
    except KernelError:
        return


@pytest.fixture(scope="module")
def spelled(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Words of all kinds that have displays and descriptions, some of them long."""
    rng = np.random.default_rng(3)
    displays = [word.upper() if row % 3 else None for row, word in enumerate(WORDS)]
    descriptions = [f'of "{word}"\t' * (row % 7) or None for row, word in enumerate(WORDS)]
    folder = tmp_path_factory.mktemp("models") / "spelled"
    with ModelWriter(folder, 6) as writer:
        writer.append(WORDS, rng.normal(size=(len(WORDS), 6)).astype(np.float32))
        write_texts(writer.folder / DISPLAY_FILE, displays)
        write_texts(writer.folder / DESCRIPTIONS_FILE, descriptions)
        writer.finish(Card("spelled"))
    return open_model(folder)


def shown(model: Model, queries: list[str], options: Options) -> list[tuple[bytes, tuple[Result, ...]]]:
    """The JSON of each answer, and its results as values."""
    answers = []
    for answer in ask_many(model, queries, options):
        assert isinstance(answer, Answer)
        answer.took_ms = 0
        answers.append((answer.as_json(), answer.results))
    return answers


@pytest.mark.parametrize("level", list(levels()))
@pytest.mark.parametrize("options", [Options(), Options(all_forms=True), Options(k=1), Options(k=300)], ids=str)
def test_the_kernel_lists_what_python_lists(
    spelled: Model, level: str, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [f"{a} - {b} + {c}" for a, b, c in zip(ASKED, ASKED[5:], ASKED[40:], strict=False)]
    queries += [*ASKED, "Wba + WDA", '"two words" + plain', "waa wba + wca", "plain : wda :: cafe : ?"]
    monkeypatch.setenv(FORCED, level)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "missing_kernel", lambda _: KernelError("not here"))
        by_python = shown(spelled, queries, options)
    listed = [answer for answer in ask_many(spelled, queries, options) if isinstance(answer, Answer) and answer.listing]
    if options.k <= 10:  # among 300 results there are words that the kernel leaves to Python
        assert len(listed) > len(queries) // 3
    assert shown(spelled, queries, options) == by_python


with_kernel = pytest.mark.skipif(missing_kernel("embeddings.answers") is not None, reason="no kernel is compiled here")


def pickled(answer: Answer) -> Answer:
    read: Answer = pickle.loads(pickle.dumps(answer))
    return read


def listed_by_python(model: Model, queries: list[str], monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """Answers to a batch of the kernel that searches, but not of that which lists."""
    with monkeypatch.context() as patch:
        patch.setattr(listing, "missing_kernel", lambda _: KernelError("not here"))
        answers = [answer for answer in ask_many(model, queries) if isinstance(answer, Answer)]
    assert not any(answer.listing for answer in answers)
    return answers


@with_kernel
def test_results_of_a_batch_are_made_when_somebody_looks_and_are_like_any_others(
    spelled: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = ["waa - wba + wca", "wda", "wea + wfa"]
    together, by_python = ask_many(spelled, queries), listed_by_python(spelled, queries, monkeypatch)
    for answer, other in zip(together, by_python, strict=True):
        assert isinstance(answer, Answer)
        assert answer.listing is not None
        assert answer.size == 10
        json = answer.as_json()
        assert answer.listing is not None, "JSON needs no values"
        assert answer.results == other.results
        assert answer.results is answer.results
        assert isinstance(answer.results, tuple)
        assert answer.listing is None
        assert answer.size == 10
        assert answer.as_json() == json == orjson.dumps(answer.as_dict())
        answer.took_ms = other.took_ms
        assert answer == other
        assert hash(answer) == hash(other)


@with_kernel
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled, replace])
def test_a_copy_of_an_answer_has_the_results_that_nobody_has_looked_at(
    spelled: Model, copied: Callable[[Answer], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = ["waa - wba + wca", "wda"]
    [other, _] = listed_by_python(spelled, queries, monkeypatch)
    [first, _] = ask_many(spelled, queries)
    assert isinstance(first, Answer)
    assert copied(first).results == other.results
    [first, _] = ask_many(spelled, queries)
    assert isinstance(first, Answer)
    few = replace(first, results=first.results[:2])
    assert len(orjson.loads(few.as_json())["results"]) == few.size == 2
    with pytest.raises(AttributeError, match="no attribute 'resultz'"):
        getattr(few, "resultz")  # noqa: B009


@with_kernel
def test_scores_that_json_writes_in_another_way_are_written_in_that_way(tmp_path: Path) -> None:
    """Of one millionth and of none."""
    angles = np.array([0, 1.5707953, np.pi / 2, 1.5708953, 3, 0.5])
    with ModelWriter(tmp_path / "few", 2) as writer:
        writer.append(["one", *"abcde"], np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32))
        writer.finish(Card("few"))
    model = open_model(tmp_path / "few")
    for answer in ask_many(model, ["one", "one + a", "one"], Options(k=5)):
        assert isinstance(answer, Answer)
        json = answer.as_json()
        assert json == orjson.dumps(answer.as_dict())
        assert [result["score"] for result in orjson.loads(json)["results"]] == [
            round(result.score, 6) for result in answer.results
        ]
    [by_score, _] = ask_many(model, ["one", "a"], Options(k=5))
    assert b'"score":1e-6' in by_score.as_json()


@with_kernel
def test_texts_that_are_damaged_are_shown_and_refused_as_without_the_kernel(spelled: Model, tmp_path: Path) -> None:
    copied = tmp_path / "damaged"
    copied.mkdir()
    for file in spelled.folder.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    content = bytearray((copied / DESCRIPTIONS_FILE).read_bytes())
    place = content.rindex(b"of ")
    content[place : place + 2] = b"\xff\xfe"
    (copied / DESCRIPTIONS_FILE).write_bytes(content)
    model = open_model(copied)
    word = next(word for row, word in enumerate(WORDS) if "\ufffd" in (model.description(row) or ""))
    near = [result.word for result in ask(model, word).results]
    for answer in ask_many(model, near, Options(k=40)):
        assert isinstance(answer, Answer)
        assert orjson.loads(answer.as_json()) == answer.as_dict()
        assert [result.description for result in answer.results] == [
            model.description(result.rank - 1) for result in answer.results if result.rank
        ]


@with_kernel
def test_a_question_that_takes_more_room_than_all_others_has_it(
    spelled: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = ASKED[:40]
    expected = [json for json, _ in shown(spelled, queries, Options(k=40))]
    monkeypatch.setattr(listing, "_ROOM", 1)
    monkeypatch.setattr(listing, "_SPARE_ROOM", 100)
    assert [json for json, _ in shown(spelled, queries, Options(k=40))] == expected
