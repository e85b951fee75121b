"""What names are, from what stands beside them anywhere in a text: ``the rock band Pink Floyd``, ``Coimbra, a city``.

Nouns in apposition, after *is a* and before *such as* say what class a thing is of (Hearst 1992). A noun counts only if
it is one of `KINDS`: of other nouns too many stand beside a name by chance.
"""

import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from embeddings.text.class_nouns import KINDS, PEOPLE, REGIONS
from embeddings.text.descriptions import description

_CAPITAL = r"[A-ZÀ-ÖØ-ÞĀ-Ž][\w.'’&-]*"
_ARTICLES = frozenset("The A An El La Le Les Los Las Das Der Die Un Une Il Lo De I".split())
_WITHIN = r"(?:of|the|de|van|von|la|al|del|da|di|du|der|el|ibn|bin|and|in|for|to|a|on|at|&) "
_NAME = re.compile(rf"{_CAPITAL}(?: (?:{_WITHIN}){{0,2}}(?:{_CAPITAL}|\d+\b))*")
_CUT = re.compile(rf" (?:{_WITHIN})+")
_BEHIND = re.compile(
    r"[\"”]?(?: \([^()]{0,80}\))?(?:(?P<is>,? (?:is|was|are|were) (?:an?|the|one of the) )|, (?P<article>an?|the) )"
)
_SUCH_AS = re.compile(r"((?:[A-Za-z-]+ )?)([a-z-]+),? (?:such as|including|like) (?:the )?(?=[A-Z\"“])")
_ENDS = re.compile(r"(?!\w|-|\.\w)(?! (?:of |the |[A-ZÀ-ÖØ-Þ0-9]))")
"""What is behind the end of a name: no word that may be part of it."""
_AND = re.compile(r"[\"”]?(?:, | and |, and )(?:the )?[\"“]?")
_IN_REGION = re.compile(
    r", ((?:[A-Z][a-z]+ ?){1,3}?|Bosnia and Herzegovina)"
    r"(?=[.;:)]| (?!and )[a-z(]|, (?!and )[a-z]|, United States|$)"
)
_BORN = re.compile(r" \((?:born|b\.) (?:[A-Z][a-z]+ \d{1,2}, |\d{1,2} [A-Z][a-z]+ |in )?([12]\d{3})\)")
_OF_A_DAY = re.compile(r", (?=[A-ZÀ-ÖØ-Þ])")
_AS_WELL = re.compile(r" and ([a-z-]+)(?= \(|[,;.(]|$)")
_PARTICLES = frozenset("de dos da van von der la le du di del al el the of and".split())
_ROLES = {"directed by": "director", "starring": "actor", "composed by": "composer", "painted by": "painter"}
_TITLES = {
    title: title.lower()
    for title in "President King Queen Pope Prince Princess Emperor Empress General Admiral Captain Colonel Senator "
    "Governor Judge Bishop Archbishop Cardinal Sultan Duke Professor Rabbi Sheriff Mayor Chancellor".split()
}
_WITH_ARTICLE = frozenset(["Netherlands", "Philippines", "Czech Republic"])
_AMBIGUOUS = frozenset("play show star state park book judge coach pilot model ship fish dance film host guard".split())
"""Nouns before a name that may as well be verbs or end another name, if nothing stands before them."""
_OF_PLACES = frozenset(
    "city town village county province island municipality district commune borough hamlet parish region republic "
    "kingdom suburb neighborhood neighbourhood township".split()
)
_INTO = frozenset(
    "in at from near to of into through around across outside during after before under along for".split()
)
_STOPS = frozenset(
    "who which that whom whose of in by from at on for with to about near is was are were where when and or but as "
    "than had has have under between within along during after before since until not also both nor into against "
    "located situated based born known set made named called then because while so".split()
)
_NO_MODIFIERS = frozenset(
    """
    a about after against all also an and any are as at be been before being between both but by called can co could
    despite each either every few fellow for former from had has have he her his how i if in including into is it its
    late like many met more most my named near no nor not of on one or other our over per said same she since some
    such than that the their then there these they this those to two three four five six seven under until was we were
    what when where which while who whom whose will with would you your st th rd nd vs no. 's
    """.split()
)
_VAGUE = frozenset(
    """
    first second third last final new next own only current former major main prominent important famous popular
    notable century hit white leading old young large small largest biggest national- next debut later early late
    recent other independent well-known common typical certain important successful great best original
    influential eponymous top second-largest third-largest self-titled highly annual classic international wide
    full-length official
    """.split()
)
"""Praise and order, which say nothing of what a thing is."""
_OF_NAMES = re.compile(r"(?: (?:in|of|by|from) (?:the )?(?:[a-z]+ of )?[A-ZÀ-ÖØ-ÞĀ-Ž][\w.'’ -]*(?:, [A-Z][\w' -]*)?)+$")
_SAY_LITTLE = frozenset(
    "place person "
    "group team book character show program programme event story state series single family station people language "
    "program people order award station record law institution company building player".split()
)
"""Nouns that say too little alone."""
_MOST_MODIFIERS = 5
_AGREEMENT = 0.7
"""So much of what is said of a name has to be of one kind of things."""
_IN_REGIONS = _OF_PLACES - {"island", "kingdom", "republic", "province", "region"}
_SELDOM_SURE = frozenset(["groups", "things"])
"""Kinds of which one noun alone, said once, is no proof."""
_GENERAL_MORE = 4
"""So many times more must be said of a name as any place for that to be shown and not the city or river."""
_ANY = frozenset(["place", "person"])
"""Nouns that are taken where nothing more exact is said."""
_CLASSES = frozenset().union(*KINDS.values())
_PLURALS = {
    **{f"{noun[:-1]}ies" if noun[-1] == "y" and noun[-2:-1] not in "aeo" else f"{noun}s": noun for noun in _CLASSES},
    **{f"{noun}es": noun for noun in _CLASSES if noun.endswith(("s", "sh", "ch", "x"))},
    "cities": "city",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """That a name is of a class: the words before the noun, the noun, what is behind it, and how much that counts."""

    modifiers: tuple[str, ...]
    noun: str
    behind: str = ""
    weight: int = 1


Known = Callable[[str], int | None]
"""The row of a name, None for what is no entry."""


def statements(paragraph: str, known: Known) -> Iterator[tuple[int, Statement]]:
    """What is said of entries that are named in ``paragraph``, each by its row."""
    for match in _NAME.finditer(paragraph):
        found = _longest_known(match[0], match.start(), known)
        if found is None:
            title, _, name = match[0].partition(" ")
            start = match.end() - len(name)
            titled = _longest_known(name, start, known) if title in _TITLES else None
            if titled is not None and " " in (bare := paragraph[start : titled[1]]):
                of_title = Statement((), _TITLES[title])
                yield from [(titled[0], of_title)] if _fits(bare, of_title) else []
            continue
        row, end = found
        before = paragraph[max(0, match.start() - 80) : match.start()].rstrip('"“').split()
        name = paragraph[match.start() : end]
        said = [_said_behind(paragraph, end, before), _region_or_birth(paragraph, end, before, name)]
        if _ENDS.match(paragraph, end) is not None:
            said.append(_said_before(before, lone=" " not in name))
        for statement in said:
            if statement is not None and _fits(name, statement):
                yield row, statement
    for match in _SUCH_AS.finditer(paragraph):
        noun = _PLURALS.get(match[2])
        if noun is not None:
            of_list = Statement(_run_before(match[1].split()), noun)
            yield from ((row, of_list) for row in _listed(paragraph, match.end(), known))


def most_agreed(said: Counter[Statement], usual: Container[str], least: int) -> str | None:
    """Of what was ``said`` of one name, the noun of which most is said, with the ``usual`` words before it.

    None where less than ``least`` is said in all, or of different kinds of things.
    """
    weights = Counter[str]()
    for statement, times in said.items():
        weights[statement.noun] += statement.weight * times
    of_kinds = {kind: sum(weights[noun] for noun in nouns if noun in weights) for kind, nouns in KINDS.items()}
    kind = max(of_kinds, key=lambda name: of_kinds[name])
    if of_kinds[kind] < least or of_kinds[kind] < _AGREEMENT * weights.total():
        return None
    noun = _most_said(Counter({noun: weight for noun, weight in weights.items() if noun in KINDS[kind]}))
    if noun is None:
        return None
    forms = Counter[str]()
    for statement, times in said.items():
        if statement.noun == noun:
            runs = [_usual_of(run, usual) for run in _runs(statement.modifiers)]
            kept = [run for run in runs if run and run not in _VAGUE]
            forms[" ".join([*kept, noun]) + statement.behind] += statement.weight * times
    fuller = {text: weight for text, weight in forms.items() if " " in text and weight >= weights[noun] / 4}
    best = max(fuller or forms, key=lambda text: (forms[text], len(text), text))
    if best == noun and noun in _IN_REGIONS and weights["place"]:
        regions = Counter({s.behind: times for s, times in said.items() if s.noun == "place"})
        best += max(regions, key=lambda text: (regions[text], text))
    unsure = weights.total() == 1 and kind in _SELDOM_SURE and best == noun
    return None if best in _SAY_LITTLE or unsure else best


def _most_said(weights: Counter[str]) -> str | None:
    """The noun of most weight; None where two have the same. One of any place or person gives way to a better."""
    exact = Counter({noun: weight for noun, weight in weights.items() if noun not in _ANY})
    general = max((weight for noun, weight in weights.items() if noun in _ANY), default=0)
    if not exact or max(exact.values()) * _GENERAL_MORE < general:
        return max(_ANY & weights.keys(), key=lambda noun: (weights[noun], noun))
    (noun, most), *others = exact.most_common(2)
    return None if others and others[0][1] == most else noun


def class_of(description: str) -> str | None:
    """The noun that says what class of things a description is of: ``band`` of ``English rock band from Leeds``."""
    noun = _noun_phrase(description)[1]
    if noun is not None:
        return noun
    return next((word for word in description.replace(",", " ").split() if word in _CLASSES), None)


def modifiers_of(description: str) -> list[str]:
    """What stands before the class noun of an article's description: ``American``, ``superhero`` of ``American
    superhero film of 2002``. Words in capitals beside each other are one: ``Premier League``.
    """
    words, noun = _noun_phrase(description)
    return _runs(words[:-1]) if noun is not None else []


def _runs(words: Sequence[str]) -> list[str]:
    runs: list[str] = []
    for place, word in enumerate(words):
        if place and word[0].isupper() and words[place - 1][0].isupper():
            runs[-1] += f" {word}"
        else:
            runs.append(word)
    return runs


def _usual_of(run: str, usual: Container[str]) -> str:
    """The longest beginning of a run of capitals that is ``usual``: ``Russian`` of ``Russian Premier League``."""
    words = run.split()
    beginnings = (" ".join(words[:end]) for end in range(len(words), 0, -1))
    return next((beginning for beginning in beginnings if beginning in usual), "")


def _longest_known(name: str, start: int, known: Known) -> tuple[int, int] | None:
    """The row of the longest beginning of a run of capitals at ``start`` that is an entry, and where it ends."""
    if name in _ARTICLES:
        return None
    ends = [len(name), *(cut.start() for cut in reversed(list(_CUT.finditer(name))))]
    for end in ends:
        text = name[:end].rstrip(".")
        for short in (text, text.removesuffix("'s").removesuffix("’s")):
            if (row := known(short)) is not None:
                return row, start + len(short)
    return None


def _region_or_birth(paragraph: str, end: int, before: list[str], name: str) -> Statement | None:
    """That a name is a place in a region, ``in Galena, Illinois``, or somebody, ``Emma Stone (born 1988)``."""
    if before and before[-1].lower() in _INTO and name not in REGIONS:
        match = _IN_REGION.match(paragraph, end)
        if match is not None and match[1].strip() in REGIONS:
            region = match[1].strip()
            return Statement((), "place", f" in {'the ' if region in _WITH_ARTICLE else ''}{region}")
    if not 2 <= len(name.split()) <= 4 or _CUT.search(name) is not None or name.split()[0] == "The":
        return None
    if before and (before[-1] in _PARTICLES or before[-1][:1].isupper()):
        return None  # the name is longer
    if (match := _BORN.match(paragraph, end)) is not None:
        return Statement((), "person", f" born in {match[1]}", 2)
    return None


def _fits(name: str, statement: Statement) -> bool:
    """Whether a name that says itself what it is, ``Gatun Lake``, is said to be that."""
    own = [word for word in (name.split()[0].lower(), name.split()[-1].lower()) if word in _CLASSES]
    return (
        not own or " " not in name or statement.noun in own or (statement.noun == "place" and own[0] in KINDS["places"])
    )


def _said_behind(paragraph: str, end: int, before: list[str]) -> Statement | None:
    """What *is a ...* or an apposition behind a name says."""
    if len(before) > 1 and before[-1] == "–" and before[-2].isdigit():
        return _born_or_dead(paragraph, end)
    match = _BEHIND.match(paragraph, end)
    if match is None:
        return None
    rest = paragraph[match.end() : match.end() + 240]
    words, noun = _noun_phrase(rest)
    if noun is None:
        return None
    nearest = [word.lower() for word in before[-2:] if word.lower() != "the"]
    into = bool(nearest) and nearest[-1] in _INTO
    is_place = noun in KINDS["places"]
    modifiers = tuple(words[:-1])
    if match["is"]:
        if before and before[-1][-1:] not in ".!?:" and before[-1] not in ("The", "the"):
            return None  # the subject is longer than the name: the mayor of Springfield was a lawyer
        full = description(f"X is a {rest}") or ""
        plain = " ".join(words)
        behind = _OF_NAMES.match(full, len(plain)) if full.startswith(plain) else None
        return Statement(modifiers, noun, behind[0] if behind else "", 2)
    if into and not is_place:
        return None
    return Statement(modifiers, noun, "", 1 if match["article"] == "the" else 2)


def _born_or_dead(paragraph: str, end: int) -> Statement | None:
    """What lists of births and deaths say: ``1809 – Edgar Allan Poe, American author and poet (d. 1849)``."""
    match = _OF_A_DAY.match(paragraph, end)
    if match is None:
        return None
    rest = paragraph[match.end() : match.end() + 120]
    words, noun = _noun_phrase(rest)
    if noun not in PEOPLE:
        return None
    also = _AS_WELL.match(rest, len(" ".join(words)))
    return Statement(tuple(words[:-1]), noun, f" and {also[1]}" if also and also[1] in PEOPLE else "", 2)


def _said_before(before: list[str], *, lone: bool) -> Statement | None:
    """What a noun before a name says: ``the rock band``, ``the city of``, ``directed by``."""
    if len(before) < 2:
        return None
    last = before[-1]
    if last == "of" and before[-2] in _OF_PLACES:
        return Statement(_run_before(before[:-2]), before[-2]) if "the" in before[-6:-2] else None
    if not lone and (role := _ROLES.get(" ".join(before[-2:])) or _ROLES.get(last)):
        return Statement((), role)
    kept = _run_before(before[:-1])
    return None if last not in _CLASSES or (last in _AMBIGUOUS and not kept) else Statement(kept, last)


def _run_before(words: list[str]) -> tuple[str, ...]:
    """The modifiers with which ``words`` end."""
    kept: list[str] = []
    for word in reversed(words[-3:]):
        if not word[-1:].isalnum() or word.lower() in _NO_MODIFIERS or word.endswith(("ed", "ly", "ing", "'s", "’s")):
            break
        if kept and kept[0][0].isupper() and not word[0].isupper():
            break
        kept.insert(0, word)
    return tuple(kept)


def _noun_phrase(text: str) -> tuple[list[str], str | None]:
    """The words up to the class noun that ends the noun phrase at the beginning of ``text``, and that noun."""
    words: list[str] = []
    for word in text.split():
        bare = word.rstrip(',.;:)"”')
        if bare.lower() in _STOPS or (words and words[-1] in _CLASSES and bare.endswith(("ed", "ing", "ly"))):
            break
        if not bare or not bare[0].isalnum():
            return words, None
        words.append(bare)
        if bare != word and not (word == f"{bare}," and bare not in _CLASSES):
            break
        if bare != word and bare in _CLASSES:
            break
        if len(words) > _MOST_MODIFIERS + 1:
            return words, None
    if not words or words[-1] not in _CLASSES or _NO_MODIFIERS.intersection(word.lower() for word in words):
        return words, None
    return words, words[-1]


def _listed(paragraph: str, start: int, known: Known) -> Iterator[int]:
    while (match := _NAME.match(paragraph, start + (paragraph[start : start + 1] in ('"', "“")))) is not None:
        found = _longest_known(match[0], match.start(), known)
        if found is not None:
            yield found[0]
        joined = _AND.match(paragraph, found[1] if found is not None else match.end())
        if joined is None:
            return
        start = joined.end()
