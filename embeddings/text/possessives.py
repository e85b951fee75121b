"""Names that end in 's: McDonald's, Sotheby's.

What belongs to somebody is named after *'s*; after a name stands a verb, a connecting word, a comma or the end. What
stands behind another capital is a part of a longer name: St John's, Standard & Poor's.
"""

from collections.abc import Iterable

import numpy as np

from embeddings.text.capitals import Flags
from embeddings.text.kernel import Trait
from embeddings.text.names import Name
from embeddings.text.spellings import CLOSE, LOOSE, POSSESSIVE, Spellings
from embeddings.text.terms import FUNCTION_WORDS
from embeddings.text.tokens import END, FIRST_WORD, Ids

_SHARE = 0.3
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


def possessive_names(blocks: Iterable[Ids], spellings: Spellings, mostly: Flags, least: int) -> list[Name]:
    """The names in ``blocks``, tokens as they are spelled, that are met so often without a thing after them; ``mostly``
    [words + 2] says which words have a capital more often than not.
    """
    size = len(spellings.words) + FIRST_WORD
    numbers = spellings.numbers_of({POSSESSIVE, "&", *_FOLLOWING})
    if POSSESSIVE not in numbers:
        return []
    possessive = numbers[POSSESSIVE]
    follows = np.zeros(size, bool)
    follows[:FIRST_WORD] = True
    follows[[number for word, number in numbers.items() if word in _FOLLOWING]] = True
    spelled = spellings.word_of == possessive
    capital = spellings.has(Trait.CAPITAL)
    named = capital & ~spellings.has(Trait.SHOUTED)
    in_name = capital & mostly[spellings.word_of]
    in_name[spellings.word_of == numbers.get("&", END)] = "&" in numbers
    met, alone = np.zeros(size, np.int64), np.zeros(size, np.int64)
    for ids in blocks:
        places = np.flatnonzero(spelled.take(ids[1:]))
        before = np.where(places > 0, ids[places - 1], END)
        places = places[named[ids[places]] & ~in_name[before]]
        words, behind = (spellings.word_of[ids[at]] for at in (places, np.minimum(places + 2, len(ids) - 1)))
        met += np.bincount(words, minlength=size)
        alone += np.bincount(words[follows[behind]], minlength=size)
    found = np.flatnonzero((alone >= least) & (alone >= _SHARE * met))
    return [(word, possessive) for word in found.tolist() if _may_be_one(spellings.words[word - FIRST_WORD])]


def _may_be_one(word: str) -> bool:
    return len(word) >= _SHORTEST and word not in FUNCTION_WORDS
