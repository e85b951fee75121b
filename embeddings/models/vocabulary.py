"""Words ↔ rows: exact look-up, other spellings of a word, completion by prefix and suggestions for a misspelling.

Everything is read through memory maps: of millions of words opening reads only what it takes to check that no number
leads out of the files.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import marisa_trie
import numpy as np
import numpy.typing as npt

from embeddings.errors import ModelError
from embeddings.files import open_array, save_array
from embeddings.models.row_texts import ManyRows, RowTexts, open_texts, write_texts
from embeddings.models.spelling import caseless, fold, fold_before, folded_key, plain
from embeddings.models.trie_file import LONGEST_KEY, check_trie

TRIE_FILE = "vocabulary.marisa"
FOLDED_FILE = "folded.marisa"
TABLE_FILE = "vocabulary.npy"
FILES = (TRIE_FILE, FOLDED_FILE, TABLE_FILE)
WORDS_FILE = "vocabulary.texts"
"""The words by row, as they stand: a trie takes twice as long to spell one. Models of earlier versions lack it."""

_TABLE_ROWS = 8
_TABLE_ROWS_BEFORE = 7
_MOST_LETTERS = LONGEST_KEY // 4
_SUGGESTING_ROWS = 1 << 15
"""Rows that are compared together: they stay in the processor's cache."""
_MOST_COMPARED = 800
"""Words that one suggestion compares in full."""


