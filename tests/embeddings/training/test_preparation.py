"""From files to the sentences of training: what is joined, what is taken apart, what is not done twice."""

from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import CorpusError
from embeddings.text.phrases import PhraseParameters
from embeddings.text.tokens import Splitting, TokenParameters
from embeddings.training.engine import sentences_of
from embeddings.training.parameters import Job
from embeddings.training.preparation import CLEAN, KNOWN, SENTENCES, TrainingInput, check, prepare
from embeddings.training.workspace import Note, Status, Workspace

TEXT = """
The mayor of New York spoke. New York is a city. She likes New York, York likes her.
A well-known actor; the well-known actor is here. A one-off thing. One off day, one off year.
Old Navy sells. We shop at Old Navy. Prime minister of France. The prime minister spoke.
"""


def prepared(
    tmp_path: Path, text: str = TEXT, known: tuple[str, ...] = (), given: Any = None, **job: Any
) -> TrainingInput:
    path = tmp_path / "text.txt"
    path.write_text(text)
    job.setdefault("phrases", PhraseParameters(phrases=0))
    to_do = Job((str(path),), training={"min_count": 2, "workers": 1}, **job)
    space = Workspace(tmp_path / "model")
    with space.opened(to_do, resume=False):
        return prepare(to_do, given or check(to_do), known, space, lambda _: None)


def lines(found: TrainingInput) -> list[str]:
    return [" ".join(sentence) for sentence in sentences_of(found.sentences, found.words)]


def test_words_that_are_frequent_enough_stay_in_the_order_of_the_text(tmp_path: Path) -> None:
    found = prepared(tmp_path)
    assert lines(found)[:3] == ["the of new york spoke", "new york is a", "likes new york york likes"]
    assert list(found.words)[:1] == ["york"]
    assert dict(zip(found.words, found.counts.tolist(), strict=True))["york"] == 4
    assert found.about["words"] == sum(found.counts) == sum(len(line.split()) for line in lines(found))
    assert found.about["sentences"] == len(lines(found))
    assert found.corpus.files[0].bytes == len(TEXT)


def test_a_rare_compound_is_taken_apart_and_a_frequent_one_is_not(tmp_path: Path) -> None:
    found = prepared(tmp_path)
    assert "well-known" in found.words
    assert "well" not in found.words
    assert "one-off" not in found.words
    assert dict(zip(found.words, found.counts.tolist(), strict=True))["off"] == 3


def test_phrases_are_found_and_given_ones_joined(tmp_path: Path) -> None:
    phrases = PhraseParameters(phrases=1, phrase_threshold=1.5, phrase_min_count=2)
    (tmp_path / "list.txt").write_text("Prime Minister\nMayor of New York\nnot there\n")
    found = prepared(tmp_path, phrases=phrases, phrase_lists=(str(tmp_path / "list.txt"),))
    assert {"old_navy", "prime_minister", "new_york"} <= set(found.words)
    assert "mayor_of_new_york" not in found.words, "met once only"
    assert lines(found)[1] == "new_york is a"


def test_a_phrase_that_turns_out_rare_is_taken_apart_again(tmp_path: Path) -> None:
    # Pairs compete for words: q_r is met four times but joined once, when p_q has taken the others.
    text = "P q r. P q r. P q r. X q r. Q, r. R, q."
    phrases = PhraseParameters(phrases=1, phrase_threshold=0.1, phrase_min_count=2)
    found = prepared(tmp_path, text, phrases=phrases)
    assert "p_q" in found.words
    assert "q_r" not in found.words
    assert dict(zip(found.words, found.counts.tolist(), strict=True))["q"] == 3


def test_words_of_an_older_model_need_be_met_only_once(tmp_path: Path) -> None:
    found = prepared(tmp_path, known=("france", "one-off", "berlin"))
    assert {"france", "one-off"} <= set(found.words)
    assert "berlin" not in found.words


def test_titles_are_joined(tmp_path: Path) -> None:
    text = "The Eiffel Tower is high. Eiffel Tower it is. It is the tower. "
    text += "It was. It has. Is it? He is. This is. She is. Who is? Was it? Has it?"
    pages = "".join(
        f"<page><title>{title}</title><ns>0</ns><revision><text>{text}</text></revision></page>"
        for title in ("Eiffel Tower (Paris)", "It is")
    )
    found = prepared(tmp_path, f"<mediawiki>{pages}</mediawiki>", titles=True)
    assert "eiffel_tower" in found.words
    assert "it_is" not in found.words, "a title, but no more than words that follow one another"


def test_finished_stages_are_not_started_again(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    job = Job((str(path),), training={"min_count": 2})
    space = Workspace(tmp_path / "model")
    with space.opened(job, resume=False):
        seen: list[Status | Note] = []
        begun: list[str] = []

        def fail_at(stage: str) -> Any:
            def watch(event: Status | Note) -> None:
                seen.append(event)
                if isinstance(event, Status) and event.stage.startswith(stage):
                    raise KeyboardInterrupt

            return watch

        for stage, there, not_there in (
            ("cleaning", [], [CLEAN]),
            ("known phrases", [CLEAN], [KNOWN]),
            ("phrases, pass 2", [CLEAN, KNOWN, "phrases-1"], ["phrases-2"]),
            ("sentences", [CLEAN, KNOWN, "phrases-2"], [SENTENCES]),
        ):
            seen.clear()
            with pytest.raises(KeyboardInterrupt):
                prepare(job, [], [], space, fail_at(stage))
            assert all(map(space.has, there))
            assert not any(map(space.has, not_there))
            begun.append(next(event.stage for event in seen if isinstance(event, Status)))
            path.write_text(TEXT if stage == "cleaning" else "changed since")
        assert begun == ["cleaning", "cleaning", "known phrases", "phrases, pass 2"]
        found = prepare(job, [], [], space, lambda _: None)
        assert "york" in found.words
        assert not space.has(CLEAN)
        path.unlink()
        assert prepare(job, [], [], space, lambda _: None).words == found.words


def test_what_has_been_tokenised_is_taken_as_it_is(tmp_path: Path) -> None:
    text = "New_York U.S. it-is\nNew_York U.S. once-only\n"
    found = prepared(tmp_path, text, tokens=TokenParameters(splitting=Splitting.WHITESPACE))
    assert list(found.words) == ["new_york", "u.s."]


def test_no_word_is_frequent_enough(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="No word is met 2 times: the most frequent of 3 words is met 1"):
        prepared(tmp_path, "one two three")


def test_everything_is_looked_at_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere\.txt cannot be read"):
        check(Job((str(tmp_path / "nowhere.txt"),)))
    (tmp_path / "a.txt").write_text("a")
    with pytest.raises(CorpusError, match=r"list\.txt cannot be read"):
        check(Job((str(tmp_path / "a.txt"),), phrase_lists=(str(tmp_path / "list.txt"),)))
    with pytest.raises(CorpusError, match="--min-alpha"):
        check(Job((str(tmp_path / "a.txt"),), training={"min_alpha": 1.0}))
