import pytest

from embeddings.text.descriptions import described, description, subjects

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
    ],
)
def test_what_is_no_such_article_has_no_description(paragraph: str) -> None:
    assert list(described([paragraph])) == []


def test_a_description_is_short() -> None:
    [(_, said)] = described(["XANADU is a very long and winding road of the old city of kings in the far north of it."])
    assert said == "very long and winding road of the old city of kings"
