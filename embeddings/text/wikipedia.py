"""Wikipedia's XML dumps: pages → articles → the text that a reader sees."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from embeddings.errors import CorpusError

PAGE_START, PAGE_END, DUMP_END = b"<page>", b"</page>", b"</mediawiki>"
_LISTS = ("List of ", "Lists of ", "Index of ")
_DISAMBIGUATION = re.compile(r"\{\{\s*(?:disambig|disambiguation|dab|hndis|geodis|surname)\b", re.IGNORECASE)
_NAMESPACE = re.compile(rb"<namespace\s[^>]*>([^<]+)</namespace>")
_CANONICAL = ("File", "Image", "Category", "Media", "Template", "Wikipedia", "Help", "Portal", "Special", "User")

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_WITHOUT_TEXT = re.compile(
    r"<(ref|math|gallery|timeline|code|syntaxhighlight|source|pre|score|imagemap|hiero|chem|ce|templatedata|graph"
    r"|mapframe|maplink)\b[^<>]*?(?:/>|>.*?</\1\s*>)",
    re.DOTALL | re.IGNORECASE,
)
_SHOWN_TEMPLATE = re.compile(
    r"\{\{\s*(?:lang\|[^{}|]*|nowrap|nobr|nihongo|transl\|[^{}|]*)\|([^{}|]*)[^{}]*\}\}", re.IGNORECASE
)
_BRACES = re.compile(r"\{\{|\}\}|\{\||\|\}(?!\})")
_LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
_EXTERNAL_LINK = re.compile(r"\[(?:https?|ftp)?:?//[^\s\]]+\s*([^\]]*)\]|(?:https?|ftp)://\S+")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_HEADING_OR_MARK = re.compile(r"^=+[^\n]*=+[ \t]*$|^[*#:;|!]+[ \t]*|__[A-Z]+__|''+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    text: str


def namespaces(head: bytes) -> tuple[str, ...]:
    """Names of the namespaces that the dump beginning with ``head`` has: links into them are not text."""
    found = (html.unescape(name.decode("utf-8", errors="replace")) for name in _NAMESPACE.findall(head))
    return tuple(dict.fromkeys((*_CANONICAL, *found)))


def articles(pages: bytes, spaces: Sequence[str] = _CANONICAL) -> Iterator[Article]:
    """The articles among ``pages``, whole ``<page>`` elements: no redirects, lists, disambiguations or talk.

    Raises `CorpusError` where the XML is broken.
    """
    try:
        root = ElementTree.fromstring(b"<pages>" + pages + b"</pages>")  # noqa: S314  # entities cannot be declared here
    except ElementTree.ParseError as error:
        raise CorpusError(f"the XML of the dump is broken: {error}. Get the dump again.") from error
    not_text = re.compile(
        rf"\s*:?(?:{'|'.join(map(re.escape, spaces))}|(?-i:[a-z]{{1,4}}(?:-[a-z]+)*))\s*:\S", re.IGNORECASE
    )
    for page in root.iterfind("page"):
        title = page.findtext("title") or ""
        text = page.findtext("revision/text") or ""
        if page.findtext("ns", "0") != "0" or page.find("redirect") is not None:
            continue
        if title.startswith(_LISTS) or title.endswith("(disambiguation)") or _DISAMBIGUATION.search(text):
            continue
        yield Article(title, plain_text(text, not_text))


def plain_text(markup: str, not_text: re.Pattern[str]) -> str:
    """What a reader sees of ``markup``, without tables, templates, references and headings.

    Links whose target matches ``not_text`` (files, categories, other languages) go altogether.
    """
    text = _COMMENT.sub("", markup)
    text = _WITHOUT_TEXT.sub("", text)
    text = _SHOWN_TEMPLATE.sub(r"\1", text)
    text = without_braces(text)

    def shown(link: re.Match[str]) -> str:
        return "" if not_text.match(link[1]) else link[1].rpartition("|")[2]

    replaced = 1
    while replaced:  # the captions of pictures hold links themselves: the innermost go first
        text, replaced = _LINK.subn(shown, text)
    text = _EXTERNAL_LINK.sub(r"\1", text)
    text = _TAG.sub("", _LINE_BREAK.sub("\n", text))
    return html.unescape(_HEADING_OR_MARK.sub("", text))


def without_braces(text: str) -> str:
    """``text`` without its templates ``{{…}}`` and tables ``{|…|}``, however nested; one that is never closed stays."""
    open_braces: list[re.Match[str]] = []
    spans: list[tuple[int, int]] = []
    for brace in _BRACES.finditer(text):
        if brace[0][0] == "{":
            open_braces.append(brace)
            continue
        wanted = "{{" if brace[0] == "}}" else "{|"
        matching = next(
            (place for place in range(len(open_braces) - 1, -1, -1) if open_braces[place][0] == wanted), None
        )
        if matching is None:
            continue
        start = open_braces[matching].start()
        del open_braces[matching:]
        while spans and spans[-1][0] > start:
            spans.pop()
        spans.append((start, brace.end()))
    kept, last = [], 0
    for start, end in spans:
        kept.append(text[last:start])
        last = end
    return "".join((*kept, text[last:]))
