"""Small texts of names, and what is found in them."""

from embeddings.text import (
    FIRST_WORD,
    Case,
    Entities,
    Ids,
    Spellings,
    TokenParameters,
    find_entities,
    joined_word,
    numbered,
    spellings_of,
    tokenise,
)

SPELLED = TokenParameters(case=Case.KEEP)


def entities_of(text: str, given: list[str] | None = None, titles: list[str] | None = None, least: int = 5) -> set[str]:
    found, spellings, _ = read(text, given, titles, least)
    return {joined_word(phrase, spellings.words) for phrase in found.phrases.phrases}


def read(
    text: str, given: list[str] | None = None, titles: list[str] | None = None, least: int = 5
) -> tuple[Entities, Spellings, Ids]:
    tokens = tokenise(text, SPELLED)
    spellings = spellings_of(tokens.words, Case.LOWER)
    plain = TokenParameters()
    of_user = numbered(given or [], spellings.words, plain)
    of_titles = numbered(titles or [], spellings.words, plain)
    found = find_entities(tokens.ids, spellings, of_user, of_titles, least)
    return found, spellings, tokens.ids


def joined(text: str, **how: list[str]) -> str:
    found, spellings, ids = read(text, **how)
    places, phrases = found.phrases.find(ids, spellings)
    words = [*spellings.words, *(joined_word(phrase, spellings.words) for phrase in found.phrases.phrases)]
    out = found.phrases.join(ids, spellings, places, phrases)
    return " ".join(words[number - FIRST_WORD] if number >= FIRST_WORD else "." for number in out.tolist())


def corpus(*sentences: str, times: int = 8, filler: int = 600) -> str:
    """``sentences`` among others, far enough apart to be no single article's."""
    other = "He saw that a small cat had been there and she read some of it on the train to work."
    return "\n".join(line for _ in range(times) for line in (*sentences, *[other] * (filler // times)))
