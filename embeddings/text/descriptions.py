"""What the subject of an encyclopedia's article is, in one line, from the article's first sentence.

An article begins with its subject in capitals (`The AINU ... are an indigenous people of Japan`), as in corpora that
keep bold letters that way; other names of the same subject stand in capitals in the same sentence.
"""

import re
from collections.abc import Iterable, Iterator

_MOST_LETTERS = 64
_SENTENCE = 700
"""Letters of a paragraph that are looked at."""
_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_IS = re.compile(
    r"\b(?:is|are|was|were)\s+(?:also\s+|currently\s+|usually\s+|generally\s+|originally\s+|either\s+|probably\s+)*"
    r"(?:(?:the\s+(?:common\s+)?name\s+(?:of|for)\s+)?(?:(?:a|an|any|one\s+of\s+the|both\s+an?)\s+|(?P<the>the\s+)"
    r"|(?=(?!(?:held|sold|found|born|made|used|set|\w+ed)\b)[a-z]+\s+(?:of|in|for)\b)))"
)
_FIRST = re.compile(r"(?:The |An? )?[\"“'‘]?(?=\S)")
_ENDS = re.compile(
    r"(?<!\b[A-Z])\.(?=\s|$)|[;:](?=\s)|,?\s+(?:that|which|who|whose|whom|where|when|while|but|although|because|so)\b"
    r"|,?\s+and (?:is|was|has|the)\b"
    r"|,\s+(?=(?:located|situated|founded|established|created|directed|written|published|released|based|known|best|born|"
    r"most|formed|developed|owned|produced|designed|named|serving|including|and|with|as|one|a|an|the|in|of|on|from)\b)"
    r"|\s+(?:best known|known|located|situated|founded|established|created by|directed by|written by|published by|"
    r"released|based on|produced by|starring|consisting|used to|named after|born|formed|serving)\b"
)
_CUTS = re.compile(r",?\s+(?:in|of|from|by|for|on|at|and|with|to|near|under|during|between)\s")
_LOOSE_END = re.compile(
    r",?\s+(?:in|of|at|by|for|from|to|and|or|with|on|as|into|based|located|built|published|manufactured|recorded|made)$"
)
_VAGUE = frozenset("name term word phrase following title result one part some set subject number".split())


def subjects(paragraph: str) -> list[str]:
    """The names in capitals with which an article begins, in their order; none for any other paragraph."""
    start = _FIRST.match(paragraph)
    if start is None:
        return []
    text = paragraph[start.end() : _SENTENCE]
    verb = _IS.search(text)
    if verb is None:
        return []
    names = list(_capital_runs(text[: verb.start()]))
    return names if names and text.startswith(names[0]) else []


def description(paragraph: str) -> str | None:
    """What the first sentence of an article says that its subject is: ``2002 American superhero film``."""
    text = paragraph[:_SENTENCE]
    while (bare := _BRACKETS.sub("", text)) != text:
        text = bare
    verb = _IS.search(text)
    if verb is None:
        return None
    said = (verb["the"] or "") + text[verb.end() :]
    end = _ENDS.search(said)
    said = " ".join(said[: end.start() if end else len(said)].replace("]", "").split()).strip(" ,;:'\"")
    if len(said) > _MOST_LETTERS:
        cuts = [cut.start() for cut in _CUTS.finditer(said) if 16 <= cut.start() <= _MOST_LETTERS]
        if not cuts:
            return None
        said = said[: cuts[-1]]
    while (whole := _LOOSE_END.sub("", said)) != said:
        said = whole
    if said.count('"') % 2:
        return None
    first = said.removeprefix("the ").split(" ", 1)[0].casefold()
    return said if len(said) >= 4 and first not in _VAGUE and not said.isupper() else None


def described(paragraphs: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each subject in capitals with what it is, in the order of ``paragraphs``."""
    for paragraph in paragraphs:
        names = subjects(paragraph)
        if names and (said := description(paragraph)):
            yield from ((name, said) for name in names)


def _capital_runs(text: str) -> Iterator[str]:
    """Runs of words in capitals, numbers within them included; a run of initials alone is none."""
    run: list[str] = []
    for word in [*text.split(), ""]:
        bare = word.strip("\"“”'‘’,;:()[]")
        letters = [letter for letter in bare if letter.isalpha()]
        capital = bare.isupper() and (len(letters) > 1 or bool(run))
        number = bare.isdigit() or bare in ("&", "–", "-", "/")
        if bare and (capital or number):
            run.append(bare)
        if run and (not (capital or number) or word.endswith((",", ";", ")", '"', "”"))):
            name = " ".join(run)
            if sum(map(str.isalpha, name)) > 2:
                yield name
            run = []
