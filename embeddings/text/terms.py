"""Terms in small letters that people would look up (machine learning, freedom of expression), by statistics.

Two words that meet far oftener than by chance are a term if neither can stand at the edge of one (function words, what
is mostly written with a capital, markup), and if what stands around them is what stands around a noun.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from embeddings.text.capitals import Flags
from embeddings.text.kernel import Around
from embeddings.text.phrases import Counts, Links, PhraseParameters, Phrases, Scoring, blocks_of, find_phrases
from embeddings.text.tokens import FIRST_WORD, Ids

TERM_PASSES = 2
_COHESION = 0.45
"""NPMI."""
_MIN_COUNT = 10
_SHORTEST = 3
_CONNECTING = ("of",)
_NOUN_SHARE, _EDGE_SHARE = 0.8, 0.5
_COMMON, _FOREIGN = 150, 30

_DETERMINERS = frozenset(
    "a an the this these those each every some any no its his her their our your my whose "
    "of in on at with from by for into between through during under against about via without "
    "such several many most other various two three four five both all".split()
)
_BEFORE_VERBS = frozenset(
    "i he she it they we you who which that there is are was were be been being has have had to not also "
    "will would shall should can could may might must do does did then when".split()
)
FUNCTION_WORDS = (
    _DETERMINERS
    | _BEFORE_VERBS
    | frozenset(
        """
        and or but nor so yet if than here itself him himself herself hers them theirs themselves us ours yours me mine
        myself whom whose what where why how up down out off over upon onto within above below among amongst throughout
        before after since until till around across along behind beyond beneath beside besides near as like unlike per
        toward towards despite except amid am having done doing cannot never ever only just even still already again
        once twice very too more less least much few either neither another others same own well rather quite almost
        often usually sometimes always however therefore thus hence although though because while whereas whether unless
        one six seven eight nine ten hundred thousand million billion first second third fourth fifth last next new
        later earlier former latter early late now today ago back away together apart
        make makes made making use uses used using know known call called name named base based include includes
        included including become becomes became
        take takes took taken give gives given gave get gets got go goes went come comes
        came say says said see seen find found begin began hold held leave left put set lead led win won add added write
        wrote written release released publish published bear born die died locate located according due able part
        number numbers member members
        """.split()
    )
)
_MARKUP = frozenset(
    """
    bgcolor colspan rowspan align valign style width height cellpadding cellspacing border thumb class wikitable
    sortable small ref http https www com html htm nbsp quot amp
    frac mathbf mathrm textstyle displaystyle operatorname leq geq
    infty sum int sqrt left right pmatrix bmatrix begin end cdot ldots category isbn issn doi url
    """.split()
)


def term_words(words: Sequence[str], counts: Counts, capital: Flags) -> Flags:
    """[words + 2] which words may stand at an edge of a term; ``capital`` says which are mostly written with one."""
    function = FUNCTION_WORDS
    common = [words[number] for number in np.argsort(-counts[FIRST_WORD:], kind="stable")[:_COMMON]]
    if sum(word in FUNCTION_WORDS for word in common[:_FOREIGN]) < _FOREIGN // 2:  # no English text
        function = FUNCTION_WORDS | frozenset(common[: len(words) // 100])
    out = ~capital
    out[:FIRST_WORD] = False
    for number, word in enumerate(words, start=FIRST_WORD):
        if out[number]:
            out[number] = (
                len(word) >= _SHORTEST
                and word.replace("-", "a").isalpha()
                and not word.endswith("ly")
                and word not in function
                and word not in _MARKUP
            )
    return out


def term_links(words: Sequence[str], counts: Counts, edges: Flags) -> Links:
    """Pairs that may be terms; ``edges`` [words + 2] says what may stand at their edges."""
    parameters = PhraseParameters(phrase_scoring=Scoring.NPMI, phrase_threshold=_COHESION, phrase_min_count=_MIN_COUNT)
    return Links(words, counts, parameters, ends=edges, connecting=_CONNECTING)


def find_terms(ids: Ids, words: Sequence[str], counts: Counts, links: Links) -> Phrases:
    """The pairs of ``ids`` that are terms; `links.join` joins them."""
    found = find_phrases(ids, counts, links)
    nouns = _are_nouns(ids, links, found, words)
    return links.phrases(found.keys[nouns], found.counts[nouns], found.scores[nouns])


def _are_nouns(ids: Ids, links: Links, pairs: Phrases, words: Sequence[str]) -> Flags:
    """Which of ``pairs`` stand where nouns stand: after an article rather than after *he* or *was*, and at an end."""
    kinds = np.zeros(len(words) + FIRST_WORD, np.uint8)
    kinds[:FIRST_WORD] = Around.FUNCTION
    for number, word in enumerate(words, start=FIRST_WORD):
        if word in FUNCTION_WORDS:
            determiner, verbal = (word in _DETERMINERS) * Around.DETERMINER, (word in _BEFORE_VERBS) * Around.VERBAL
            kinds[number] = determiner | verbal | Around.FUNCTION
    around = np.zeros((len(pairs), len(Around)), np.int64)
    for block in blocks_of(ids):
        around += links.around(block, pairs, kinds)
    after_determiner, after_verbal, at_end = around.T
    noun: npt.NDArray[np.bool_] = after_determiner >= _NOUN_SHARE * (after_determiner + after_verbal)
    noun &= at_end >= _EDGE_SHARE * pairs.counts
    return noun
