import pytest

from embeddings.text.descriptions import described, description, subjects, title

ARTICLES = {
    "BLADE II is a 2002 American superhero film based on the fictional character Blade.": (
        ["BLADE II"],
        "2002 American superhero film",
    ),
    "The AINU or the AYNU (アィヌ), or the EZO () in historical texts, are an indigenous people of Japan (Hokkaido).": (
        ["AINU", "AYNU", "EZO"],
        "indigenous people of Japan",
    ),
    "ALBERT LAWRENCE BROOKS (born ALBERT LAWRENCE EINSTEIN; July 22, 1947) is an American actor, comedian.": (
        ["ALBERT LAWRENCE BROOKS", "ALBERT LAWRENCE EINSTEIN"],
        "American actor, comedian",
    ),
    'A "HELLO, WORLD!" PROGRAM generally is a computer program that outputs a message.': (None, "computer program"),
    "CRASH is a novel by English author J. G. Ballard, first published in 1973.": (
        ["CRASH"],
        "novel by English author J. G. Ballard, first published",
    ),
    "ANETA WOJTKOWSKA is a Polish badminton player.": (["ANETA WOJTKOWSKA"], "Polish badminton player"),
    "JET LI (, born 26 April 1963), better known by his stage name LIAN, is a Chinese film actor.": (
        ["JET LI", "LIAN"],
        "Chinese film actor",
    ),
    "ST MARY'S CHURCH, THIRSK is a Church of England parish church.": (["ST MARY'S CHURCH"], "Church of England"),
    "The PRAKRITS (; ; ) are any of several Middle Indo-Aryan languages.": (
        ["PRAKRITS"],
        "Middle Indo-Aryan languages",
    ),
    "AMALARIC (Gothic: *Amalareiks), was king of the Visigoths from 511.": (["AMALARIC"], "king of the Visigoths"),
}


@pytest.mark.parametrize("paragraph", ARTICLES)
def test_an_article_says_what_its_subject_is(paragraph: str) -> None:
    names, said = ARTICLES[paragraph]
    assert names is None or subjects(paragraph) == names
    assert (description(paragraph) or "").startswith(said)


@pytest.mark.parametrize(
    "paragraph",
    [
        "",
        "It is a city in France.",
        "PARLIAMENTARY ELECTIONS were held in Bulgaria on 26 March 2017.",
        "MARCOS VIDAL — 25 AÑOS",
        "A is the first letter of the alphabet.",
        "In 1999 NATO was a party to the conflict.",
        "FOO is the name.",
        "The IBM PC layout, particularly the Model M, has been influential. One notable example is the Escape key.",
        "GEM received widespread use in the TOS of the Atari. It is one of the systems for IBM PC compatibles.",
        "The NAG acronym is an homage to the station's founders.",
    ],
)
def test_what_is_no_such_article_has_no_description(paragraph: str) -> None:
    assert list(described([paragraph])) == []


def test_a_description_is_short() -> None:
    [(_, said)] = described(["XANADU is a very long and winding road of the old city of kings in the far north of it."])
    assert said == "very long and winding road of the old city of kings"


def test_a_description_does_not_end_in_the_middle_of_what_is_said() -> None:
    [(_, said)] = described(["DAS BOOT is a 1981 German submarine film written and directed by Wolfgang Petersen."])
    assert said == "1981 German submarine film"


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("CATEGORY THEORY formalizes mathematical structure.", "CATEGORY THEORY"),
        ("The PYTHAGOREAN THEOREM (after Pythagoras), also known as his, is true.", "PYTHAGOREAN THEOREM"),
        ("THREE QUARTERS There are four three quarter positions.", None),
        ("The SIXTH SEASON of PILIPINAS is a series.", None),
        ("It was there.", None),
    ],
)
def test_an_article_begins_with_its_title(paragraph: str, expected: str | None) -> None:
    assert title(paragraph) == expected
