"""Word numbers → the file that training reads: rows of the vocabulary, only words that are frequent enough.

A compound or a phrase that is not frequent enough for a vector of its own is taken apart again, so that nothing of what
its words say is lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.text.kernel import expand_ids, has_kernel
from embeddings.text.phrases import Counts
from embeddings.text.tokens import END, FIRST_WORD, NOTHING, Ids, tidy

_SENTENCE_END = -1


@dataclass(frozen=True, slots=True, eq=False)
class Expansion:
    """What to put in the place of some numbers; every other number stays."""

    starts: npt.NDArray[np.int64]
    """[numbers] in ``parts``, of what stands in the place of each."""
    lengths: npt.NDArray[np.int64]
    parts: Ids

    @classmethod
    def of(cls, replaced: Mapping[int, Sequence[int]], size: int) -> "Expansion":
        """For numbers below ``size``: those in ``replaced`` become several."""
        lengths, is_replaced = np.ones(size, np.int64), np.zeros(size, bool)
        numbers = sorted(replaced)
        lengths[numbers], is_replaced[numbers] = [len(replaced[number]) for number in numbers], True
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        together = np.repeat(np.arange(size, dtype=np.int32), lengths)
        parts = chain.from_iterable(replaced[number] for number in numbers)
        together[np.repeat(is_replaced, lengths)] = np.fromiter(parts, np.int32)
        return cls(starts, lengths, together)

    def apply(self, ids: Ids) -> Ids:
        """``ids`` with the numbers exchanged."""
        if has_kernel():
            return expand_ids(ids, self.starts, self.lengths, self.parts)
        firsts: Ids = self.parts[self.starts][ids]
        places = np.flatnonzero((self.lengths > 1)[ids])
        if not len(places):
            return firsts
        several = ids[places]
        more = self.lengths[several] - 1
        before = np.cumsum(more) - more
        within = np.arange(int(more.sum())) - np.repeat(before, more)
        inserted = np.repeat(places + before + 1, more) + within
        kept = np.ones(len(ids) + len(inserted), bool)
        kept[inserted] = False
        longer = np.empty(len(kept), np.int32)
        longer[kept] = firsts
        longer[inserted] = self.parts[np.repeat(self.starts[several] + 1, more) + within]
        return longer

    def counts(self, counts: Counts) -> Counts:
        """How often each number is met afterwards, if ``counts`` says how often it is before."""
        expanded = np.zeros_like(counts)
        np.add.at(expanded, self.parts, np.repeat(counts, self.lengths))
        return expanded


def vocabulary_of(
    words: Sequence[str], counts: Counts, min_count: int, max_words: int | None, always: Sequence[int] = ()
) -> npt.NDArray[np.int64]:
    """Numbers of the words with a vector of their own, the most frequent first; equals in the order of appearance.

    Those that are ``always`` wanted need to be met only once.
    """
    least = np.full(len(words) + FIRST_WORD, max(min_count, 1))
    least[list(always)] = 1
    order = np.argsort(-counts[FIRST_WORD:], kind="stable") + FIRST_WORD
    kept = order[counts[order] >= least[order]]
    return kept[:max_words] if max_words else kept


def write_sentences(
    blocks: Iterable[Ids], words: Sequence[str], kept: npt.NDArray[np.int64], path: Path
) -> tuple[int, int]:
    """Write the sentences of ``blocks`` to ``path``: int32, places of words in ``kept``, and -1 behind each sentence.

    Returns how many sentences and words.
    """
    becomes = np.full(len(words) + FIRST_WORD, NOTHING, np.int32)
    becomes[kept] = np.arange(FIRST_WORD, len(kept) + FIRST_WORD, dtype=np.int32)
    becomes[END] = END
    sentences = total = 0
    with path.open("wb") as file:
        for block in blocks:
            ids = tidy(block, becomes=becomes)
            ends = int((ids == END).sum())
            if len(ids) > ends:
                file.write(np.maximum(ids - np.int32(FIRST_WORD), np.int32(_SENTENCE_END)).tobytes())
                sentences += ends
                total += len(ids) - ends
    return sentences, total


class SentenceText:
    """Turns blocks of numbers into text, as a prepared corpus has it."""

    def __init__(self, words: Sequence[str], kept: npt.NDArray[np.int64]) -> None:
        import pyarrow

        self._known = np.zeros(len(words) + FIRST_WORD, bool)
        self._known[kept] = True
        self._known[END] = True
        # What arrow takes by number lies in one piece of memory, which then is the text: no string is made of any word.
        self._texts = pyarrow.array(["\n", "", *(f"{word} " for word in words)], pyarrow.large_string())

    def of_block(self, block: Ids) -> tuple[bytes, int, int]:
        """The text of ``block``, a sentence a line, and how many sentences and words it has."""
        import pyarrow

        ids = tidy(block[self._known[block]])
        ends = int((ids == END).sum())
        if len(ids) == ends:
            return b"", 0, 0
        text = self._texts.take(pyarrow.array(ids)).buffers()[2].to_pybytes().replace(b" \n", b"\n")
        return text, ends, len(ids) - ends
