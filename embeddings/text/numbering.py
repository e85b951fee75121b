"""Words by their numbers: the tokens of a text, each different one once, and what they mean in a whole corpus.

A text's tokens are found by the kernel, or by the regular expression where none is compiled; what each different one
means is worked out when it is first met in the corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from embeddings.text.kernel import DifferentTokens, TokenTable, has_kernel
from embeddings.text.tokens import (
    FIRST_WORD,
    LONGEST_WORD,
    Ids,
    Splitting,
    TokenParameters,
    meanings_of,
    pattern_of,
    tidy,
)

_PIECE = 1 << 17
"""Characters."""
_SHORT = 2_000
"""Characters, up to which arrays cost more than they save."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """The tokens of a block of text: ``words`` counted from `FIRST_WORD` in the order of appearance, and ``ids``."""

    words: Sequence[str]
    ids: Ids

    def __len__(self) -> int:
        """Number of words that the block has."""
        return int((self.ids >= FIRST_WORD).sum())


@dataclass(frozen=True, slots=True, eq=False)
class FoundTokens:
    """The tokens of a text as they stand there: the different ones in the order of appearance, and their places."""

    different: DifferentTokens | Sequence[str]
    """Strings where no kernel has found them."""
    ids: Ids


def tokenise(text: str, parameters: TokenParameters) -> Tokens:
    """The words, pauses and ends of sentences of ``text``, which ends with a sentence."""
    by_kernel = len(text) > _SHORT and has_kernel()
    numbering = Numbering(parameters, by_kernel=by_kernel)
    ids = numbering.add(find_tokens(text, parameters.splitting, by_kernel=by_kernel))
    return Tokens(list(numbering.words), ids)


def find_tokens(text: str, splitting: Splitting, *, by_kernel: bool) -> FoundTokens:
    """The tokens of ``text``, for a `Numbering` with or without the kernel as well."""
    if by_kernel:
        table = TokenTable(between_blanks=splitting is Splitting.WHITESPACE)
        numbers_of_pieces = [table.find(piece) for piece in _pieces(text)]
        return FoundTokens(table.tokens, np.concatenate(numbers_of_pieces))
    numbers = _TokenNumbers()
    ids = []
    for piece in _pieces(text):
        found = pattern_of(piece, splitting).findall(piece)
        ids.append(np.fromiter(map(numbers.__getitem__, found), np.int32, len(found)))
    return FoundTokens(list(numbers), np.concatenate(ids))


def _pieces(text: str) -> Iterator[str]:
    """``text`` in pieces, so that its tokens never are all there at once; cut at line breaks or blanks if there are."""
    start = 0
    while len(text) - start > _PIECE:
        end = start + _PIECE
        cut = max(text.rfind("\n", start, end), start) or start
        if cut == start:
            cut = max(text.rfind(" ", start, end), start)
        cut = end if cut == start else cut + 1
        yield text[start:cut]
        start = cut
    yield text[start:] if start else text


class _TokenNumbers(dict[str, int]):
    """Numbers tokens from 0 in the order of appearance, as a `TokenTable` does."""

    def __missing__(self, token: str) -> int:
        number = self[token] = len(self)
        return number

    def add(self, tokens: Sequence[str]) -> tuple[Ids, list[str]]:
        """The numbers of ``tokens``, each of which is met once, and those that were not met before."""
        new = [token for token in tokens if token not in self]
        return np.fromiter(map(self.__getitem__, tokens), np.int32, len(tokens)), new


class WordNumbers:
    """Numbers words from `FIRST_WORD` in the order of appearance."""

    def __init__(self, *, by_kernel: bool) -> None:
        self._table = TokenTable() if by_kernel else _TokenNumbers()

    def __len__(self) -> int:
        return len(self._table)

    @property
    def words(self) -> list[str]:
        return self._table.tokens.texts() if isinstance(self._table, TokenTable) else list(self._table)

    def of_lines(self, lines: str) -> Ids:
        """The numbers of words that stand one a line, each with a line break behind it."""
        if isinstance(self._table, TokenTable):
            return self._table.lines(lines) + FIRST_WORD
        words = lines.split("\n")[:-1]
        return np.fromiter(map(self._table.__getitem__, words), np.int32, len(words)) + FIRST_WORD


class Numbering:
    """Numbers the words of a corpus from `FIRST_WORD` in the order of appearance."""

    def __init__(self, parameters: TokenParameters, *, by_kernel: bool) -> None:
        self._shortest_sentence = parameters.min_sentence_length
        self._meanings = meanings_of(parameters)
        self._numbers = TokenTable() if by_kernel else _TokenNumbers()
        self._words = WordNumbers(by_kernel=by_kernel)
        self._word_of = np.empty(0, np.int32)
        """Number of the word, or what else each token stands for."""

    @property
    def words(self) -> list[str]:
        """All that were met."""
        return self._words.words

    def add(self, found: FoundTokens) -> Ids:
        """The words, pauses and ends of sentences of a text, which ends with a sentence."""
        numbers, new = self._numbers.add(found.different)  # type: ignore[arg-type]  # both are by the kernel or neither
        self._word_of = np.concatenate((self._word_of, self._words_of(new)))
        return tidy(found.ids, self._shortest_sentence, becomes=self._word_of[numbers])

    def _words_of(self, tokens: Sequence[str]) -> Ids:
        meanings, plain = self._meanings, self._meanings.plain
        found = [
            token if plain and token.isalnum() and token.isascii() and len(token) <= LONGEST_WORD else meanings[token]
            for token in tokens
        ]
        words = [word for word in found if isinstance(word, str)]
        others = [place for place, word in enumerate(found) if not isinstance(word, str)]
        numbers, is_word = np.empty(len(found), np.int32), np.ones(len(found), bool)
        numbers[others], is_word[others] = [found[place] for place in others], False
        numbers[is_word] = self._words.of_lines("\n".join((*words, "")))
        return numbers
