"""The quality of vectors: analogy questions answered, and similarities compared with people's judgements.

The rules are those of gensim's `evaluate_word_analogies` and `evaluate_word_pairs`, so the figures can be compared with
published ones: a word of a question stands for the most frequent word that is equal but for its case, a question with
a word that is not there is not counted, and the first answer that is none of the three given words has to be right.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.answers import Method
from embeddings.errors import CorpusError
from embeddings.evaluation.datasets import AnalogySet, Judgements, Section, read_dataset
from embeddings.models import WordVectors
from embeddings.progress import Progress, no_progress
from embeddings.search import Rows, SearchKind, search_cosmul

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
_BATCH = 2048
_MOST_ANSWERS = 1000
_FORWARD = 5
"""How many results, the given words left out, are looked through for one that is no other form of them."""


@dataclass(frozen=True, slots=True)
class SectionScore:
    """The questions of one section: ``questions`` were asked, ``out_of_vocabulary`` more had a word not known."""

    name: str
    correct: int
    questions: int
    out_of_vocabulary: int
    category: str = ""
    """The folder of the set that the section is in."""

    @property
    def accuracy(self) -> float:
        """Share of the questions asked that were answered right, 0 where none was asked."""
        return self.correct / self.questions if self.questions else 0.0

    @property
    def coverage(self) -> float:
        """Share of all questions whose words are known."""
        everything = self.questions + self.out_of_vocabulary
        return self.questions / everything if everything else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The score as JSON shows it; the accuracy is null where no question was asked."""
        counts = {name: value for name, value in asdict(self).items() if name != "category" or value}
        accuracy = round(self.accuracy, 6) if self.questions else None
        return counts | {"accuracy": accuracy, "coverage": round(self.coverage, 6)}


@dataclass(frozen=True, slots=True)
class AnalogyReport:
    """Scores of an analogy set."""

    dataset: str
    model: str
    method: str
    sections: tuple[SectionScore, ...]
    notes: tuple[str, ...] = ()
    """What else there is to say: of which relations only a sample was asked."""

    @property
    def total(self) -> SectionScore:
        """All sections together."""
        return self._sum("total", self.sections)

    @property
    def groups(self) -> tuple[SectionScore, ...]:
        """The folders of a set, or the two halves of Google's: sections named ``gram…`` are about forms of words."""
        categories = dict.fromkeys(section.category for section in self.sections)
        if len(categories) > 1:
            return tuple(
                self._sum(name, [section for section in self.sections if section.category == name])
                for name in categories
                if name
            )
        syntactic = [section for section in self.sections if section.name.startswith("gram")]
        semantic = [section for section in self.sections if not section.name.startswith("gram")]
        if not syntactic or not semantic:
            return ()
        return self._sum("semantic", semantic), self._sum("syntactic", syntactic)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        return {
            "dataset": self.dataset,
            "model": self.model,
            "method": self.method,
            "sections": [section.as_dict() for section in self.sections],
            "groups": [group.as_dict() for group in self.groups],
            "total": self.total.as_dict(),
        } | _notes(self.notes)

    @staticmethod
    def _sum(name: str, sections: Sequence[SectionScore]) -> SectionScore:
        return SectionScore(
            name,
            sum(section.correct for section in sections),
            sum(section.questions for section in sections),
            sum(section.out_of_vocabulary for section in sections),
        )


@dataclass(frozen=True, slots=True)
class PairsReport:
    """How cosines go with people's judgements of similarity."""

    dataset: str
    model: str
    pairs: int
    """Pairs compared; ``out_of_vocabulary`` more had a word not known."""
    out_of_vocabulary: int
    pearson: float | None
    """None, like ``spearman``, where all judgements or all cosines are the same."""
    spearman: float | None
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Share of all pairs whose words are known."""
        return self.pairs / (self.pairs + self.out_of_vocabulary)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON shows it."""
        figures: dict[str, Any] = {
            name: value if value is None else round(value, 6)
            for name, value in (("pearson", self.pearson), ("spearman", self.spearman))
        }
        content = asdict(self) | figures | {"coverage": round(self.coverage, 6)}
        del content["notes"]
        return content | _notes(self.notes)


