"""The usual spelling of words and phrases: Paris, NATO, iPhone, New York Times, McDonald's."""

import numpy as np

from embeddings.text.capitals import Flags
from embeddings.text.cased_phrases import CasedPhrases
from embeddings.text.kernel import Trait
from embeddings.text.phrases import Counts
from embeddings.text.spellings import CLOSE, LOOSE, POSSESSIVE, Spellings
from embeddings.text.tokens import END, FIRST_WORD, JOINER, Ids


class DisplayForms:
    """Counts spellings in blocks of tokens as they are spelled.

    What a word is within a name says nothing of the word: king, though King's Cross and King Lear have capitals.
    """

    def __init__(self, spellings: Spellings, phrases: CasedPhrases, within: Counts) -> None:
        """``within`` [spellings + 2] is how often each is where its capitals tell something, within names as well."""
        size = len(spellings.texts) + FIRST_WORD
        self._spellings = spellings
        self._phrases = phrases
        self._within = within
        self._alone = within.copy()
        self._random = np.random.default_rng(1).integers(0, 2**64, size, dtype=np.uint64)
        self._random[END] = 0  # fills up short phrases
        self._found: list[tuple[Counts, Counts, Counts, Counts, Ids]] = []
        self._place = 0

    def add(self, ids: Ids, places: Counts, phrases: Counts) -> None:
        """Count the ``phrases`` of a block, which begin at ``places``."""
        lengths = self._phrases.lengths[phrases]
        for step in range(int(lengths.max(initial=0))):
            inside = places[lengths > step] + step
            self._alone -= np.bincount(ids[inside[_telling(ids, inside, self._spellings)]], minlength=len(self._alone))
        if len(places):
            self._found.append(self._phrases_of(ids, places, phrases))
        self._place += len(ids)

    def _phrases_of(self, ids: Ids, places: Counts, phrases: Counts) -> tuple[Counts, Counts, Counts, Counts, Ids]:
        """Each spelling of a phrase once: phrase, hash, how often, where first, spellings of words, then zeros."""
        lengths = self._phrases.lengths[phrases]
        longest = int(lengths.max())
        within = np.minimum(places[:, None] + np.arange(longest), len(ids) - 1)
        written = np.where(np.arange(longest) < lengths[:, None], ids[within], 0)
        factors = np.arange(1, 2 * longest, 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        hashes = (self._random[written] * factors).sum(axis=1, dtype=np.uint64)
        _, first, met = np.unique(hashes, return_index=True, return_counts=True)
        where = self._place + places[first]
        return phrases[first], hashes[first].view(np.int64), met, where, written[first].astype(np.int32)

    def of_words(self) -> dict[str, str]:
        """The usual spelling of each word that is mostly not spelled as its key is."""
        spellings = self._spellings
        order = np.lexsort((-self._within, -self._alone, spellings.word_of))
        order = order[order >= FIRST_WORD]
        words = spellings.word_of[order]
        usual = order[np.concatenate(([True], words[1:] != words[:-1]))] if len(order) else order
        forms = {}
        for number in usual[(self._within[usual] > 0) & spellings.has(Trait.CAPITAL)[usual]].tolist():
            text = spellings.texts[number - FIRST_WORD]
            key = spellings.words[spellings.word_of[number] - FIRST_WORD]
            if text != key:
                forms[key] = text
        return forms

    def of_phrases(self, of_words: dict[str, str]) -> list[str | None]:
        """The usual spelling of each phrase, of equals the one met first; None for one that was not met.

        Headings are in CAPITALS. Where those of ``of_words`` are not, another spelling is taken, or theirs.
        """
        forms: list[str | None] = [None] * len(self._phrases.phrases)
        if not self._found:
            return forms
        longest = max(block[4].shape[1] for block in self._found)
        phrases, hashes, met, where = (np.concatenate([block[part] for block in self._found]) for part in range(4))
        written = np.concatenate(
            [np.pad(block[4], ((0, 0), (0, longest - block[4].shape[1]))) for block in self._found]
        )
        _, first, of = np.unique(hashes, return_index=True, return_inverse=True)
        total = np.bincount(of, weights=met).astype(np.int64)
        order = first[np.lexsort((where[first], -total, phrases[first]))]
        is_loud = self._are_loud(written[order])
        loud, calm = set(order[is_loud].tolist()), _first_rows(order[~is_loud], phrases)
        for phrase, row in _first_rows(order, phrases).items():
            texts = self._texts(written[row])
            if row in loud:
                usual = self._usual_texts(written[row], of_words)
                same = [text == own for text, own in zip(texts, usual, strict=True) if text.isupper() and len(text) > 1]
                if 2 * sum(same) < len(same):
                    texts = self._texts(written[calm[phrase]]) if phrase in calm else usual
            forms[phrase] = " ".join(texts).replace(f" {POSSESSIVE}", POSSESSIVE)
        return forms

    def _are_loud(self, written: Ids) -> Flags:
        """Which rows of spellings are of several words in CAPITALS and none that has but one."""
        shouted = self._spellings.has(Trait.SHOUTED)
        single = self._spellings.has(Trait.CAPITAL) & ~shouted & ~self._spellings.has(Trait.INITIAL)
        are_loud: Flags = (shouted[written].sum(axis=1) > 1) & ~single[written].any(axis=1)
        return are_loud

    def _texts(self, written: Ids) -> list[str]:
        return [self._spellings.texts[number - FIRST_WORD] for number in written.tolist() if number]

    def _usual_texts(self, written: Ids, of_words: dict[str, str]) -> list[str]:
        """The words of a name as they are mostly written in names."""
        words = [self._spellings.words[of - FIRST_WORD] for of in self._spellings.word_of[written].tolist() if of]
        own = [
            word if place and word in CLOSE | LOOSE else word[:1].upper() + word[1:] for place, word in enumerate(words)
        ]
        return [of_words.get(word, text) for word, text in zip(words, own, strict=True)]


def _first_rows(rows: Counts, phrases: Counts) -> dict[int, int]:
    """The first of ``rows`` of each phrase."""
    return dict(zip(phrases[rows[::-1]].tolist(), rows[::-1].tolist(), strict=True))


def _telling(ids: Ids, places: Counts, spellings: Spellings) -> Flags:
    """At which of ``places`` capitals tell something: within a sentence, and not in a run of words in CAPITALS."""
    shouted = spellings.has(Trait.SHOUTED)
    before = np.where(places > 0, ids[places - 1], END)
    behind = np.where(places + 1 < len(ids), ids[np.minimum(places + 1, len(ids) - 1)], END)
    telling: Flags = (before != END) & ~(shouted[ids[places]] & (shouted[before] | shouted[behind]))
    return telling


def display_of(word: str, forms: dict[str, str]) -> str | None:
    """How ``word`` is shown: by its own form, a phrase by those of its words; None if that is as its key stands."""
    if (form := forms.get(word)) is not None:
        return form
    parts = word.split(JOINER)
    if len(parts) == 1 or not all(parts):
        return None
    return " ".join(forms.get(part, part) for part in parts)
