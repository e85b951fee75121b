"""What people do, from what stands beside their names: ``blues guitarist Muddy Waters``, ``Odilon Redon, a painter``.

Nouns in apposition say what their neighbours are (Hearst 1992 found classes of things by such patterns). Only
occupations are read: of other nouns too many stand beside a name by chance.
"""

import re
from collections import Counter
from collections.abc import Iterator

OCCUPATIONS = frozenset(
    """
    activist actor actress admiral animator anthropologist archaeologist archbishop architect artist astronaut
    astronomer author bassist biologist bishop botanist boxer businessman cartoonist cellist chemist choreographer
    coach comedian composer conductor cricketer critic cyclist dancer designer diplomat director drummer economist
    engineer entrepreneur explorer filmmaker footballer geologist golfer guitarist historian illustrator inventor
    journalist lawyer linguist mathematician missionary musician neuroscientist novelist painter philosopher
    photographer physician physicist pianist pilot player playwright poet politician prelate producer professor
    psychologist rapper scientist screenwriter sculptor senator singer singer-songwriter skier sociologist
    songwriter statesman surgeon swimmer theologian violinist wrestler writer zoologist
    """.split()
)
_PLAIN = frozenset(
    """
    a about after against all also an and are as at before being between both but by called co despite fellow
    first for former friend from had has have he her his i in including into is it its late like long-time
    longtime many met my named nd near of on one or other our over per rd see she some son st th than that the
    their then these they this to two under until was were when where which while who whom with
    """.split()
)
"""Words that end what is said of somebody, read from the name outwards."""
_NAME = r"[A-Z][\w.'’-]*[\w'’](?: (?:(?:de|van|von|la|al|der|del|da|di|ibn|bin) ){0,2}[A-Z][\w.'’-]*[\w'’]){1,3}"
_HEADS = "|".join(sorted(OCCUPATIONS, key=lambda word: (-len(word), word)))
_BEFORE = re.compile(rf"((?:[A-Za-z-]+ ){{0,3}}(?:{_HEADS})) ({_NAME})(?![\w-])")
_BEHIND = re.compile(
    rf"(?<![\w-])({_NAME}), (?:an?|the) ((?:[A-Za-z-]+,? ){{0,4}}(?:{_HEADS}))(?= ?[,.;(]| (?:who|and|of|in|by|from)\b)"
)
_MOST_WORDS = 5


def occupations(paragraph: str) -> Iterator[tuple[str, str]]:
    """Names of two words or more with an occupation beside them: ``("Odilon Redon", "painter")``."""
    for match in _BEFORE.finditer(paragraph):
        yield match[2], _said(match[1].split())
    for match in _BEHIND.finditer(paragraph):
        words = match[2].replace(",", "").split()
        if len(words) <= _MOST_WORDS and not _PLAIN.intersection(word.lower() for word in words if word != "and"):
            yield match[1], match[2]


def agreed(said: Counter[str]) -> str | None:
    """Of what was ``said`` of one person, the most frequent occupation, in its most frequent form of several words.

    None if it is one word that was said once.
    """
    if said.total() < 2 and not any(" " in text for text in said):
        return None
    heads: Counter[str] = Counter()
    for text, times in said.items():
        heads[text.split()[-1]] += times
    head = max(heads, key=lambda word: (heads[word], word))
    forms = [text for text in said if text.split()[-1] == head]
    longer = [text for text in forms if " " in text]
    return max(longer or forms, key=lambda text: (said[text], text[0].isupper(), len(text), text))


def _said(words: list[str]) -> str:
    kept = [words[-1]]
    for word in reversed(words[:-1]):
        if word.lower() in _PLAIN or word.endswith(("ed", "ly", "ing")):
            break
        kept.insert(0, word)
        if word[0].isupper():
            break
    return " ".join(kept)
