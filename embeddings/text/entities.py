"""Phrases that people mean: names by their capitals, articles' subjects, a user's list; see `terms` for the others."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.text.capitals import Capitals, Flags, SpanCounter, count_capitals
from embeddings.text.cased_phrases import CasedPhrases, cased_phrases
from embeddings.text.names import Name, Names
from embeddings.text.phrase_lists import cohesive, known_phrases
from embeddings.text.phrases import Blocks, Counts
from embeddings.text.possessives import possessive_names
from embeddings.text.spellings import Spellings
from embeddings.text.terms import term_words
from embeddings.text.tokens import FIRST_WORD


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """What was found."""

    phrases: CasedPhrases
    edges: Flags
    """[words + 2] which words may stand at an edge of a term."""
    names: int
    subjects: int
    """Of articles, by their first sentences and by their titles; those that are names as well are counted there."""
    given: int


def find_entities(
    blocks: Blocks, spellings: Spellings, given: Collection[Name], titles: Collection[Name], least: int
) -> Entities:
    """The phrases of ``blocks``, tokens as they are spelled, that are met at least so often."""
    capitals = count_capitals(blocks(), spellings)
    counter = SpanCounter(spellings, capitals)
    for block in blocks():
        counter.add(block)
    tokens = int(capitals.met.sum())
    subjects = {*counter.subjects, *titles}
    names = Names(counter.finish(min(least, 2)), capitals, spellings.words, tokens).choose(least, subjects)
    names += possessive_names(blocks(), spellings, least)
    own = set(given)
    others = sorted((subjects - set(names)) | own)
    small, capital = _count_cases(blocks(), spellings, others)
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
    return Entities(phrases, edges, len(names), len(named) + len(of_subjects), len(of_user))


def _is_named(phrase: Name, capitals: Capitals) -> bool:
    """Whether an article's subject is told from other words by its capitals: one of its words mostly has one."""
    return bool(capitals.mostly[list(phrase)].any())


def _count_cases(
    blocks: Iterator[np.ndarray[tuple[int], np.dtype[np.int32]]], spellings: Spellings, phrases: Sequence[Name]
) -> tuple[list[int], list[int]]:
    """How often each of ``phrases`` is met in small letters (but for its first), and how often otherwise."""
    small, capital = np.zeros(len(phrases), np.int64), np.zeros(len(phrases), np.int64)
    if not phrases:
        return [], []
    trie = known_phrases(phrases, len(spellings.words) + FIRST_WORD)
    lengths = np.fromiter(map(len, phrases), np.int64, len(phrases))
    for ids in blocks:
        places, which = trie.find(spellings.word_of[ids])
        capitals: Counts = np.concatenate(([0], np.cumsum(spellings.capital[ids], dtype=np.int64)))
        is_small = capitals[places + lengths[which]] == capitals[places + 1]
        small += np.bincount(which[is_small], minlength=len(phrases))
        capital += np.bincount(which[~is_small], minlength=len(phrases))
    return small.tolist(), capital.tolist()