def _notes(notes: tuple[str, ...]) -> dict[str, Any]:
    return {"notes": list(notes)} if notes else {}


def evaluate(
    model: WordVectors,
    dataset: str = "google",
    *,
    method: Method = Method.ADD,
    exact: bool = False,
    restrict: int | None = None,
    progress: Progress = no_progress,
) -> AnalogyReport | PairsReport:
    """Score ``model`` on a set by its name in `DATASETS`, on a file, or on a folder of files.

    Four words a line are analogy questions (with ``: section`` lines between). Two words and a number are judgements of
    similarity, a line of names of columns before them or not. Two names are a relation (``France<tab>Paris``), of
    which every two lines make a question, up to `MOST_QUESTIONS`; ``cat<tab>mammal/animal`` has two right answers.
    Between the fields are tabs, semicolons, commas or blanks. In a folder each file is a section.

    ``restrict`` knows and finds only the most frequent words. Raises `CorpusError` for a line that is none of these,
    and where nothing could be scored.
    """
    read = read_dataset(dataset)
    if isinstance(read, Judgements):
        return _evaluate_pairs(model, dataset, read, restrict)
    how: Any = {"exact": exact, "restrict": restrict}
    return _evaluate_analogies(model, dataset, read, method, how, progress)


# ---- Analogies


def _evaluate_analogies(
    model: WordVectors, dataset: str, read: AnalogySet, method: Method, how: Any, progress: Progress
) -> AnalogyReport:
    known = _Known(model, how["restrict"])
    rows = np.array([known.question(section, words) for section in read.sections for words in section.questions])
    rows = rows.astype(np.int64, copy=False).reshape(-1, 4)
    asked: Mask = np.logical_and.reduce(rows >= 0, axis=1)
    places = np.flatnonzero(asked)
    if not len(places):
        raise CorpusError(
            f"Nothing could be scored: of the {len(rows):,} questions of {dataset}, none has all its words in "
            f"{model.name}{_among(how['restrict'], model)}."
        )
    answers = np.full(len(rows), -1, np.int64)
    for start in range(0, len(places), _BATCH):
        progress("questions", start, len(places))
        some = places[start : start + _BATCH]
        answers[some] = _answer(model, rows[some], known, method, how)
    progress("questions", len(places), len(places))
    scores, notes = [], []
    ends = np.cumsum([0, *(len(section.questions) for section in read.sections)]).tolist()
    for section, (start, end) in zip(read.sections, pairwise(ends), strict=True):
        here = slice(start, end)
        right = asked[here] & known.right(section, rows[here], answers[here])
        count = int(asked[here].sum())
        name = section.name or "(no section)"
        scores.append(SectionScore(name, int(right.sum()), count, end - start - count, section.category))
        if section.possible:
            notes.append(
                f"{name}: {end - start:,} of its {section.possible:,} questions, a sample that is always the same"
            )
    return AnalogyReport(dataset, model.name, method.value, tuple(scores), tuple(notes))


def _among(restrict: int | None, model: WordVectors) -> str:
    return f", of which the {restrict:,} most frequent count" if restrict and restrict < len(model) else ""


def _answer(model: WordVectors, rows: Rows, known: "_Known", method: Method, how: Any) -> list[int]:
    """The row of the answer to each question of ``rows`` [n, 4], -1 where there is none."""
    vectors = model.vectors_of(rows[:, :3])
    wanted = _FORWARD + 3
    if method is Method.MULTIPLY:
        weights = np.array([-1, 1, 1], np.float32)
        found = [search_cosmul(model.index, inputs, weights, wanted, **how)[1] for inputs in vectors]
    else:
        targets = vectors[:, 1] - vectors[:, 0] + vectors[:, 2]
        lengths = np.linalg.norm(targets, axis=1, keepdims=True)
        targets /= np.where(lengths > 0, lengths, 1)
        found = list(model.index.search(targets, wanted, asked=SearchKind.FIRST, **how)[1])
    return [known.first_other(near, given[:3]) for near, given in zip(found, rows, strict=True)]


