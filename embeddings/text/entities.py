"""Phrases that people mean: names by their capitals, articles' subjects, a user's list; see `terms` for the others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.text.capitals import Capitals, Flags, count_capitals, count_runs, find_subjects
from embeddings.text.cased_phrases import CasedPhrases, cased_phrases
from embeddings.text.kernel import Trait
from embeddings.text.names import Name, Names
from embeddings.text.phrase_lists import cohesive, known_phrases
from embeddings.text.phrases import blocks_of
from embeddings.text.possessives import possessive_names
from embeddings.text.spellings import POSSESSIVE, Spellings
from embeddings.text.terms import term_words
from embeddings.text.tokens import FIRST_WORD, Ids


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """What was found."""

    phrases: CasedPhrases
    capitals: Capitals
    edges: Flags
    """[words + 2] which words may stand at an edge of a term."""
    names: int
    subjects: int
    """Of articles, by their first sentences and by their titles; those that are names as well are counted there."""
    given: int


def find_entities(
    ids: Ids, spellings: Spellings, given: Collection[Name], titles: Collection[Name], least: int
) -> Entities:
    """The phrases of ``ids``, tokens as they are spelled, that are met at least so often."""
    capitals = count_capitals(blocks_of(ids), spellings)
    subjects = {name for name in find_subjects(blocks_of(ids), spellings) if not _is_possessive(name, spellings)}
    subjects |= set(titles)
    names = Names(count_runs(ids, spellings, capitals, min(least, 2)), capitals, spellings, least).choose(subjects)
    names += possessive_names(blocks_of(ids), spellings, capitals.mostly, least)
    own = set(given)
    others = sorted((subjects - set(names)) | own)
    small, capital = _count_cases(blocks_of(ids), spellings, others)
    together = [of_small + of_capital for of_small, of_capital in zip(small, capital, strict=True)]
    of_user = [phrase for phrase, met in zip(others, together, strict=True) if phrase in own and met >= least]
    often = [place for place, met in enumerate(small) if met >= least and others[place] not in own]
    good = cohesive([others[place] for place in often], [small[place] for place in often], capitals.met)
    of_subjects = {others[place] for place, is_good in zip(often, good, strict=True) if is_good}
    named = [
        phrase
        for phrase, met in zip(others, capital, strict=True)
        if met >= least and phrase not in of_subjects and phrase not in own and _is_named(phrase, capitals)
    ]
    edges = term_words(spellings.words, capitals.met, capitals.mostly)
    phrases = cased_phrases([*names, *named], [*of_user, *sorted(of_subjects)], spellings)
    return Entities(phrases, capitals, edges, len(names), len(named) + len(of_subjects), len(of_user))


def _is_possessive(phrase: Name, spellings: Spellings) -> bool:
    """Whether a heading's first words are one word with its *'s*: WOMEN'S."""
    return len(phrase) == 2 and spellings.words[phrase[1] - FIRST_WORD] == POSSESSIVE


def _is_named(phrase: Name, capitals: Capitals) -> bool:
    """Whether an article's subject is told from other words by its capitals: one of its words mostly has one."""
    return bool(capitals.mostly[list(phrase)].any())


def _count_cases(blocks: Iterable[Ids], spellings: Spellings, phrases: Sequence[Name]) -> tuple[list[int], list[int]]:
    """How often each of ``phrases`` is met in small letters (but for its first), and how often otherwise."""
    small, capital = np.zeros(len(phrases), np.int64), np.zeros(len(phrases), np.int64)
    if not phrases:
        return [], []
    trie = known_phrases(phrases, len(spellings.words) + FIRST_WORD)
    has_capital = spellings.has(Trait.CAPITAL)
    for ids in blocks:
        places, which = trie.find(ids, spellings.word_of)
        is_small = np.ones(len(places), bool)
        for step in range(1, int(trie.lengths.max())):
            longer = trie.lengths[which] > step
            is_small[longer] &= ~has_capital[ids[places[longer] + step]]
        small += np.bincount(which[is_small], minlength=len(phrases))
        capital += np.bincount(which[~is_small], minlength=len(phrases))
    return small.tolist(), capital.tolist()
