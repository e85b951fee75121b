"""Wiki markup to text: worked examples."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.text.wiki_markup import plain_text, without_braces


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("'''Autism''' is a [[disorder]]", "Autism is a disorder"),
        ("[[social skills|social]] and [[language]]s", "social and languages"),
        ("{{Infobox|a={{b|c}}|d}}After", "After"),
        ("before {| class=x\n|-\n| cell {{t}}\n|} after", "before  after"),
        ("a<ref name=x>{{cite|y}}</ref> b<ref name=x/> c", "a b c"),
        ("a<ref>never closed\nb<ref>closed</ref> c", "a\nb c"),
        ("x <!-- hidden\nlines --> y", "x  y"),
        ("[[File:a.jpg|thumb|A [[cat]] on a [[mat|rug]]]]text", "text"),
        ("[[ Datei : a b.jpg | mini | A [http://x.org cat] ]]text", "text"),
        ("[[File:a.jpg|thumb|never closed\ntext", "\ntext"),
        ("text[[Category:Cats]][[fr:Chat]][[zh-yue:x]]", "text"),
        ("[[:Category:Cats|cats]] [[:fr:Paris]] [[wikt:quick|quick]] [[s:Ode]]", "cats Paris quick Ode"),
        ("[[Portal:Law]][[Wikipedia:About|about]]", "about"),
        ("[[Star Trek: Voyager]] [[Mercury (planet)|]]", "Star Trek: Voyager Mercury"),
        ("== History ==\n* one\n# two\n| style=x | cell", "\none\ntwo\n"),
        ("see [http://x.org the site] and http://y.org/z?a now", "see the site and  now"),
        ("5&nbsp;km&amp;more&amp;amp;&amp;nbsp;x<br/>next <b>bold</b> 3 < 4", "5\xa0km&more&\xa0x\nnext bold 3 < 4"),
        ("x<y and y>z, <foo bar=1>in</foo>", "x<y and y>z, in"),
        ("{{lang|fr|Bonjour}} {{nowrap|10 km {{lang|de|Wort}}}}", "Bonjour 10 km Wort"),
        ("{{{1|one}}} {{{2}}}{{#if:x|y}}__KEIN_TOC__ __init__", "one  __init__"),
        ("<math>x < 2</math>y<MATH>z</MATH>", "y"),
        ("<nowiki>[[a|b]]</nowiki> <nowiki>{{c}} ''d''</nowiki><nowiki/>", "[[a|b]] {{c}} ''d''"),
        ("a<nowiki>[[b]]</nowiki>c", "a[[b]]c"),
        ("a<NOWIKI >b<nowiki>''c''</nowiki >d", "ab<nowiki>''c''d"),
        ("a<nowiki />b<nowiki>c[[d]]", "abcd"),
        ("<nowiki>a<!--b--></nowiki>c<!--</nowiki>d-->e", "a<!--b-->ce"),
        ("我-{zh-hant:電腦; zh-hans:电脑}-用-{H|zh-cn:x}-", "我电脑用"),
        ("one<td>two</td><li>three", "one\ntwo\n\nthree"),
        ("see [[:File:a b.jpg|this picture]] and [[commons:File:c.jpg|that]]", "see this picture and that"),
        ("A<ref>x {{cite|y=<ref>z</ref>}}</ref> B<ref name=a/b>c</ref> D", "A B D"),
        ("a <math>x^2 \\frac{1}{2}\n\nb", "a \n\nb"),
        (
            "a\n<gallery>\nDatei:b.png|Zwei\nПлик:c.jpg\n\nNote: a.jpg is a file\n",
            "a\n\n\n\n\n\nNote: a.jpg is a file\n",
        ),
        ("{{読み仮名|漢字|かんじ}} {{ルビ|語|ご}}", "漢字 語"),
        ("A\n:{| border=1\n| x\n|}\n;term : def", "A\n\nterm : def"),
        ("-{Windows}- -{T|zh-cn:甲;zh-tw:乙}-je", "Windows je"),
        ("l'''Avare'' and '''bold'''s '''''both'''''", "l'Avare and bolds both"),
    ],
)
def test_worked_examples(markup: str, text: str) -> None:
    assert plain_text(markup, ("Portal", "Wikipedia")) == text


@pytest.mark.parametrize(
    "namespace",
    "চিত্র படிமம் ფაილი فائل Attēls Vaizdas Pilt Mynd Skeda Сурет Податотека പ്രമാണം దస్త్రం Şəkil Delwedd Íomhá Fasciculus "
    "Выява Talaksan Picha ឯកសារ ဖိုင် ගොනුව Fayl Зураг ਤਸਵੀਰ ಚಿತ್ರ ચિત્ર Skeudenn Рәсем ስዕል".split(),
)
def test_a_picture_is_known_by_its_suffix_whatever_its_language_calls_it(namespace: str) -> None:
    assert plain_text(f"[[{namespace}:A b.JPG|left|A [[cat|word]]]]text") == "text"
    assert plain_text(f"[[ {namespace} : a.svg ]]text [[{namespace}:a.ogg|never closed\n\nmore") == "text \n\nmore"


@pytest.mark.parametrize(
    "link",
    "Kategooria:Linnad বিষয়শ্রেণী:শহর பகுப்பு:ஊர் Kateqoriya:Şəhər Санат:Қала კატეგორია:ქალაქი "
    "Flokkur:Borgir زمرہ:شہر Катэгорыя:Горад Categori:Dinas വർഗ്ഗം:നഗരം Ангилал:Хот Catagóir:Baile వర్గం:ఊరు".split(),
)
def test_categories_of_other_languages_show_nothing(link: str) -> None:
    assert plain_text(f"text[[{link}|*]]") == "text"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a {{b {| c }} d |} e", "a  d |} e"),
        ("{{a}} }} {{b}} c", " }}  c"),
        ("one {{lost and\nmore\n\ntwo {{gone}}three", "one \n\ntwo three"),
        ("one\n{| class=x\n| cell\n\n| cell\n\ntwo", "one\n\n\ntwo"),
        ("{{quote|a {{lost|b}}", ""),
        ("{{nowrap|a {| b |} c}}", "a  c"),
    ],
)
def test_braces_close_what_is_theirs_and_an_open_one_ends_with_its_paragraph(markup: str, text: str) -> None:
    assert without_braces(markup) == text


_SIGNS = st.sampled_from(["<nowiki>", "</nowiki>", "<ref>", "</ref>", "<!--", "-->", *"{}|[]'<>a=\n:-_#/! &;"])


@given(st.lists(_SIGNS, max_size=60).map("".join))
def test_any_markup_is_read_and_leaves_no_stand_ins(markup: str) -> None:
    """Signs in nowiki are characters for private use while markup is read."""
    assert not any("\ue000" <= character <= "\uf8ff" for character in plain_text(markup))


@pytest.mark.parametrize(
    "flood",
    [
        *("{{", "[[", "{|", "<ref>", "<", "'''", "-{", "{{a|", "[[a|", "[http://x ", "<!--", "{{{", "=\n", "<nowiki>"),
        *("{{|}", "{|}}"),
    ],
)
def test_floods_of_what_is_never_closed_take_little_time(flood: str) -> None:
    before = time.process_time()
    plain_text(flood * 50_000)
    plain_text(flood * 20_000 + "|}" * 20_000)
    assert time.process_time() - before < 5
