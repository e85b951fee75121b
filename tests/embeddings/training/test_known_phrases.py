"""The phrases that are joined first: names, titles, a list; and what the model says of how they are written."""

from pathlib import Path

import pytest

from embeddings.errors import CorpusError
from embeddings.text import PhraseParameters
from embeddings.training import EngineParameters, Job, Note, Status, TrainingInput, Workspace, prepare
from embeddings.training.engine import sentences_of
from embeddings.training.parameters import Engine
from tests.embeddings.text.spelled_text import corpus

TEXT = corpus("Then he read the New York Times while eating at McDonald's.", "A new york for all times, he said.")


def prepared(
    folder: Path, given: tuple[str, ...] = (), text: str = TEXT, **job: object
) -> tuple[TrainingInput, list[str], str]:
    (folder / "text.txt").write_text(text, encoding="utf-8")
    space = Workspace(folder / "model")
    notes: list[str] = []
    training = {"workers": 1, "min_count": 5}

    def watch(event: Note | Status) -> None:
        if isinstance(event, Note):
            notes.append(event.text)

    asked = Job((str(folder / "text.txt"),), training=training, **job)  # type: ignore[arg-type]
    with space.opened(asked, resume=False):
        found = prepare(
            asked, given, [], space, lambda event: notes.append(event.text) if isinstance(event, Note) else None
        )
        text = "".join(f"{' '.join(words)}\n" for words in sentences_of(found.sentences, found.words))
    return found, notes, text


def test_names_are_joined_by_default_and_shown_as_they_are_written(tmp_path: Path) -> None:
    found, notes, text = prepared(tmp_path)
    forms = dict(zip(found.words, found.display, strict=True))
    assert "read the new_york_times while eating at mcdonald's" in text
    assert "a new york for all times" in text
    assert (forms["new_york_times"], forms["mcdonald's"], forms["cat"]) == ("New York Times", "McDonald's", "")
    assert any(note.startswith("Found ") and "names by their capitals" in note for note in notes)


def test_what_is_mostly_a_term_is_shown_in_small_letters(tmp_path: Path) -> None:
    more = corpus("The railway station was old.", times=40) + corpus("It was Tor Railway Station, a Railway Station.")
    found, _, _ = prepared(tmp_path, text=TEXT + more)
    forms = dict(zip(found.words, found.display, strict=True))
    assert forms["railway_station"] == "railway station"


def test_a_list_is_joined_too(tmp_path: Path) -> None:
    assert "a new_york for all times" in prepared(tmp_path, given=("new york",))[2]


def test_without_phrases_words_still_have_their_forms(tmp_path: Path) -> None:
    found, _, text = prepared(tmp_path, phrases=PhraseParameters(phrases="none"))
    assert "_" not in text
    assert dict(zip(found.words, found.display, strict=True))["york"] == "York"


@pytest.mark.parametrize(
    ("given", "entities", "passes"),
    [(None, True, 2), ("entities", True, 2), ("pairs", False, 2), ("none", False, 0), ("1", False, 1), (3, False, 3)],
)
def test_what_phrases_may_be(given: str | int | None, entities: bool, passes: int) -> None:
    parameters = PhraseParameters(phrases=given)
    assert (parameters.entities, parameters.passes) == (entities, passes)


@pytest.mark.parametrize("given", ["names", "-1", -1, ""])
def test_what_phrases_may_not_be(given: str | int) -> None:
    with pytest.raises(CorpusError, match="--phrases"):
        PhraseParameters(phrases=given)


def test_a_score_of_pairs_asks_for_pairs_and_a_cluster_joins_pairs() -> None:
    assert not PhraseParameters(phrase_threshold=8.0).entities
    spark = EngineParameters(engine=Engine.SPARK)
    assert not Job(("x",), engine=spark).entities
    with pytest.raises(CorpusError, match="take pairs"):
        Job(("x",), engine=spark, phrases=PhraseParameters(phrases="entities"))
