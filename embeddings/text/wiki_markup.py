"""Wikipedia's markup → the text that a reader sees."""

import html
import re
from collections.abc import Collection
from functools import cache

from embeddings.text.wiki_names import CATEGORIES, SISTERS, folded, is_file
from embeddings.text.wiki_templates import shown_of_template

_COMMENT = re.compile(r"<!--.*?(?:-->|\n\s*\n|\Z)", re.DOTALL)
_NOWIKI = re.compile(rf"{_COMMENT.pattern}|<nowiki\s*/>|(<nowiki\s*>)", re.DOTALL | re.IGNORECASE)
_END_OF_NOWIKI = re.compile(r"</nowiki\s*>", re.IGNORECASE)
_SIGNS = "[]{}|'<>=*#:;_&-!~"
_KEPT = {ord(sign): 0xF800 + place for place, sign in enumerate(_SIGNS)}
"""Signs in nowiki, as characters of the area for private use, until all markup is gone."""
_RESTORED = {value: sign for sign, value in zip(_SIGNS, _KEPT.values(), strict=True)}
_WITHOUT_TEXT = re.compile(
    r"<(ref|math|gallery|timeline|code|syntaxhighlight|source|pre|score|imagemap|hiero|chem|ce|templatedata|graph"
    r"|mapframe|maplink|includeonly|inputbox|indicator|categorytree|templatestyles|style|script|phonos)\b[^<>]*?"
    r"(?:/>|>[^<]*(?:<(?!/?\1\b)[^<]*)*</\1\s*>)",
    re.IGNORECASE,
)
_UNCLOSED = re.compile(r"<(?:ref|math|chem|ce|hiero)\b[^<>]*>[^\n]*", re.IGNORECASE)
_PARAMETER = re.compile(r"\{\{\{[^{}|]*(?:\|([^{}]*))?\}\}\}")
_BRACES = re.compile(r"\{\{|\}\}|(?<![-{])\{\||\|\}(?!\})")
_END_OF_PARAGRAPH = re.compile(r"\n[ \t]*\n|\Z")
_END_OF_TABLE = re.compile(r"\n\s*\n(?![ \t]*[|!])|\n=|\Z")
_VARIANTS = re.compile(r"-\{(?!\{)([^{}]*)\}-")
_VARIANT = re.compile(r"\s*(?:[^;:]*=>\s*)?(zh(?:-[a-z]+)*|[a-z]{2,3}-[a-z]+)\s*:([^;]*)")
_PREFERRED = ("zh-hans", "zh-cn", "zh")
_LABELLED = re.compile(
    r"\[(?:(?:https?|ftps?|gopher|news|irc)://|//|mailto:)[^\s\[\]]+[ \t]*((?:[^\[\]\n]|\[\[[^\[\]\n]*\]\])*)\]"
)
_ADDRESS = re.compile(r"(?:https?|ftps?)://[^\s\[\]<>{}|\"]+")
_LINK = re.compile(r"\[\[([^\[\]\n]*(?:(?:\n(?!\s*\n)|\[(?!\[)|\](?!\]))[^\[\]\n]*)*)\]\]")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z]+)*|simple|tokipona")
_UNCLOSED_FILE = re.compile(r"\[\[\s*([^\[\]|:\n]{3,12}?)\s*:([^\[\]|\n]*)[^\n]*")
_LINE_TAG = re.compile(
    r"</?(?:br|hr|p|div|li|ul|ol|dl|dd|dt|table|tbody|thead|tr|td|th|caption|blockquote|center|h[1-6]|poem|pre|section"
    r"|gallery|references|noinclude|onlyinclude)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|math|nowiki|q|rb|ref|rp|rt|ruby|s|samp"
    r"|small|span|strike|strong|sub|sup|time|translate|tt|u|var|wbr)\b(?:[^<>\w][^<>]*)?>"
    r"|</?[a-zA-Z][\w-]+(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?>",
    re.IGNORECASE,
)
_LINE_MARKS = re.compile(r"^(?:=+[^\n]*=+[ \t]*$|[ \t]*\|[^\n]*|[*#:;!]+[ \t]*)", re.MULTILINE)
_GALLERY_LINE = re.compile(
    r"^[ \t]*(?:(?:File|Image):[^\n]*\.(?:jpe?g|png|svg|gif|tiff?|webp|ogg)\b[^\n]*"
    r"|[^\W\d]{3,12}:[^|\n]*\.(?:jpe?g|png|svg|gif|tiff?|webp|ogg)[ \t]*(?:\|[^\n]*)?)$",
    re.MULTILINE | re.IGNORECASE,
)
_SWITCH = re.compile(r"__[^\W\d_]\w*?__")
_QUOTES = re.compile(r"''+")
_BOLD_LINE = re.compile(r"^[^\n]*'''[^\n]*$", re.MULTILINE)


