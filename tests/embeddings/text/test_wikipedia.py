"""Wiki markup to text: worked examples, and the slice of a real dump that comes with gensim."""

import bz2
import re
from importlib.resources import files
from pathlib import Path

import pytest
from gensim.corpora.wikicorpus import WikiCorpus

from embeddings.errors import CorpusError
from embeddings.text.tokens import TokenParameters, split_compound, tokenise
from embeddings.text.wikipedia import articles, namespaces, plain_text, without_braces

DUMP = Path(
    str(files("gensim") / "test/test_data/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2")
)
NOT_TEXT = re.compile(r"\s*:?(?:File|Category|fr)\s*:\S")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("'''Autism''' is a [[disorder]]", "Autism is a disorder"),
        ("[[social skills|social]] and [[language]]s", "social and languages"),
        ("{{Infobox|a={{b|c}}|d}}After", "After"),
        ("before {| class=x\n|-\n| cell {{t}}\n|} after", "before  after"),
        ("a<ref name=x>{{cite|y}}</ref> b<ref name=x/> c", "a b c"),
        ("x <!-- hidden\nlines --> y", "x  y"),
        ("[[File:a.jpg|thumb|A [[cat]] on a [[mat|rug]]]]text", "text"),
        ("text[[Category:Cats]][[fr:Chat]]", "text"),
        ("[[Star Trek: Voyager]]", "Star Trek: Voyager"),
        ("== History ==\n* one\n# two", "\none\ntwo"),
        ("see [http://x.org the site] and http://y.org/z?a now", "see the site and  now"),
        ("5&nbsp;km&amp;more<br/>next <b>bold</b> 3 < 4", "5\xa0km&more\nnext bold 3 < 4"),
        ("{{lang|fr|Bonjour}} {{nowrap|10 km}}", "Bonjour 10 km"),
        ("unclosed {{template and text", "unclosed {{template and text"),
        ("<math>x^2</math>y<MATH>z</MATH>", "y"),
    ],
)
def test_worked_examples(markup: str, text: str) -> None:
    assert plain_text(markup, NOT_TEXT) == text


def test_braces_close_what_is_theirs() -> None:
    assert without_braces("a {{b {| c }} d |} e") == "a  d |} e"
    assert without_braces("{{a}} }} {{b}} c") == " }}  c"
    assert without_braces("{{x|}}|}}") == "|}}"


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