class _Known:
    """The words that count: those of the vocabulary, or its most frequent, one for all ways to write it in capitals."""

    def __init__(self, model: WordVectors, restrict: int | None) -> None:
        self._vocabulary = model.vocabulary
        self._joiner = model.manifest.card.joiner
        self._end = min(restrict or len(model), len(model))
        self._rows: dict[str, int] = {}
        self._answers: dict[str, list[int]] = {}

    def row(self, word: str) -> int:
        """The row of ``word`` whatever its case, its words joined if they are several, -1 if there is none."""
        if word not in self._rows:
            row = self._vocabulary.row_whatever_case(self._joiner.join(word.split()))
            self._rows[word] = -1 if row is None or row >= self._end else row
        return self._rows[word]

    def rows_of_answer(self, answers: str) -> list[int]:
        """The rows of those of ``answers`` that are known: the text as it stands, and what is between slashes."""
        if answers not in self._answers:
            texts = [answers, *(answers.split("/")[:_MOST_ANSWERS] if "/" in answers else ())]
            rows = [self.row(text) for text in texts if text.strip()]
            self._answers[answers] = [row for row in rows if row >= 0]
        return self._answers[answers]

    def question(self, section: Section, words: Sequence[str]) -> list[int]:
        """The rows of a question; of an answer in a relation the first that is known."""
        if not section.pairs:
            return [self.row(word) for word in words]
        one, its, other, wanted = words
        return [self.row(one), *self._first(its), self.row(other), *self._first(wanted)]

    def _first(self, answers: str) -> list[int]:
        return self.rows_of_answer(answers)[:1] or [-1]

    def right(self, section: Section, rows: Rows, answers: Rows) -> Mask:
        """Which of ``answers`` [n] are right for the questions ``rows`` [n, 4]."""
        right: Mask = answers == rows[:, 3]
        if section.pairs:
            accepted = {(self.row(name), row) for name, wanted in section.pairs for row in self.rows_of_answer(wanted)}
            given = zip(rows[:, 2].tolist(), answers.tolist(), strict=True)
            right |= np.fromiter((pair in accepted for pair in given), bool, len(rows))
        return right

    def first_other(self, near: Rows, given: Rows) -> int:
        """The first of the rows ``near``, as the most frequent form of its word, that is none of those ``given``; the
        last one looked at if all are, as in gensim; -1 if there is none.
        """
        others = [row for row in near.tolist() if row not in given][:_FORWARD]
        forms = [self.row(self._vocabulary.word(row)) for row in others]
        return next((row for row in forms if row not in given), forms[-1] if forms else -1)


# ---- Similarities


def _evaluate_pairs(model: WordVectors, dataset: str, read: Judgements, restrict: int | None) -> PairsReport:
    known = _Known(model, restrict)
    rows = np.array([(known.row(one), known.row(other)) for one, other, _ in read.pairs], np.int64).reshape(-1, 2)
    there = (rows >= 0).all(axis=1)
    count = int(there.sum())
    if count < 2:
        raise CorpusError(
            f"Nothing could be scored: of the {len(rows):,} pairs of {read.path}, {count} have both words in "
            f"{model.name}{_among(restrict, model)}. It takes two."
        )
    said = np.array([judgement for _, _, judgement in read.pairs], np.float64)[there]
    vectors = model.vectors_of(rows[there])
    cosines = np.einsum("ij,ij->i", vectors[:, 0], vectors[:, 1]).astype(np.float64)
    pearson, spearman = correlation(said, cosines), correlation(_ranks(said), _ranks(cosines))
    notes = []
    if read.header:
        notes.append(f"The first line, '{read.header[:80]}', was taken for names of columns")
    if pearson is None or spearman is None:
        which = "judgements" if np.ptp(said) == 0 else "cosines"
        notes.append(f"All {which} are the same, so that there is no correlation")
    return PairsReport(dataset, model.name, count, len(rows) - count, pearson, spearman, tuple(notes))


def correlation(one: Numbers, other: Numbers) -> float | None:
    """Pearson's correlation of ``one`` [n] and ``other`` [n]; None where one of them is always the same."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    one, other = one - one.mean(), other - other.mean()
    lengths = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return min(1.0, max(-1.0, float(one @ other) / lengths)) if lengths else None


def _ranks(values: Numbers) -> Numbers:
    """Ranks, the mean of theirs for equal ``values``."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Numbers = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks
