"""Wikipedia's XML dumps: pages → articles."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from embeddings.errors import CorpusError
from embeddings.text.wiki_markup import plain_text, without_references
from embeddings.text.wiki_names import (
    CATEGORIES,
    FILES,
    OTHER_SPACES,
    folded,
    is_disambiguation_template,
    is_disambiguation_title,
)

PAGE_START, PAGE_END = re.compile(rb"<page[\s>]"), b"</page>"
DUMP_END = re.compile(rb"</mediawiki\s*>")
_NEXT_DUMP = re.compile(rb"</mediawiki\s*>(?:\s|<\?xml.*?\?>|<!--.*?-->)*<mediawiki\b.*?(?=<page[\s>]|\Z)", re.DOTALL)
"""Between two dumps that stand one after the other in a file."""
_LISTS = ("List of ", "Lists of ", "Index of ")
_NAMESPACE = re.compile(rb"<namespace\s[^>]*>([^<]+)</namespace>")
_CANONICAL = ("File", "Image", "Category", "Media", "Template", "Wikipedia", "Help", "Portal", "Special", "User")
_TEMPLATE_NAME = re.compile(r"\{\{\s*(?:[Tt]emplate:)?([^{}|\n#:]{2,60}?)\s*(?=[|}\n])")
_REDIRECT = re.compile(r"\s*#[^\s\[\]#*:;|]+\s*:?\s*\[\[[^\[\]\n]+\]\]")


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
        together = _NEXT_DUMP.sub(b"", pages) if b"</mediawiki" in pages else pages
        root = ElementTree.fromstring(b"<pages>" + together + b"</pages>")  # noqa: S314  # no entities can be declared
    except ElementTree.ParseError as error:
        raise CorpusError(f"the XML of the dump is broken: {error}. Get the dump again.") from error
    known = frozenset(map(folded, spaces)) | FILES | CATEGORIES | OTHER_SPACES
    for page in root.iterfind("page"):
        title = page.findtext("title") or ""
        text = _newest_text(page)
        if not text or page.find("redirect") is not None or not _is_of_articles(page, title, known):
            continue
        if title.startswith(_LISTS) or is_disambiguation_title(title) or _REDIRECT.match(text):
            continue
        if not _is_disambiguation(text):
            yield Article(title, plain_text(text, spaces))


def _newest_text(page: ElementTree.Element) -> str:
    """The markup of the newest revision; of those without a time the last. Nothing if it is no wiki markup."""
    revisions = page.findall("revision")
    if not revisions:
        return ""
    newest = max(enumerate(revisions), key=lambda each: (each[1].findtext("timestamp") or "", each[0]))[1]
    return (newest.findtext("text") or "") if newest.findtext("model", "wikitext") == "wikitext" else ""


def _is_of_articles(page: ElementTree.Element, title: str, spaces: frozenset[str]) -> bool:
    space = page.findtext("ns")
    if space is not None:
        return space.strip() == "0"
    prefix, colon, _ = title.partition(":")
    return not colon or folded(prefix) not in spaces


def _is_disambiguation(text: str) -> bool:
    shown = without_references(text)
    if "__DISAMBIG__" in shown:
        return True
    return any(map(is_disambiguation_template, set(_TEMPLATE_NAME.findall(shown))))
