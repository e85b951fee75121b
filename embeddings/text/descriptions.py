"""What the subject of an encyclopedia's article is, in one line, from the article's first sentence.

An article begins with its subject in capitals (`The AINU ... are an indigenous people of Japan`), as in corpora that
keep bold letters that way; other names of the same subject stand in capitals in the same sentence, behind words that
say so (`or the EZO`). What else begins with capitals (`The IBM PC layout ...`) is about something else.
"""

import re
from collections.abc import Iterable, Iterator

_MOST_LETTERS = 64
_SENTENCE = 700
"""Letters of a paragraph that are looked at."""
_BRACKETS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_IS = re.compile(
    r"\b(?:is|are|was|were)\s+(?:also\s+|currently\s+|usually\s+|generally\s+|originally\s+|either\s+|probably\s+)*"
    r"(?:(?:the\s+(?:common\s+)?name\s+(?:of|for)\s+)?"
    r"(?:(?:any\s+of\s+(?:a\s+number\s+of|several|various|the|two|three|four|five|six|seven|eight|nine|ten)|any|an?"
    r"|one\s+of\s+the|both\s+an?)\s+|(?P<the>the\s+)"
    r"|(?=(?!(?:held|sold|found|born|made|used|set|written|known|given|capable|native|\w+ed)\b)[a-z]+\s+(?:of|in|for)\b)))"
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
    r",?\s+(?:in|of|at|by|for|from|to|and|or|with|on|as|into|the|an?|based|located|built|published|manufactured|recorded|"
    r"made|written|trying|approximately|about|midway|belonging|operating|speciali[sz]ing|focusing|focused|developed|designed|"
    r"native|held|used|operated|owned|released|founded|produced|directed|consisting|\S+-)$"
)
_LEADS_TO_A_NAME = frozenset(
    """
    or also aka alias known called named as commonly formerly officially better best popularly simply just abbreviated
    often sometimes usually his her its their stage name pen referred spelled spelt shortened short for originally
    previously born née professionally colloquially occasionally historically formally full fully in to by now then
    more less generally the a an
    """.split()
)
"""Words between two names of one subject; what else stands between them is another thing's."""
_LEAD_NOWHERE = frozenset("the a an in to by for".split())
_GOES_ON = frozenset("of in and for at on from to with by".split())
"""Words behind the first part of a longer name."""
_MARKS = "\"“”'‘’,;:()[]"
_VAGUE = frozenset("acronym name term word phrase following title result one part some set subject number".split())


def subjects(paragraph: str) -> list[str]:
    """The names in capitals with which an article begins, in their order; none for any other paragraph."""
    start = _FIRST.match(paragraph)
    if start is None:
        return []
    text = paragraph[start.end() : _SENTENCE]
    bare = _without_brackets(text)
    verb = _IS.search(bare)
    if verb is None:
        return []
    head = bare[: verb.start()]
    names = _names_of_one(head, led=True)
    if not names or not text.startswith(names[0]) or not _ends_a_subject(head[len(names[0]) :].split()):
        return []
    within = _BRACKETS.findall(text[: verb.start() + len(text) - len(bare)])
    return names + [name for bracket in within for name in _names_of_one(bracket.strip("[( )]"), led=False)]


def title(paragraph: str) -> str | None:
    """The name in capitals with which an article begins, whatever it says of it: ``CATEGORY THEORY formalizes ...``.
    Headings before a sentence are none.
    """
    start = _FIRST.match(paragraph)
    text = _without_brackets(paragraph[start.end() : _SENTENCE]) if start else ""
    name = next((name for _, name in _capital_runs(text) if text.startswith(name)), None)
    following = text[len(name) :].strip(_MARKS + " ").split() if name is not None else []
    return name if following and following[0][0].islower() and following[0] not in _GOES_ON else None


def description(paragraph: str) -> str | None:
    """What the first sentence of an article says that its subject is: ``2002 American superhero film``."""
    text = _without_brackets(paragraph[:_SENTENCE])
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


def _without_brackets(text: str) -> str:
    while (bare := _BRACKETS.sub("", text)) != text:
        text = bare
    return text


def _ends_a_subject(following: list[str]) -> bool:
    """Whether what stands between a subject and its verb does not go on with it, as in `The IBM PC layout is`."""
    word = following[0] if following else ","
    return not word[0].isalpha() or word.endswith("ly") or word in _LEADS_TO_A_NAME


def _names_of_one(text: str, *, led: bool) -> list[str]:
    """The names in capitals up to the first that is not said to be another name of the same; ``led`` is whether the
    first one is.
    """
    names: list[str] = []
    for before, name in _capital_runs(text):
        words = {word for part in before if (word := part.strip(_MARKS).lower())}
        leads = bool(words - _LEAD_NOWHERE) or len(names) > 1
        if not (led and not names) and not (leads and words <= _LEADS_TO_A_NAME):
            break
        names.append(name)
    return names


def _capital_runs(text: str) -> Iterator[tuple[list[str], str]]:
    """Runs of words in capitals, numbers within them included, each with the words before it; a run of initials alone
    is none.
    """
    run: list[str] = []
    before: list[str] = []
    for word in [*text.split(), ""]:
        bare = word.strip(_MARKS)
        letters = [letter for letter in bare if letter.isalpha()]
        capital = bare.isupper() and (len(letters) > 1 or bool(run))
        number = bare.isdigit() or bare in ("&", "–", "-", "/")
        if bare and (capital or number):
            run.append(bare)
        if run and (not (capital or number) or word.endswith((",", ";", ")", '"', "”"))):
            name = " ".join(run)
            if sum(map(str.isalpha, name)) > 2:
                yield before, name
                before = []
            run = []
        if not (capital or number):
            before.append(word)
