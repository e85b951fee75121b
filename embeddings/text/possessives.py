"""Names that end in 's: McDonald's, Sotheby's.

What belongs to somebody is named after *'s*; after a name stands a verb, a connecting word, a comma or the end.
"""

from collections.abc import Iterable

import numpy as np

from embeddings.text.kernel import Trait
from embeddings.text.names import Name
from embeddings.text.spellings import CLOSE, LOOSE, POSSESSIVE, Spellings
from embeddings.text.terms import FUNCTION_WORDS
from embeddings.text.tokens import FIRST_WORD, Ids

_SHARE = 0.25
_SHORTEST = 3
_FOLLOWING = (
    CLOSE
    | LOOSE
    | frozenset(
        """
        is was were are be been has had have which that who it its he she they this these those there when where while
        if will would can could may might did does do not after before during since until because than then also
        """.split()
    )
) - {"a", "an", "the", POSSESSIVE}


def possessive_names(blocks: Iterable[Ids], spellings: Spellings, least: int) -> list[Name]:
    """The names in ``blocks``, tokens as they are spelled, that are met so often without a thing after them."""
    size = len(spellings.words) + FIRST_WORD
    numbers = spellings.numbers_of({POSSESSIVE, *_FOLLOWING})
    if POSSESSIVE not in numbers:
        return []
    possessive = numbers[POSSESSIVE]
    follows = np.zeros(size, bool)
    follows[:FIRST_WORD] = True
    follows[[number for word, number in numbers.items() if word in _FOLLOWING]] = True
    spelled = np.flatnonzero(spellings.word_of == possessive)
    named = spellings.has(Trait.CAPITAL) & ~spellings.has(Trait.SHOUTED)
    met, alone = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for ids in blocks:
        places = np.flatnonzero(np.isin(ids[1:], spelled))
        places = places[named[ids[places]]]
        words, behind = (spellings.word_of[ids[at]] for at in (places, np.minimum(places + 2, len(ids) - 1)))
        met += np.bincount(words, minlength=size)
        alone += np.bincount(words[follows[behind]], minlength=size)
    found = np.flatnonzero((alone >= least) & (alone >= _SHARE * met))
    return [(word, possessive) for word in found.tolist() if _may_be_one(spellings.words[word - FIRST_WORD])]


def _may_be_one(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in FUNCTION_WORDS
