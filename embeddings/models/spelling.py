"""Which spellings belong to one word: case, accents, width, and what other vocabularies put around a word."""

import re
import unicodedata
from collections.abc import Sequence

_IGNORED = (0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10))
_FOLDED_AWAY: dict[int, str | None] = {
    **dict.fromkeys(range(0x300, 0x370)),
    **dict.fromkeys(_IGNORED),
    **dict.fromkeys(map(ord, "’‘ʼ"), "'"),
    ord("ı"): "i",
}
_FOLDED_AWAY_BEFORE: dict[int, str | None] = {**dict.fromkeys(range(0x300, 0x370)), ord("’"): "'"}

_PARTS_OF_SPEECH = (
    "ADJ|ADP|ADV|AUX|CCONJ|CONJ|DET|INTJ|NOUN|NUM|PART|PRON|PROPN|PUNCT|SCONJ|SYM|VERB"
    "|NNPS|NNP|NNS|NN|VBD|VBG|VBN|VBP|VBZ|VB|JJR|JJS|JJ|RBR|RBS|RB"
)
_SPACES = r"ENTITY|CONCEPT|CATEGORY|TITLE|WIKI[A-Z]*|DBPEDIA|FREEBASE|YAGO|BABELNET|[A-Z]+_ID"
_KEY = re.compile(
    rf"""
    /c/[a-z]{{2,3}}(?:-[a-z]+)?/ (?P<conceptnet>[^/]+) (?:/[nvars](?:/.*)?)?
  | /en/ (?P<freebase>[^/]+)
  | <?https?://\S*/(?:resource|wiki|entity|page)/ (?P<address>[^>\s]+?) >?
  | (?:{_SPACES})/ (?P<entity>.+)
  | (?:dbr|dbpedia|wiki|wikipedia|enwiki): (?P<prefixed>[^:]+)
  | (?P<sense>.+) \|[A-Z][A-Z_]*
  | (?P<tagged>.+) [_/](?:{_PARTS_OF_SPEECH})
  | (?P<numbered>.+) (?: \#[nvars](?:\#[0-9]+)? | \.[nvars]\.[0-9]+ )
  | (?P<wordnet>[^%]+) %[1-5]:[0-9]+:[0-9]+:.*
  | [▁Ġ] (?P<piece>.+)
  | (?P<whole>.+) </w>
    """,
    re.VERBOSE,
)


def fold(word: str) -> str:
    """Bring the spellings of a word together: ``México``, ``ＭＥＸＩＣＯ`` and ``mexico`` are one.

    Compatibility forms (NFKC: width, ligatures), case (Unicode's full folding, dotless and dotted i as well), accents,
    apostrophes and invisible characters are folded. Only the combining accents of Latin, Greek and Cyrillic go; the
    vowel signs of other scripts carry meaning.
    """
    if word.isascii():
        return word.lower()
    bare = unicodedata.normalize("NFKD", word).translate(_FOLDED_AWAY)
    folded = unicodedata.normalize("NFKC", bare.casefold())
    return folded if folded.strip() else unicodedata.normalize("NFC", word.casefold())


def fold_each(words: Sequence[str]) -> list[str]:
    """`fold` of each of ``words``."""
    together = "\0".join(words)
    if together.isascii() and together.count("\0") == len(words) - 1:
        return together.lower().split("\0")
    return [word.lower() if word.isascii() else fold(word) for word in words]


def fold_before(word: str) -> str:
    """`fold` as in vocabularies with tables of seven rows."""
    if word.isascii():
        return word.lower()
    bare = unicodedata.normalize("NFD", word).translate(_FOLDED_AWAY_BEFORE)
    return unicodedata.normalize("NFC", bare.casefold())


def caseless(word: str) -> str:
    """``word`` with nothing but case and compatibility forms folded."""
    if word.isascii():
        return word.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())


def plain(key: str) -> str:
    """The word in a key of ConceptNet, sense2vec, Wikipedia2Vec and their like: ``/c/en/coffee_pot`` → ``coffee_pot``.

    Any other key is its own word.
    """
    found = _KEY.fullmatch(key)
    return key if found is None else found[found.lastgroup or 0]


def folded_key(key: str) -> str:
    """The folded word of a key, under which a vocabulary finds it."""
    if key.isascii() and key.islower() and key.replace("_", "").isalnum():
        return key  # as most are: no key of others is written with these characters alone
    return fold(plain(key))