def plain_text(markup: str, spaces: Collection[str] = ()) -> str:
    """What a reader sees of ``markup``, without tables, most templates, references and headings.

    ``spaces`` are the dump's namespaces: links into them show their label, if they have one.
    """
    text = without_references(markup)
    text = without_braces(_PARAMETER.sub(lambda found: found[1] or "", text) if "{{{" in text else text)
    if "-{" in text:
        text = _VARIANTS.sub(_one_variant, text)
    text = _LABELLED.sub(r"\1", text)
    known = _spaces(tuple(spaces))
    replaced = 1
    while replaced:  # the captions of pictures hold links themselves: the innermost go first
        text, replaced = _LINK.subn(lambda link: _shown_of_link(link[1], known), text)
    if "[[" in text:
        text = _UNCLOSED_FILE.sub(lambda found: "" if is_file(found[1], found[2]) else found[0], text)
    text = _ADDRESS.sub("", text)
    if "<" in text:
        text = _TAG.sub("", _LINE_TAG.sub("\n", text))
    text = _GALLERY_LINE.sub("", _LINE_MARKS.sub("", text))
    text = _SWITCH.sub(lambda found: "" if found[0] == found[0].upper() else found[0], text)
    if "''" in text:
        text = _QUOTES.sub("", _BOLD_LINE.sub(_with_apostrophe, text))
    return _unescaped(text).translate(_RESTORED) if "<nowiki" in markup else _unescaped(text)


def without_references(markup: str) -> str:
    """``markup`` without comments, references and other elements that hold no text; nowiki is kept from being read."""
    if "nowiki" in markup:
        markup = _with_nowiki_kept(markup)
    if "<" not in markup:
        return markup
    text, replaced = _WITHOUT_TEXT.subn("", _COMMENT.sub("", markup))
    while replaced and "</ref" in text:  # references within references: the innermost went first
        text, replaced = _WITHOUT_TEXT.subn("", text)
    return _UNCLOSED.sub("", text)


def _with_nowiki_kept(markup: str) -> str:
    """``markup`` without comments, and with the signs in nowiki as characters that are not read as markup."""
    parts: list[str] = []
    place = at = 0
    is_closed = True  # until an end is sought in vain: then no other has one
    while found := _NOWIKI.search(markup, at):
        at, kept = found.end(), ""
        if found[1]:
            end = _END_OF_NOWIKI.search(markup, at) if is_closed else None
            if end is None:
                is_closed = False
                continue
            kept, at = markup[at : end.start()].translate(_KEPT), end.end()
        parts += markup[place : found.start()], kept
        place = at
    return "".join((*parts, markup[place:]))


def _unescaped(text: str) -> str:
    """``text`` with the characters that entities stand for, escaped once or twice."""
    for _ in range(2):
        if "&" in text:
            text = html.unescape(text)
    return text


def without_braces(text: str) -> str:
    """``text`` with what its templates ``{{…}}`` show and without its tables ``{|…|}``, however nested.

    One that is never closed goes up to the end of its paragraph.
    """
    closed, unclosed = _matched(text)
    if not closed and not unclosed:
        return text
    ends = dict(closed)
    last = {_END_OF_TABLE: -1, _END_OF_PARAGRAPH: -1}  # which is sought once for all that stand before it
    for start in unclosed:
        ending = _END_OF_TABLE if text.startswith("{|", start) else _END_OF_PARAGRAPH
        if last[ending] < start:
            found = ending.search(text, start)
            last[ending] = found.start() if found else len(text)
        ends[start] = -last[ending]
    return _shown_between(text, ends)


