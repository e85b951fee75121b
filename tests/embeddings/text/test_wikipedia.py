"""Wiki markup to text: worked examples, and the slice of a real dump that comes with gensim."""

import bz2
from importlib.resources import files
from pathlib import Path

import pytest
from gensim.corpora.wikicorpus import WikiCorpus

from embeddings.errors import CorpusError
from embeddings.text.numbering import tokenise
from embeddings.text.tokens import TokenParameters, split_compound
from embeddings.text.wikipedia import articles, namespaces

DUMP = Path(
    str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
)


def page(title: str, text: str, more: str = "", space: int = 0) -> str:
    return f"<page><title>{title}</title><ns>{space}</ns>{more}<revision><text>{text}</text></revision></page>"


def test_only_articles_are_taken() -> None:
    pages = "".join(
        (
            page("Cat", "A cat."),
            page("Cats", "#REDIRECT [[Cat]]", '<redirect title="Cat"/>'),
            page("List of cats", "one"),
            page("Cat (disambiguation)", "x"),
            page("Mercury", "may be {{disambig}}"),
            page("Talk:Cat", "x", space=1),
        )
    )
    assert [(article.title, article.text) for article in articles(pages.encode())] == [("Cat", "A cat.")]


def test_the_newest_revision_is_read_and_only_wiki_markup() -> None:
    def revisions(*texts: tuple[str, str]) -> bytes:
        both = "".join(f"<revision>{more}<text>{text}</text></revision>" for text, more in texts)
        return f"<page><title>Fox</title><ns>0</ns>{both}</page>".encode()

    def stamp(year: int) -> str:
        return f"<timestamp>{year}-01-01T00:00:00Z</timestamp>"

    assert [a.text for a in articles(revisions(("Old.", ""), ("New.", "")))] == ["New."]
    assert [a.text for a in articles(revisions(("New.", stamp(2024)), ("Old.", stamp(2019))))] == ["New."]
    assert not list(articles(revisions(("{}", "<model>json</model>"))))
    assert not list(articles(b"<page><title>Void</title><ns>0</ns></page>"))


@pytest.mark.parametrize(
    ("title", "text", "taken"),
    [
        ("Fox", "A fox.", True),
        ("Fox: A Tale", "A fox.", True),
        ("Talk:Fox", "No.", False),
        ("User talk:Ann", "Hi.", False),
        ("Datei:Fuchs.jpg", "x", False),
        ("A", "#REDIRECT [[Foo]]", False),
        ("A", "#weiterleitung: [[Foo]] {{R}}", False),
        ("A", "#перенаправление [[Foo]]", False),
        ("A", "# first of [[many]] items", True),
        ("A", "The [[x]]{{disambiguation needed|date=May}} is near.", True),
        ("A", "A trade.\n{{surname-stub}}", True),
        ("A", "A. <!-- {{disambiguation}} --> <nowiki>{{dab}}</nowiki>", True),
        ("A", "x\n{{Disambig|geo}}", False),
        ("A", "x\n{{ school_disambiguation\n}}", False),
        ("A", "x\n{{Begriffsklärung}}", False),
        ("A (Begriffsklärung)", "x", False),
        ("A", "x __DISAMBIG__", False),
    ],
)
def test_pages_of_dumps_without_numbers_of_namespaces(title: str, text: str, taken: bool) -> None:
    escaped = text.replace("<", "&lt;")
    pages = f"<page><title>{title}</title><revision><text>{escaped}</text></revision></page>".encode()
    assert bool(list(articles(pages))) is taken


def test_broken_xml_is_refused() -> None:
    with pytest.raises(CorpusError, match="broken"):
        list(articles(b"<page><title>x</page>"))


def test_the_names_of_namespaces_are_those_of_the_dump() -> None:
    head = b'<namespace key="6" case="first-letter">Datei</namespace><namespace key="0" case="first-letter" />'
    assert {"Datei", "File"} <= set(namespaces(head))
    [article] = articles(page("Katze", "[[Datei:k.jpg|mini|Bild]]Die Katze").encode(), namespaces(head))
    assert article.text == "Die Katze"


def test_the_real_dump_gives_the_words_that_gensim_finds_and_no_markup() -> None:
    content = bz2.decompress(DUMP.read_bytes())
    found = list(
        articles(content[content.find(b"<page>") : content.rfind(b"</page>") + 7], namespaces(content[:10_000]))
    )
    assert len(found) == 96
    text = "\n".join(article.text for article in found)
    assert text.count("{{") + text.count("[[") + text.count("<ref") + text.count("'''") < 20
    ours = {part for word in tokenise(text, TokenParameters()).words for part in split_compound(word)}
    theirs = {word for document in WikiCorpus(str(DUMP), dictionary={}, processes=1).get_texts() for word in document}
    plain = {word for word in theirs if word.isascii()}
    assert len(plain & ours) / len(plain) > 0.9  # the rest is in a list, in tables and in references