class Vocabulary:
    """The words of a model, most frequent first; the row of a word is its frequency rank, from 0."""

    def __init__(
        self,
        folder: Path,
        trie: marisa_trie.Trie,
        folded_trie: marisa_trie.Trie,
        table: npt.NDArray[np.uint32],
        texts: RowTexts | None = None,
    ) -> None:
        """``folder`` is where the files are, for errors. Without ``texts`` the trie spells the words.

        ``table`` is uint32 [8, count]: row by trie id, trie id by row, rows in the order of their folded words, where
        in that order a folded word begins by its id in ``folded_trie``, lengths of the folded words, two lines that
        together are the uint64 letter signatures of the folded words, and the id of the folded word by row. The last
        is missing from tables of earlier versions, which folded fewer spellings.
        """
        self._folder = folder
        self._trie = trie
        self._folded_trie = folded_trie
        self._row_of_id, self._id_of_row, self._folded_order, _, self._lengths = table[:5]
        # Single numbers of an array take five times as long to read as those of a memoryview.
        self._rows, self._ids, self._order, self._start_of_folded = (line.data for line in table[:4])
        self._signatures = table[5:7].reshape(-1).view(np.uint64)
        self._folded_ids = table[7].data if len(table) == _TABLE_ROWS else None
        self.texts = texts

    def __len__(self) -> int:
        return len(self._row_of_id)

    def __contains__(self, word: str) -> bool:
        return word in self._trie

    def __iter__(self) -> Iterator[str]:
        return map(self.word, range(len(self)))

    def word(self, row: int) -> str:
        """The word at ``row``; see `words`."""
        return self.words([row])[0]

    def words(self, rows: ManyRows) -> list[str]:
        """The words at ``rows``, in their order. Raises `ModelError` if a file of words holds none there."""
        try:
            if self.texts is not None:
                return self.texts.words(rows)
            return list(map(self._trie.restore_key, map(self._ids.__getitem__, rows)))
        except UnicodeDecodeError as error:
            raise _no_text(self._folder / (TRIE_FILE if self.texts is None else WORDS_FILE)) from error

    def row(self, word: str) -> int | None:
        """The row of exactly this word, or None."""
        if not word.isascii() and _has_surrogate(word):
            return None
        trie_id = self._trie.get(word)
        return None if trie_id is None else self._rows[trie_id]

    def row_of_variant(self, word: str) -> int | None:
        """The row of the best other spelling of ``word``, or None; see `variants`."""
        return next(iter(self.variants(word)), None)

    def variants(self, word: str) -> list[int]:
        """The rows of the other spellings of ``word``, the best first: words that differ in case alone, then in
        accents as well, then keys that hold the word (``duck|NOUN``); among equals the most frequent first.
        """
        rows = self._rows_of_spellings(word)
        return (
            rows
            if len(rows) < 2 and not (rows and plain(word) != word)
            else ranked_variants(word, [(row, self.word(row)) for row in rows])
        )

    def row_whatever_case(self, word: str) -> int | None:
        """The row of the most frequent word that differs from ``word`` only in case, or None."""
        capitals = word.upper()
        return min((row for row in self._rows_of_spellings(word) if self.word(row).upper() == capitals), default=None)

    def _rows_of_spellings(self, word: str) -> list[int]:
        if not word.isascii() and _has_surrogate(word):
            return []
        folds = (fold,) if self._folded_ids is not None else (fold_before, fold)
        for folding in folds:
            folded_id = self._folded_trie.get(folding(word))
            if folded_id is not None:
                return self._rows_of_folded(folded_id, folding(word))
        if self._folded_ids is not None and (key := folded_key(word)) in self._folded_trie:
            return self._rows_of_folded(self._folded_trie[key], key)
        return []

    def _rows_of_folded(self, folded_id: int, folded: str) -> list[int]:
        ids = self._folded_ids
        rows: list[int] = []
        for place in range(self._start_of_folded[folded_id], len(self)):
            row = self._order[place]
            if rows and (ids[row] != folded_id if ids is not None else self._folded_at(row) != folded):
                break
            rows.append(row)
        return rows

    def _folded_at(self, row: int) -> str:
        """The folded word of the word at ``row``."""
        if self._folded_ids is None:
            return fold_before(self.word(row))
        try:
            folded: str = self._folded_trie.restore_key(self._folded_ids[row])
        except UnicodeDecodeError as error:
            raise _no_text(self._folder / FOLDED_FILE) from error
        return folded

    def expect(self, words: Iterable[str]) -> None:
        """Nothing to do: all words are here."""

    def complete(self, prefix: str, limit: int = 10, offset: int = 0) -> list[str]:
        """Up to ``limit`` words that begin with ``prefix`` (whatever their case and accents), most frequent first,
        after the first ``offset``.
        """
        folded = self._fold(plain(prefix))
        start = self._first_at_or_after(folded)
        end = self._first_at_or_after(folded + "\U0010ffff")
        rows = self._folded_order[start:end]
        if len(rows) > offset + limit:
            rows = np.partition(rows, offset + limit)[: offset + limit]
        return self.words(np.sort(rows)[offset:])

    def suggest(self, word: str, limit: int = 5) -> list[str]:
        """Up to ``limit`` words spelled like ``word``: fewest edits first, among equals the most frequent.

        An edit is an insertion, a deletion, a substitution or a swap of two neighbouring letters (optimal string
        alignment). Comparing with every word would take too long, so those that cannot be near are left out first by
        their length and by a signature of their letters, to which one edit adds and takes away at most one bit.
        """
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        folded = self._fold(word)
        edits = 1 if len(folded) < 4 else 2 if len(folded) < 12 else 3
        rows = self._likely_near(folded, edits)
        spellings = [self._folded_at(int(row)) for row in rows]
        near = extract(folded, spellings, scorer=OSA.distance, score_cutoff=edits, limit=None)
        best = sorted((distance, position) for _, distance, position in near)
        first_of_spelling = {spellings[position]: position for _, position in reversed(best)}
        chosen = sorted(first_of_spelling.values(), key=[position for _, position in best].index)[:limit]
        return self.words(rows[chosen])

    def _likely_near(self, folded: str, edits: int) -> npt.NDArray[np.intp]:
        """Rows, in their order, among which the nearest spellings are: at most as many as the budget of a suggestion
        allows, those with the fewest other letters, and the most frequent of them.
        """
        signature = _signatures([folded])[0]
        shortest, span = max(len(folded) - edits, 0), 2 * edits + min(len(folded) - edits, 0)
        found, differing = [], []
        for start in range(0, len(self), _SUGGESTING_ROWS):
            lengths = self._lengths[start : start + _SUGGESTING_ROWS]
            other = self._signatures[start : start + _SUGGESTING_ROWS] ^ signature
            bits = np.bitwise_count(other)
            places = np.flatnonzero((bits <= 2 * edits) & (lengths - np.uint32(shortest) <= span))
            missing = np.bitwise_count(other[places] & signature)
            places = places[(missing <= edits) & (bits[places] - missing <= edits)]
            found.append(places + start)
            differing.append(bits[places])
        rows, bits = np.concatenate(found), np.concatenate(differing)
        if len(rows) > _MOST_COMPARED:
            rows = np.sort(rows[np.argsort(bits, kind="stable")[:_MOST_COMPARED]])
        return rows

    def _fold(self, word: str) -> str:
        return fold_before(word) if self._folded_ids is None else fold(word)

    def _first_at_or_after(self, folded: str) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._folded_at(int(self._folded_order[middle])) < folded:
                low = middle + 1
            else:
                high = middle
        return low


def ranked_variants(word: str, spellings: Iterable[tuple[int, str]]) -> list[int]:
    """The rows of ``spellings`` that can stand for ``word``, the best first; see `Vocabulary.variants`.

    A key stands for its word, but not for another key of that word: ``duck|NOUN`` is not ``duck|VERB``.
    """
    folded = caseless(word)
    is_key = plain(word) != word
    ranked = []
    for row, spelling in spellings:
        inside = plain(spelling)
        if is_key and caseless(spelling) != folded:
            continue
        ranked.append((not is_key and inside != spelling, not is_key and caseless(inside) != folded, row))
    return [row for _, _, row in sorted(ranked)]


