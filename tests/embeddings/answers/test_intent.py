"""What a text was meant as: never silently something else than was typed."""

import numpy as np
import pytest

from embeddings.answers import Failure, Options, ask, ask_many, resolve
from embeddings.errors import QueryError, UnknownWord
from embeddings.models import Card, Model, open_model, save_model

WORDS = [
    "king", "man", "woman", "queen", "paris", "france", "italy", "rome", "7_up", "sugar", ":)", "c++", "O(n)", "10:30",
    "$1,000", "http://example.org/?q=1", "earth,_wind_&_fire", "a+", "Crosby,_Stills_and_Nash,_Young", "heavy", "metal",
    "duck|NOUN", "duck|VERB", "-", "ENTITY/New_York", "12", "c", "+", "o", "n", "(", ")", "1,000", "$",
]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("models") / "odd"
    vectors = np.random.default_rng(5).normal(size=(len(WORDS), 8)).astype(np.float32)
    save_model(folder, WORDS, vectors, Card("odd"))
    return open_model(folder)


@pytest.mark.parametrize(
    "text", [":)", "C++", "O(n)", "o(N)", "10:30", "$1,000", "http://example.org/?q=1", "Earth, Wind & Fire", "A+", "-"]
)
def test_what_the_vocabulary_has_as_it_stands_is_a_term(model: Model, text: str) -> None:
    answer = ask(model, text)
    assert answer.kind == "neighbours"
    assert [term.text for term in answer.terms] == [text]
    assert answer.notes == ()


def test_a_list_that_is_one_entry_is_the_entry_with_a_note(model: Model) -> None:
    answer = ask(model, "Crosby, Stills and Nash, Young")
    assert answer.kind == "neighbours"
    assert "If Crosby, Stills and Nash, Young is meant" in answer.notes[0]


@pytest.mark.parametrize(
    ("text", "weights", "said"),
    [
        ("king-man+woman", [1, -1, 1], "Read as king - man + woman"),
        ("Paris-France+Italy", [1, -1, 1], "Read as Paris - France + Italy"),
        ("king+woman-man", [1, 1, -1], "Read as king + woman - man"),
        ("king - + woman", [1, -1], "signs in a row are multiplied, as two minus signs make a plus"),
        ("king -- woman", [1, 1], "Read as king + woman"),
        ("2 king - man", [2, -1], "'2 king' is read as 2*king"),
        ("man - 0.5 king", [1, -0.5], "'0.5 king' is read as 0.5*king"),
        ("12 king - man", [1, -1], "If a weight is meant: 12*king"),
        ("king - man + woman =", [1, -1, 1], "'=' at the end"),
        ("king - man + woman = ?", [1, -1, 1], "'=' at the end"),
        ("king - man + woman?", [1, -1, 1], "'?' at the end"),
        ("heavy-metal + king", [1, 1], "If minus is meant, put blanks around it: heavy - metal"),
    ],
)
def test_odd_arithmetic_is_read_with_a_note_that_says_how(
    model: Model, text: str, weights: list[float], said: str
) -> None:
    answer = ask(model, text)
    assert [term.weight for term in answer.terms] == weights
    assert said in " ".join(answer.notes)
    assert answer.as_dict()["notes"] == list(answer.notes)


@pytest.mark.parametrize("text", ["king - man + woman", "7 up - sugar", '"heavy-metal" + king', "heavy metal", "king"])
def test_what_is_plain_has_no_notes(model: Model, text: str) -> None:
    answer = ask(model, text)
    assert answer.notes == ()
    assert "notes" not in answer.as_dict()


def test_a_number_that_belongs_to_an_entry_is_no_weight(model: Model) -> None:
    assert [(term.words, term.weight) for term in ask(model, "sugar - 7 up").terms] == [
        (("sugar",), 1),
        (("7_up",), -1),
    ]


@pytest.mark.parametrize("text", ["f(x)", ":(", "https://other.org/?x=1", "king:man", "$2,000,", "a,b"])
def test_what_is_neither_is_refused_with_the_form_for_one_word(model: Model, text: str) -> None:
    with pytest.raises(QueryError, match="put it in quotes: "):
        ask(model, text)


@pytest.mark.parametrize("text", ['":("', '"f(x)"', "D++", '"https://king.man"', "c#", "10:31"])
def test_no_word_of_signs_is_made_up_of_its_parts(model: Model, text: str) -> None:
    with pytest.raises(UnknownWord):
        ask(model, text)


def test_several_senses_are_named(model: Model) -> None:
    answer = ask(model, "duck")
    assert answer.terms[0].resolved == "phrase"
    assert answer.terms[0].words == ("duck|NOUN",)
    assert answer.notes == ("'duck' is duck|NOUN here. The vocabulary also has duck|VERB: type one of them.",)
    assert ask(model, "new york").terms[0].words == ("ENTITY/New_York",)
    assert ask(model, "duck|VERB").notes == ()


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u200b", "\ufeff "])
def test_a_term_of_blanks_is_refused(model: Model, text: str) -> None:
    with pytest.raises(QueryError, match="empty"):
        resolve(model, text)


def test_a_query_that_fails_in_the_search_leaves_the_others_their_answers(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = model.index.search

    def refuse(targets: np.ndarray, *others: object, **options: object) -> object:
        if len(targets) > 1 or abs(targets[0] @ model.vectors[0]) > 0.999:
            raise QueryError("This would fetch too many vectors.")
        return search(targets, *others, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(model.index, "search", refuse)
    failed, found, alike = ask_many(model, ["king", "man", "king <> man"], Options(k=2))
    assert isinstance(failed, Failure)
    assert not isinstance(found, Failure)
    assert len(found.results) == 2
    assert not isinstance(alike, Failure)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/c/en/king", "king"),
        ("/c/en/king/n", "king"),
        ("ENTITY/Paris", "Paris"),
        ("DBPEDIA_ID/heavy_metal", "heavy metal"),
        ("king|NOUN", "king"),
        ("queen_NOUN", "queen"),
        ("king.n.01", "king"),
        ("▁queen", "queen"),
        ("the /c/en/king", ""),  # this vocabulary has no "the"
    ],
)
def test_a_key_of_another_vocabulary_is_not_made_up_of_its_parts(model: Model, text: str, words: str) -> None:
    with pytest.raises(UnknownWord) as raised:
        ask(model, text)
    assert list(raised.value.suggestions[:1]) == ([words] if words else [])


def test_a_key_that_the_vocabulary_has_is_found(model: Model) -> None:
    assert ask(model, "ENTITY/New_York").terms[0].resolved == "exact"
    assert ask(model, "new york").terms[0].words == ("ENTITY/New_York",)


def test_a_name_that_begins_with_a_dot_is_not_the_word_behind_it(model: Model) -> None:
    with pytest.raises(UnknownWord) as raised:
        ask(model, ".king")
    assert raised.value.suggestions == ["king"]
    for text in ("...king.", "king…", "¿king!"):
        assert ask(model, text).terms[0].words == ("king",)


def test_words_with_a_slash_between_are_one_term_with_a_note(model: Model) -> None:
    assert ask(model, "king/queen").notes == ("'king/queen' is read as one term, made of king and queen.",)
