"""The stages of a preparation."""

from embeddings.training.stages import KNOWN, Clock, name_of, number_phrases, stage_of_pass


def test_a_phrase_that_is_a_word_already_gets_its_number() -> None:
    words, own, made_of = number_phrases(["new", "york", "new_york"], ["new_york", "york_new"], [(2, 3), (3, 2)])
    assert words == ["new", "york", "new_york", "york_new"]
    assert own.tolist() == [0, 1, 2, 3, 4, 4, 5]
    assert made_of == {4: [2, 3], 5: [3, 2]}


def test_stages_have_names_for_people() -> None:
    assert [stage_of_pass(0), stage_of_pass(2)] == [KNOWN, "phrases-2"]
    assert [name_of(KNOWN), name_of("phrases-2")] == ["known phrases", "phrases-2"]


def test_a_clock_takes_the_seconds_of_a_stage() -> None:
    times = iter([1.0, 3.5])
    assert Clock(lambda: next(times)).taken("cleaning", words=3) == {"stage": "cleaning", "seconds": 2.5, "words": 3}