def save_vocabulary(words: Sequence[str], folder: Path) -> None:
    """Write the files of a vocabulary into ``folder``; ``words`` are distinct and most frequent first.

    Raises `ModelError` for a word that stands twice, is empty, or that UTF-8 or the trie cannot hold.
    """
    count = len(words)
    for word in words:
        if not word or "\0" in word or (not word.isascii() and _has_surrogate(word)):
            raise ModelError(f"The word {word!r} cannot be in a vocabulary: it is empty, or no text.")
    trie = marisa_trie.Trie(words)
    if len(trie) != count:
        raise ModelError(f"The vocabulary holds {count - len(trie)} words twice; every word may stand in it once.")
    folded = [folded_key(word) for word in words]
    for word in (*words, *folded):
        if len(word) > _MOST_LETTERS:
            raise ModelError(f"A word of {len(word):,} letters cannot be in a vocabulary: {word[:40]}…")
    folded_trie = marisa_trie.Trie(folded)
    order = sorted(range(count), key=folded.__getitem__)
    table = np.zeros((_TABLE_ROWS, count), np.uint32)
    ids = np.fromiter((trie[word] for word in words), np.uint32, count)
    table[0, ids] = np.arange(count, dtype=np.uint32)
    table[1] = ids
    table[2] = order
    table[7] = np.fromiter((folded_trie[key] for key in folded), np.uint32, count)
    # Backwards, so that of several words with one folded form the first is what stays.
    table[3, table[7, order[::-1]]] = np.arange(count, dtype=np.uint32)[::-1]
    table[4] = np.fromiter(map(len, folded), np.uint32, count)
    table[5:7] = _signatures(folded).view(np.uint32).reshape(2, count)
    write_texts(folder / WORDS_FILE, words)
    (folder / TRIE_FILE).write_bytes(trie.tobytes())  # its own ``save`` does not say why a disk refuses
    (folder / FOLDED_FILE).write_bytes(folded_trie.tobytes())
    save_array(folder / TABLE_FILE, table)


def open_vocabulary(folder: Path, count: int, *, has_texts: bool = True) -> Vocabulary:
    """Open the vocabulary of ``count`` words in ``folder`` by memory map. Raises `ModelError` naming a bad file.

    Where it does not have `WORDS_FILE`, the trie spells the words.
    """
    trie, folded_trie = _open_trie(folder / TRIE_FILE), _open_trie(folder / FOLDED_FILE)
    try:
        table = open_array(folder / TABLE_FILE, np.uint32, (_TABLE_ROWS, count))
    except ModelError:
        table = open_array(folder / TABLE_FILE, np.uint32, (_TABLE_ROWS_BEFORE, count))
    if len(trie) != count:
        raise ModelError(f"{folder / TRIE_FILE} holds {len(trie):,} words where model.json says {count:,}.")
    if len(folded_trie) > count:
        raise ModelError(f"{folder / FOLDED_FILE} holds {len(folded_trie):,} words, more than there are.")
    if count and (table[:4].max() >= count or table[7:].max(initial=0) >= len(folded_trie)):
        raise ModelError(f"{folder / TABLE_FILE} is damaged: it names words that are not there.")
    texts = open_texts(folder / WORDS_FILE, count, of_all=True) if has_texts else None
    return Vocabulary(folder, trie, folded_trie, table, texts)


def _has_surrogate(word: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in word)


def _no_text(path: Path) -> ModelError:
    return ModelError(f"{path} is damaged: a word of it is no text.")


def _open_trie(path: Path) -> marisa_trie.Trie:
    check_trie(path)
    trie = marisa_trie.Trie()
    try:
        trie.mmap(str(path))
    except (OSError, RuntimeError) as error:
        raise ModelError(f"{path} cannot be read as a vocabulary: {error}") from error
    return trie


def _signatures(folded: Sequence[str]) -> npt.NDArray[np.uint64]:
    """uint64 [count]: for each word two bits a letter (its code point modulo 32): there at all, there twice."""
    signatures = np.empty(len(folded), np.uint64)
    block = 4_000  # few enough that their letters stay in the processor's cache
    for start in range(0, len(folded), block):
        words = folded[start : start + block]
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        letters = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32) % 32
        slots = np.repeat(np.arange(len(words)) * 32, lengths) + letters
        occurrences = np.bincount(slots, minlength=len(words) * 32).reshape(len(words), 32)
        there = np.concatenate([occurrences >= 1, occurrences >= 2], axis=1)
        signatures[start : start + len(words)] = np.packbits(there, axis=1, bitorder="little").view("<u8")[:, 0]
    return signatures