def _matched(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Where templates and tables begin and end, and where those begin that are never closed."""
    waiting: list[re.Match[str]] = []
    number = {"{{": 0, "{|": 0}  # of those that wait: without one, all of the others would be gone through in vain
    closed: list[tuple[int, int]] = []
    for brace in _BRACES.finditer(text):
        if brace[0][0] == "{":
            waiting.append(brace)
            number[brace[0]] += 1
            continue
        wanted = "{{" if brace[0] == "}}" else "{|"
        if not number[wanted]:
            continue
        while (begun := waiting.pop())[0] != wanted:
            number[begun[0]] -= 1
        number[wanted] -= 1
        closed.append((begun.start(), brace.end()))
    return closed, [brace.start() for brace in waiting]


def _shown_between(text: str, ends: dict[int, int]) -> str:
    """``text`` with what is shown in the place of each span; ``ends`` by their beginnings, negative ones unclosed."""
    parts: list[list[str]] = [[]]
    until: list[int] = []
    place = 0
    for start in sorted(ends):
        while until and until[-1] <= start:
            place = _close(text, place, until, parts)
        if start < place:
            continue
        end = ends[start]
        if end <= 0:
            if not until:
                parts[-1].append(text[place:start])
                place = -end
            continue
        parts[-1].append(text[place:start])
        if text.startswith("{|", start):
            place = end
            continue
        until.append(end)
        parts.append([])
        place = start + 2
    while until:
        place = _close(text, place, until, parts)
    return "".join((*parts[0], text[place:]))


def _close(text: str, place: int, until: list[int], parts: list[list[str]]) -> int:
    end = until.pop()
    content = "".join((*parts.pop(), text[place : end - 2]))
    parts[-1].append(shown_of_template(content))
    return max(end, place)


def _one_variant(found: re.Match[str]) -> str:
    """Of a word in several variants of Chinese one; nothing where the markup only declares or hides."""
    flags, bar, rules = found[1].rpartition("|")
    if bar and {flag.strip().upper() for flag in flags.split(";")} & {"H", "T", "-"}:
        return ""
    variants: dict[str, str] = {code: word.strip() for code, word in _VARIANT.findall(rules)}
    if not variants:
        return rules
    preferred = [variants[code] for code in _PREFERRED if code in variants]
    return (preferred or list(variants.values()))[0]


@cache
def _spaces(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(folded, names))


def _shown_of_link(content: str, spaces: Collection[str]) -> str:
    """The visible words of ``[[content]]``; none of a picture, a category or another language."""
    target, bar, label = content.partition("|")
    if ":" not in target:
        return (label if label.strip() else target.partition(" (")[0]) if bar else target
    visible = target.lstrip().startswith(":")
    prefix, _, rest = target.lstrip(" :").partition(":")
    name = folded(prefix)
    if is_file(prefix, rest):
        return label if visible else ""
    if name in CATEGORIES or name == "help":
        return (label or rest) if visible else ""
    if visible or name in SISTERS:
        return label if bar else rest if name in SISTERS or _LANGUAGE.fullmatch(prefix.strip()) else target.strip(" :")
    if _LANGUAGE.fullmatch(prefix.strip()):
        return ""
    return (label if bar else "") if name in spaces else label if bar else target


def _with_apostrophe(line: re.Match[str]) -> str:
    """A line where one bold and one italic mark are left over, of which the bold one is an apostrophe and an italic.

    It is, as in MediaWiki, the first that stands after a single letter, else after a word, else the first of all.
    """
    text = line[0]
    marks = list(_QUOTES.finditer(text))
    sizes = [min(len(mark[0]), 5) for mark in marks]
    bold = [mark for mark, size in zip(marks, sizes, strict=True) if size in (3, 4)]
    bolds = sum(size >= 3 for size in sizes)
    italics = sum(size in (2, 5) for size in sizes)
    chosen = None
    if bolds % 2 and italics % 2 and bold:
        chosen = min(bold, key=lambda mark: _rank(text, mark.start())).start()
    shown, last = [], 0
    for mark, size in zip(marks, sizes, strict=True):
        kept = len(mark[0]) - 5 if size == 5 else size == 4
        shown.append(text[last : mark.start()] + "'" * (kept + (mark.start() == chosen)))
        last = mark.end()
    return "".join((*shown, text[last:]))


def _rank(text: str, place: int) -> int:
    before, one_more = text[place - 1 : place], text[place - 2 : place - 1] if place > 1 else " "
    if before in ("", " "):
        return 2
    return 0 if one_more == " " else 1
